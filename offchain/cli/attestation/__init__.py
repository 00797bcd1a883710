"""``golden-grain attestation``: fetch Intel's collateral, judge quotes by it, bring it on-chain.

Results go to standard output, as lines or with ``--json`` as one object; talk goes to standard
error. The command exits with 0 when all is well, with 1 when a quote is refused or something
failed, and with 2 when its arguments are wrong.

============  ====================================================================
``fetch``     collateral from Intel's service, a caching service, or files
``status``    of a quote or a deployment: what Intel says, and what lapses when
``update``    what a deployment lacks of Intel's documents
``verify``    a quote, against collateral or as a deployment would
``program``   program ids and measurements
``show``      the fields of a quote, unverified
============  ====================================================================
"""

from offchain.cli.attestation.commands import add, run

__all__ = ["add", "run"]
