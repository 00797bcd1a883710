"""Fuzz one parser in this process: ``python -m tests.foreign.worker NAME [option of libFuzzer …]``.

Runs in an environment with atheris, whose instrumentation of ``offchain`` guides the mutations.
"""

import logging
import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["offchain"]):
    from tests.foreign.parsers import PARSERS


def main() -> None:
    name, *options = sys.argv[1:]
    parser = PARSERS[name]
    mutate = parser.mutate

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        source = Random(seed)  # noqa: S311 - nothing secret
        if mutate and source.getrandbits(1):
            return mutate(data, source)[:most]
        return atheris.Mutate(data, most)

    logging.disable()
    guided = {"custom_mutator": mutated} if mutate else {}
    atheris.Setup([name, f"-max_len={parser.max_bytes}", *options], parser.read, **guided)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
