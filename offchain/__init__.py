"""Off-chain code of Golden Grain: the enclave, and the tools of everybody around it.

===============  ===================================================================================
``protocol/``    types, hashes and rules that every party computes alike; pure
``enclave/``     the trusted computing base: with ``protocol/`` it is all that an image contains
``attestation/`` Intel quotes: parse, verify, pack; programs and allow-lists; for hosts only
``simulation/``  a SIMULATED Intel and its machines, for development; never in an image
``storage/``     content-addressed stores, and files that parties publish for one another
``chain/``       node, market, registry, verifier, accounts, transactions
``provider/``    test sets, rosters, release of the test set
``developer/``   preparation of a submission
``operator/``    registration, feeding an enclave, co-signing by files, posting, panels, fees
``guardian/``    the acts of the owner of registry and policy, and whom they concern
``cli/``         the command ``golden-grain``, one file for each sub-command
===============  ===================================================================================

Imports point one way; tests/offchain/test_layers.py has the table.
"""
