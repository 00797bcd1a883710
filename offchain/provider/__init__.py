"""Tools of a provider, who buys models.

====================  ==============================================================================
``test_set``          from arrays to an encrypted test set and its manifest; reuse of samples
``rosters``           rosters to propose, with spares
``test_set_release``  the test set's key for enclaves, once the reveals are final
====================  ==============================================================================
"""
