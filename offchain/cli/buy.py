"""``golden-grain buy``: the provider's whole part of a sale, unattended until the end."""

import argparse
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Event

from offchain.chain.refusals import Refused
from offchain.cli import create, creating, manifest, purchases, session
from offchain.cli.common import on_one_line, task_id
from offchain.cli.creating import Secrets
from offchain.cli.purchases import Purchase
from offchain.cli.terms import parse_terms, read_terms
from offchain.cli.units import positive
from offchain.provider.buying import Buyer
from offchain.provider.creation import TEST_SET_KEY


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "terms",
        type=Path,
        help="terms in YAML or JSON (docs/PROVIDER.md); or the id of a task that `create` made",
    )
    parser.add_argument("--manifest", type=Path, help="manifest.json, instead of --data")
    parser.add_argument("--key", type=Path, help="key of the test set (beside the manifest)")
    parser.add_argument("--test-set", help="store of the test set (beside the manifest)")
    parser.add_argument("--data", type=Path, help="test set, as `golden-grain manifest` reads it")
    manifest.add_benchmark(parser, required=False)
    parser.add_argument(
        "--poll", type=positive, default=12.0, help="seconds between two steps (%(default)s)"
    )
    purchases.add(parser)
    creating.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Buy models; yield the report at the end.

    Raises:
        Refused: see `creating.create`; or neither data nor manifest is named.
    """
    here = session.Session.of(arguments)
    bought = _task(here, arguments, random)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with here.private(bought.task_id).lock("buys in this task"):
        buyer = buyer_of(bought, random)
        said = frozenset[str]()
        while not buyer.is_done and not stop.is_set():
            lines = [on_one_line(line) for step in buyer.step() for line in step.splitlines()]
            here.say(*(f"{datetime.now():%H:%M:%S}  {each}" for each in lines if each not in said))
            said = frozenset(lines)
            if not buyer.is_done:
                stop.wait(buyer.pause(arguments.poll))
        if not buyer.is_done:
            raise Refused("stopped: nothing is lost, and the same command goes on")
        yield from bought.deliver(here.history(bought.task_id))


def buyer_of(bought: Purchase, random: Callable[[int], bytes]) -> Buyer:
    """Return what acts for the provider. Errors: see `Purchase`."""
    here, release = bought.here, bought.release(random)
    return Buyer(
        here.market,
        here.sender,
        bought.task_id,
        bought.task,
        bought.documents,
        release,
        bought.opening(),
    )


def _task(
    here: session.Session, arguments: argparse.Namespace, random: Callable[[int], bytes]
) -> Purchase:
    """Create the task, or find it."""
    text = str(arguments.terms)
    if not arguments.terms.exists() and len(text.removeprefix("0x")) == 64:
        return Purchase.of(here, task_id(text), arguments)
    made = creating.create(here, arguments, _secrets(here, arguments, random), random)
    return Purchase.of(here, made.task_id, arguments)


def _secrets(
    here: session.Session, arguments: argparse.Namespace, random: Callable[[int], bytes]
) -> Secrets:
    """Return manifest and key of the named manifest, or of one that is made from the data."""
    if (arguments.manifest is None) == (arguments.data is None):
        raise Refused("expected either --data with --metric, or --manifest")
    if arguments.data is not None:
        arguments.manifest = _manifest(here, arguments, random)
    key = arguments.key or arguments.manifest.parent / TEST_SET_KEY
    store = arguments.test_set or str(arguments.manifest.parent / "artifacts")
    return create.secrets_of(arguments.manifest, key, store)


def _benchmark(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the arguments of `manifest.add_benchmark`, by name."""
    parser = argparse.ArgumentParser()
    manifest.add_benchmark(parser, required=False)
    return {name: getattr(arguments, name) for name in vars(parser.parse_args([]))}


def _manifest(
    here: session.Session, arguments: argparse.Namespace, random: Callable[[int], bytes]
) -> Path:
    """Return the manifest of the data; make it first, once for the same line.

    Raises:
        Refused: no metric is named, or a term is wrong.
        ValueError, OSError: see `manifest.run`.
    """
    if arguments.metric is None:
        raise Refused("no metric, expected --metric as in `golden-grain manifest --help`")
    options = _benchmark(arguments)
    data = arguments.data
    content = sha256(data.read_bytes()).hexdigest() if data.is_file() else str(data.absolute())
    terms = read_terms(arguments.terms)
    line = repr((content, sorted(options.items()), arguments.terms.read_text()))
    home = here.files / "manifests"
    folder: Path = home / sha256(line.encode()).hexdigest()[:16]
    document = folder / "manifest.json"
    if not document.exists():
        parse_terms(terms, here.currency, here.now())  # before a test set is encrypted in vain
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed: nothing used its key
        inner = argparse.Namespace(**options, data=data, out=folder, store=None)
        inner.history = home / "used-test-sets.json"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        here.say(*map(on_one_line, manifest.run(inner, random)))
    return document
