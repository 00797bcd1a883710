"""The command ``golden-grain``: ``main`` dispatches, ``common`` has shared arguments.

Each other module is one sub-command: it declares arguments, calls one function and yields lines.
"""
