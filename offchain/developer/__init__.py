"""Tools of a developer, who sells models.

==============  ====================================================================================
``submission``  encryption of a model for a task, with its keyring and delivery envelope
==============  ====================================================================================
"""
