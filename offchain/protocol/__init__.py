"""Everything that all parties compute alike: pure functions and frozen types.

No network, clock, randomness or files: the same arguments give the same result everywhere.

==============  ====================================================================================
``errors``      the family of errors
``encoding``    types of fields; strict and canonical JSON
``hashes``      tagged digests, as the contracts compute them
``eip712``      digests of tasks and reports in the market's domain
``keys``        derived keys and X25519
``envelopes``   HPKE: delivery envelopes and keyrings
``artifacts``   encryption of models and test sets
``task``        task, roster, submission
``transcript``  the reveals of a task, and the seed that follows from them
``model_spec``  shapes and limits of models
``manifest``    how a task measures
``metrics``     scores of predictions, in parts per million
``sample``      test sets as bytes, and the sample that a seed draws
``pricing``     price curve and awards
``selection``   choice of a team of models
``results``     scores and reasons of all submissions; ``merkle`` has their tree
``reports``     what enclaves sign
``release``     the test set's key, sealed to an enclave for a seed
``messages``    requests and answers between enclaves and hosts
==============  ====================================================================================
"""
