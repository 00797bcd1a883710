"""Attestation: get quotes from enclaves, take them apart, verify them, say what runs in them."""
