"""The operator's side: follows a market, feeds its enclave, gathers signatures, posts reports.

It keeps nothing: whatever a step needs, it reads from the chain, the provider and the enclave.
"""
