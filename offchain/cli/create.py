"""``golden-grain create``: post a task from terms and a manifest, with its money in escrow."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.chain.refusals import Refused
from offchain.cli import creating, session
from offchain.cli.creating import Secrets
from offchain.protocol.encoding import from_json
from offchain.protocol.errors import StorageError
from offchain.protocol.manifest import Manifest
from offchain.protocol.sample import artifact_bytes
from offchain.provider.creation import TEST_SET_KEY, open_test_set
from offchain.storage.store import Store


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("terms", type=Path, help="terms in YAML or JSON (docs/PROVIDER.md)")
    parser.add_argument(
        "--manifest", required=True, type=Path, help="manifest.json of golden-grain manifest"
    )
    parser.add_argument("--key", type=Path, help="key of the test set (beside the manifest)")
    parser.add_argument(
        "--test-set", help="folder or URL with the encrypted test set (beside the manifest)"
    )
    creating.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Create the task; yield its id. Errors: see `creating.create` and `secrets_of`."""
    here = session.Session.of(arguments)
    key = arguments.key or arguments.manifest.parent / TEST_SET_KEY
    store = arguments.test_set or str(arguments.manifest.parent / "artifacts")
    secrets = secrets_of(arguments.manifest, key, store)
    made = creating.create(here, arguments, secrets, random)
    yield here.result({"task": made.task_id, "uri": made.uri})


def secrets_of(document: Path, key: Path, store: str) -> Secrets:
    """Return manifest, key and store, once the key opens the test set.

    Raises:
        Refused: a file is missing, or the key does not open the encrypted test set.
        ValueError: the manifest is malformed.
    """
    manifest = from_json(Manifest, document.read_bytes())
    if not key.is_file():
        raise Refused(f"no key {key} of the test set: name it with --key, or make a new manifest")
    secret, source = key.read_bytes(), Store(store)
    try:
        size = artifact_bytes(manifest)
        artifact = source.fetch_bytes(manifest.test_set.artifact_digest, size)
    except StorageError as error:
        raise Refused(
            f"the encrypted test set is missing: {error}; name its store with --test-set"
        ) from error
    open_test_set(manifest, artifact, secret)
    return Secrets(manifest, secret, [source])
