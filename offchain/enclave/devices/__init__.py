"""Attestation devices: the interfaces through which a TEE returns a quote.

===========  =======================================================================================
``base``     the protocol `QuoteDevice`, errors, access to device files
``gramine``  SGX under Gramine
``tdx``      TDX guests with configfs-tsm
``dstack``   TDX under dstack; the only user of ``dstack-sdk``
===========  =======================================================================================

Each returns the raw quote. The host parses, verifies and packs it
(`offchain.operator.registration`).
"""
