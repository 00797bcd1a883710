"""Tools of a developer, who sells models.

===============  ===================================================================================
``preparation``  encryption of a model for a task, with its keyring and delivery envelope
===============  ===================================================================================
"""
