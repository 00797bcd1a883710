"""Attestation by Intel DCAP, for hosts: an enclave has no part in it and returns its raw quote.

=================  =================================================================================
``quote``          parser of quotes and report bodies
``x509``           fields of certificates and revocation lists; ``der`` and ``p256`` below it
``sgx_extension``  Intel's extension of PCK certificates
``certificates``   verification of certificates and revocation lists
``tcb``            Intel's signed documents: TCB info and QE identities
``collateral``     a QuoteCollateralV3, and the trust that follows from it
``trust``          root key, TCB floors, quoting enclaves, revocations
``verify``         the verdict on a quote, the same as the contract's
``evidence``       a quote, packed as the contract takes it
``programs``       program ids, expected values of a build, allow-lists
``rejections``     reasons of refusals, in the contract's words
=================  =================================================================================
"""
