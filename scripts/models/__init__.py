"""Honest models as their users export them, and the share of them that an enclave accepts."""
