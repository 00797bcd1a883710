"""A host's view of the chain: what market and registry say, and how an account sends to them.

The enclave has no part in it and believes none of it.
"""
