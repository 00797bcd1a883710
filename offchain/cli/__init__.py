"""The command ``golden-grain``: ``main`` dispatches, ``common`` has shared arguments.

Each other module is one sub-command: it reads arguments, calls one function, prints lines.
"""
