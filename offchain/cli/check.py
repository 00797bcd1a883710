"""``golden-grain check``: try a model against a manifest as an enclave would; nothing is sent."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.cli import common, developer_options, session
from offchain.cli import entry as entries
from offchain.developer.checking import check
from offchain.protocol.encoding import from_json
from offchain.protocol.manifest import Manifest
from offchain.storage.publications import PublicationFolder


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", type=Path, help="ONNX file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--manifest", type=Path, help="the task's manifest.json")
    source.add_argument(
        "--task",
        type=common.task_id,
        help="id of a task, on --network or with documents in --folder",
    )
    parser.add_argument(
        "--folder", help="where the provider publishes (the URI that the task names)"
    )
    developer_options.add_sample(parser)
    parser.add_argument(
        "--unconfined", action="store_true", help="run without a sandbox: your own model only"
    )
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Check a model and run it; yield its memory, work and time beside the limits, then ``ok``.

    Raises:
        ValueError: the model would have no score; the message has the detail and the remedy.
        OSError: a file cannot be read.
    """
    manifest, model = _manifest(arguments), arguments.model.read_bytes()
    sample = developer_options.sample_of(arguments, manifest.model)
    yield from check(model, manifest, sample, unconfined=arguments.unconfined)


def _manifest(arguments: argparse.Namespace) -> Manifest:
    if arguments.manifest is not None:
        return from_json(Manifest, arguments.manifest.read_bytes())
    task_id: bytes = arguments.task
    if arguments.network is not None:
        here = session.Session.of(arguments)
        history = entries.history_of(here, task_id)
        return entries.documents_of(here, history, task_id, arguments.folder).manifest
    if arguments.folder is None:
        raise ValueError("--task without --network or --folder, expected one of them")
    documents = PublicationFolder(arguments.folder).documents(task_id)
    if documents is None:
        raise ValueError(f"no documents of task 0x{task_id.hex()} in {arguments.folder}")
    return documents.manifest
