"""Encrypted models and test sets, stored under their digest.

==========  ================================================================
``cipher``  AES-256-GCM in bounded memory; nothing is used before its tag holds
``store``   put and fetch by sha256 over fsspec: folders, memory, s3, http, ipfs
==========  ================================================================
"""
