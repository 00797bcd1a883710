"""A market as one self-contained web page, for anybody: no network, no build step for the reader.

=============  ====================================================================
``snapshot``   all events of a market and its registry up to one block, decoded
``strangers``  what providers and operators publish, fetched once and remembered
``money``      what each event paid in and out, held against what the market holds
``tasks``      a task: terms, timeline, submissions, results with proofs, dispute
``operators``  operators: stake, enclaves, attestation, record
``tcb``        the status of an enclave's machine by the documents that the policy took
``view``       the whole page as frozen values, and as JSON
``document``   the page as HTML, with its scripts, styles and values inlined
``server``     the page on loopback, kept fresh
=============  ====================================================================

``assets/`` holds the template, the style sheet and the scripts. Everything in ``view`` follows from
the chain at one block, but for texts and results that others published: those are marked, and the
reader's browser checks each result against the Merkle root in the report itself.
"""
