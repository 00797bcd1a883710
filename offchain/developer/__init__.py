"""Tools of a developer, who sells models.

===============  ===================================================================================
``checking``     a model against a manifest, as an enclave would judge it
``preparation``  encryption of a model for a task, with its keyring and delivery envelope
``entries``      a prepared submission in a private folder, from before its commit until it is paid
``plans``        what a developer is shown before it commits, and why it should not
``selling``      an entry from its commit to its money, one step at a time
``state``        a developer's choices, its view of a task, and the end of its sale
``publishing``   writing of artifact and keyring, and reading them back as a stranger
``results``      the own result, proven and judged
``reasons``      every reason why a submission has no score, in full
``verdicts``     a panel's verdict, put together from the signatures of its seats
===============  ===================================================================================
"""
