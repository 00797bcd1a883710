"""The demo's acts, its cast and its exhibits; `scripts/demo.py` plays them."""
