"""What runs inside the enclave, and what a host needs to feed it."""
