"""Options that the commands of a developer share."""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offchain.chain.refusals import Refused
from offchain.cli import common, session
from offchain.cli.session import Session
from offchain.developer.checking import Sample
from offchain.developer.publishing import Uploads
from offchain.protocol.model_spec import ModelSpec, Output
from offchain.protocol.sample import Samples, pack


def add_task(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that name a task and an entry in it."""
    parser.add_argument("--task", required=True, type=common.task_id, help="id of the task")
    parser.add_argument(
        "--entry", default="1", help="name of your entry, if you enter several models (%(default)s)"
    )
    parser.add_argument(
        "--folder", help="where the provider publishes (the URI that the task names)"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of a commit."""
    parser.add_argument("model", type=Path, help="ONNX file")
    parser.add_argument("--min-price", required=True, help='lowest price, such as "0.5 ether"')
    add_sample(parser)
    session.add_allow_list(parser)


def add_sample(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of a developer's own data."""
    parser.add_argument("--rows", type=Path, help=".npy file of inputs (made up)")
    parser.add_argument("--targets", type=Path, help=".npy file of the rows' targets, for a score")


def add_uploads(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the developer's store."""
    parser.add_argument(
        "--publish", help="local folder or s3://bucket/folder to write to (on a local chain: home)"
    )
    parser.add_argument("--uri", help="public address of that folder (on a local chain: itself)")
    parser.add_argument(
        "--reveal-anyway",
        action="store_true",
        help="reveal although an enclave that can open the model was revoked",
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """Declare where results files are looked for."""
    parser.add_argument(
        "--results",
        action="append",
        default=[],
        help="folder or URL of an operator's results (those that operators announce)",
    )


def sample_of(arguments: argparse.Namespace, spec: ModelSpec) -> Sample | None:
    """Read a developer's own data, or return None without any.

    Raises:
        ValueError: there are targets without rows, or a file is not an array.
        OSError: a file cannot be read.
    """
    if arguments.rows is None:
        if arguments.targets is not None:
            raise ValueError("--targets without --rows, expected both")
        return None
    rows = _array(arguments.rows, spec.sample_dtype)
    if arguments.targets is None:
        return Sample(rows)
    has_classes = spec.output not in (Output.VALUES, Output.VECTORS)
    targets = _array(arguments.targets, np.dtype(np.int64 if has_classes else np.float64))
    pack(Samples(rows, targets), spec)  # it refuses what a hidden test set could not be
    return Sample(rows, targets)


def _array(path: Path, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Read an array as another type; refuse a file that holds none, by its name."""
    try:
        read = np.load(path, allow_pickle=False)
        if not isinstance(read, np.ndarray) or not read.ndim:
            raise ValueError("expected one array of rows, as numpy.save writes it")
        return read.astype(dtype)
    except (ValueError, TypeError, EOFError) as error:
        raise ValueError(f"{path}: {error}") from error


def uploads_of(here: Session, arguments: argparse.Namespace) -> Uploads:
    """Return where the developer publishes.

    Raises:
        Refused: it is not named on a live network, or has no public address.
        ValueError: see `Uploads.check`.
    """
    place, uri = arguments.publish, arguments.uri
    if place is None:
        if not here.is_local:
            raise Refused(
                "nowhere to publish the encrypted model, expected --publish with a folder or "
                "bucket, and --uri with its public address"
            )
        place = str((here.arguments.home.expanduser() / here.network.name / "public").resolve())
    if "://" not in place:
        place = str(Path(place).expanduser().resolve())
    if uri is None and not here.is_local:
        raise Refused(f"no public address of {place}, expected --uri")
    made = Uploads(place, place if uri is None else uri, here.local_uris)
    made.check()
    return made
