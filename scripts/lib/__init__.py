"""What the scripts share; `brownie run` runs none of it."""
