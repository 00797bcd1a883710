"""Tools of an operator, who runs an enclave.

It keeps no state: each step reads what it needs from the chain, the provider and the enclave.

================  ==================================================================================
``client``        client of an enclave's service
``registration``  a quote, verified and packed for `register_enclave`
``operator``      one step for every task of a market: report, judge, dispute
``case``          a task from the point of view of one operator
``feeding``       brings an enclave what it measures
``cosigning``     gathers signatures of other operators' enclaves
================  ==================================================================================
"""
