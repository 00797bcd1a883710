"""Tools of an operator, who runs an enclave.

They keep no state on disk: each step reads the chain, the provider's folder and the enclave.

================  ==================================================================================
``client``        client of an enclave's service
``registration``  a quote, verified and packed for `register_enclave`
``upkeep``        an enclave registered and renewed, a folder announced, Intel's documents there
``stakes``        what an operator has staked, and the way to get it back
``checks``        what keeps an operator from earning, in words
``operator``      one step for every task of a market: close, report, review, judge
``case``          a task from the point of view of one operator, with its provider's files
``closing``       reveals closed in the first block that allows it
``feeding``       delivery of artifacts to an enclave, and start of its measurement
``cosigning``     agreement with other operators on a report, by files
``polling``       questions to strangers in the background
``requests``      HTTP requests to the enclave with limits of bytes and time
``fees``          tasks to work for, and what is earned with them
================  ==================================================================================
"""
