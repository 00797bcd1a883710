"""The HTTP service of an enclave on loopback. Every client is treated as a malicious host.

===========  =======================================================================================
``boot``     arguments, boot, and serving until SIGTERM or SIGINT
``server``   handlers of the requests
``runs``     measurements in the background, one at a time
``journal``  every signature, on disk before it is sent
``logs``     log lines as JSON
``workers``  local threads, or a Dask cluster
===========  =======================================================================================
"""
