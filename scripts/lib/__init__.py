"""Libraries of the scripts; `brownie run` runs none of them."""
