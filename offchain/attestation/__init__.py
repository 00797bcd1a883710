"""Attestation by Intel DCAP, for hosts only: an enclave returns its raw quote and needs no parser.

=================  =================================================================================
``quote``          parser of quotes and report bodies
``quote_files``    quotes in the forms in which tools hand them out
``x509``           fields of certificates and revocation lists; ``der`` and ``p256`` below it
``sgx_extension``  Intel's extension of PCK certificates
``certificates``   verification of certificates and revocation lists
``bundle``         collateral in any form: certificates, lists, signed documents
``sources``        collateral from files, Intel's PCS or a caching service
``collateral``     a QuoteCollateralV3, the collateral of one TEE and FMSPC
``tcb``            Intel's documents, and the status of a machine by Intel's algorithm
``canonical``      floors from documents, read strictly in Intel's layout
``policy``         which documents count, and the trust that follows
``trust``          root key, TCB floors, quoting enclaves, revocations
``verify``         verification of quotes, with the same result as the contracts'
``advice``         what a machine's operator is told
``dstack``         MRCONFIGID of dstack
``evidence``       packing of a quote for the contract
``programs``       program ids, expected values of a build, allow-lists
``rejections``     reasons of rejections, in the contracts' words
=================  =================================================================================
"""
