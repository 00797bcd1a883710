"""``golden-grain page``: the market as one self-contained web page, for anybody to look at."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from aiohttp import web

from offchain.cli import session
from offchain.cli.session import Session
from offchain.cli.units import positive, whole
from offchain.page.document import document
from offchain.page.server import LOOPBACK, PageServer
from offchain.page.strangers import Strangers
from offchain.page.view import MarketView, ViewReader
from offchain.storage.store import write


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--out", type=Path, default=Path("market.html"), help="file to write (%(default)s)"
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help=f"serve the page on {LOOPBACK} and keep it fresh, instead of writing a file",
    )
    parser.add_argument(
        "--port", type=whole(0, 65_535), default=8400, help="port to serve on (%(default)s)"
    )
    parser.add_argument(
        "--poll", type=positive, default=5.0, help="seconds between two readings (%(default)s)"
    )
    parser.add_argument(
        "--chain-only",
        action="store_true",
        help="ask no provider for manifests and no operator for results",
    )
    session.add(parser, account=False)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Read the market; write its page, or serve it until Ctrl-C; yield where it is.

    Raises:
        ValueError: no block is confirmed yet, or a token does not say its name.
        FileNotFoundError: the libraries of the page are not installed.
        OSError: the node does not answer, the file cannot be written, or the port is taken.
    """
    here = Session.of(arguments)
    strangers = Strangers(not arguments.chain_only, here.local_uris)
    reader = ViewReader(here.network.name, here.market, here.registry, strangers)
    view = reader.read()
    if arguments.serve:
        yield from _serve(arguments, reader, view)
        return
    page = document(view).encode()
    write(str(arguments.out.absolute()), page)  # that everybody may read
    values = {"page": str(arguments.out), "block": view.block, "tasks": len(view.tasks)}
    yield here.result({**values, "bytes": len(page)})


def _serve(arguments: argparse.Namespace, reader: ViewReader, view: MarketView) -> Iterator[str]:
    server = PageServer(reader.read, view, arguments.poll)
    document(view, live=True)  # so that a missing library is said before anything is served
    yield f"http://{LOOPBACK}:{arguments.port}/ until Ctrl-C"
    application = server.application()
    web.run_app(application, host=LOOPBACK, port=arguments.port, print=None)
