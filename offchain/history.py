"""Which samples have been in a test set before: each sale of models tells a little of them.

A record is a JSON object from a manifest's digest to the digests of its samples (16 bytes of the
sha256 of input and target, in hex).
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import IO

from offchain.artifacts.cipher import write_whole
from offchain.samples import Samples

_BYTES = 16


def sample_digests(samples: Samples) -> list[str]:
    """One for each sample."""
    pairs = zip(samples.inputs, samples.targets, strict=True)
    return [
        sha256(one.tobytes() + target.tobytes()).hexdigest()[: 2 * _BYTES] for one, target in pairs
    ]


def read_history(file: Path) -> dict[str, list[str]]:
    """The record, empty where there is no file.

    Raises:
        ValueError: the file is not a record.
    """
    if not file.exists():
        return {}
    record = json.loads(file.read_bytes())
    if not isinstance(record, dict) or not all(isinstance(each, list) for each in record.values()):
        raise ValueError(f"{file} is not a record of test sets")
    return record


def used_before(record: dict[str, list[str]], samples: Samples) -> dict[str, int]:
    """How many of the samples were in each earlier test set that shares any."""
    own = set(sample_digests(samples))
    shared = {manifest: len(own & set(digests)) for manifest, digests in record.items()}
    return {manifest: count for manifest, count in shared.items() if count}


def remember(file: Path, manifest: bytes, samples: Samples) -> None:
    """Adds a test set to the record; ``manifest`` is the digest (bytes32)."""
    record = read_history(file) | {"0x" + manifest.hex(): sample_digests(samples)}

    def write(sink: IO[bytes]) -> None:
        sink.write(json.dumps(record).encode())

    write_whole(file, write)
