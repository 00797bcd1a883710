"""Entry point of ``python -m offchain.attestation``."""

import sys

from offchain.attestation.cli import main

sys.exit(main(sys.argv[1:]))
