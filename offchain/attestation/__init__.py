"""Attestation by Intel DCAP, for hosts only: an enclave returns its raw quote and needs no parser.

=================  =================================================================================
``quote``          parser of quotes and report bodies
``x509``           fields of certificates and revocation lists; ``der`` and ``p256`` below it
``sgx_extension``  Intel's extension of PCK certificates
``certificates``   verification of certificates and revocation lists
``tcb``            Intel's signed documents: TCB info and QE identities
``collateral``     a QuoteCollateralV3, and the trust that follows from it
``trust``          root key, TCB floors, quoting enclaves, revocations
``verify``         verification of quotes, with the same result as the contract's
``evidence``       packing of a quote for the contract
``programs``       program ids, expected values of a build, allow-lists
``rejections``     reasons of rejections, in the contract's words
=================  =================================================================================
"""
