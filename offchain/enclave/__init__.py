"""The trusted computing base: the program that runs in a TEE. All input from its host is untrusted.

An image contains this package and `offchain.protocol`, and nothing else of this project may be
imported here. ``python -m scripts.enclave_size`` counts its lines.

===================  ===============================================================================
``__main__``         entry point of an image
``enclave``          keys of one boot; one measurement and one signature for each task and round
``opening``          decryption of keys and test set, checked against commitments
``benchmark``        the score of every submission
``proposals``        an enclave's own measurement, and the rule of co-signing
``panel``            judgement of a posted report
``sealed``           encrypted outputs of models on the host's disk
``capacity``         refusal of tasks that are too large for the machine
``artifact_folder``  the local folder of artifacts, which the host fills
``models/``          checks of untrusted ONNX files, and a confined child process that runs them
``service/``         the HTTP service, signature journal, logs, workers
``devices/``         attestation interfaces of TEEs: they return the raw quote
``image/``           Dockerfile, Gramine manifest, locks (no Python module of the program)
===================  ===============================================================================
"""
