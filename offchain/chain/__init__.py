"""A host's view of the chain. Enclaves neither use it nor trust it.

================  ==================================================================================
``node``          a node, trusted after a number of confirmations
``index``         a cache of events in SQLite, for a node that is slow or far
``market``        history of a task from the market's logs, and its transcript
``registry``      registered enclaves and descriptions of programs
``verifier``      the certificates and lists that a `DcapVerifier` holds
``policy``        the documents that a `TcbPolicy` keeps
``updates``       what a deployment lacks of Intel's documents, and the calls that bring it
``accounts``      keystores and password files
``roster_review`` how independent and how safe the seats of a roster are
``vetting``       what the chain says of a roster and of a task's program
``packing``       payouts as words, and cosignatures in the order that the market takes
``transactions``  sending with EIP-1559 fees, replacing stuck transactions
================  ==================================================================================
"""
