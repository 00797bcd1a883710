"""Entry point of ``python -m offchain``, the same as the command ``golden-grain``."""

import sys

from offchain.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
