"""Entry point of an image: ``python -m offchain.enclave`` boots an enclave and serves it."""

import argparse
import os
import sys

from offchain.enclave.service.boot import add_arguments, device_named, serve


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; return 1 with the reason on standard error on failure."""
    parser = argparse.ArgumentParser(prog="python -m offchain.enclave", description=__doc__)
    parser.add_argument("--attestation", required=True, choices=("gramine", "tdx", "dstack"))
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        for line in serve(arguments, device_named(arguments.attestation), os.urandom):
            print(line, flush=True)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
