"""Tools of a provider, who buys models.

===============  ===================================================================================
``data``         test data from tables, archives and folders of images
``hidden_set``   encryption of a test set, its manifest, and a record of samples used before
``rosters``      proposal of a roster with spares
``creation``     a task: its draft, what is published and read back, and its money in escrow
``key_release``  release of the test set's key to enclaves, once the reveals are final
``opening``      bought models, decrypted and measured on the whole test set
``buying``       the whole part of a provider, step by step, unattended
===============  ===================================================================================
"""
