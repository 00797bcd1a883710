"""Tools of an operator, who runs an enclave.

They keep no state on disk: each step reads the chain, the provider's folder and the enclave.

================  ==================================================================================
``client``        client of an enclave's service
``registration``  a quote, verified and packed for `register_enclave`
``operator``      one step for every task of a market: report, review, dispute
``case``          a task from the point of view of one operator
``feeding``       delivery of artifacts to an enclave, and start of its measurement
``cosigning``     collection of signatures from other operators' enclaves
================  ==================================================================================
"""
