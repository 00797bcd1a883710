"""Rules that all parties compute alike: pure functions and frozen types.

Nothing here reads a network, a clock, randomness or a file. The same arguments therefore give the
same result on every machine.

==============  ====================================================================================
``errors``      the family of errors
``encoding``    types of fields; strict parsing of JSON, and canonical JSON
``hashes``      tagged digests, as the contracts compute them
``eip712``      digests of tasks and reports in the market's domain
``keys``        derived keys and X25519
``envelopes``   HPKE: delivery envelopes and keyrings
``artifacts``   encryption of models and test sets
``task``        task, roster, submission
``transcript``  the reveals of a task, and the seed that is computed from them
``model_spec``  shapes and limits of models
``manifest``    the rules of a task's measurement
``metrics``     scores of predictions, in parts per million
``sample``      test sets as bytes, and the sample that a seed selects
``pricing``     price curve and awards
``selection``   choice of a team of models
``results``     scores and reasons of all submissions; ``merkle`` builds their tree
``reports``     reports, and the signatures of enclaves
``release``     the test set's key, sealed to an enclave for one seed and inventory
``messages``    requests and answers between enclaves and hosts
==============  ====================================================================================
"""
