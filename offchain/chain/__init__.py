"""A host's view of the chain. The enclave has no part in it and believes none of it.

================  ==================================================================================
``node``          a node, trusted up to a number of confirmations
``market``        history of a task from the market's logs, and its transcript
``registry``      registered enclaves and descriptions of programs
``verifier``      the trust that a `DcapVerifier` holds
``accounts``      keystores and passwords
``transactions``  sending with EIP-1559 fees, replacing stuck transactions
================  ==================================================================================
"""
