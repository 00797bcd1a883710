"""The enclave as a service on loopback: what goes over the wire, the server, and its client.

Whoever reaches the service is the hostile host: it gets nothing that the enclave would not give it.
"""
