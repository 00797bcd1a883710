"""Attestation devices: the interfaces through which a TEE gives a quote.

===========  =======================================================================================
``base``     the protocol `QuoteDevice`, errors, access to device files
``gramine``  SGX under Gramine
``tdx``      TDX guests with configfs-tsm
``dstack``   TDX under dstack; the only user of ``dstack-sdk``
===========  =======================================================================================

Each returns the raw quote. Parsing, verifying and packing it is the host's
(`offchain.operator.registration`).
"""
