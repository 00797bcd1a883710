"""Parts of `scripts.bench`: each measures one thing beside a yardstick, in one run."""
