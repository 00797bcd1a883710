"""Storage outside the chain: content-addressed stores, and files that parties publish.

================  ==================================================================================
``store``         content-addressed stores over fsspec: folders, s3, http, ipfs
``untrusted``     fetching of untrusted URIs, with protection against SSRF
``submissions``   artifacts and keyrings of submissions, from mirrors and developers' URIs
``publications``  documents, inventory and releases of a provider; results files of operators
``files``         atomic writes of local files; encryption and decryption of files
================  ==================================================================================
"""
