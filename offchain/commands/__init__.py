"""The commands of ``python -m offchain``, one file each."""
