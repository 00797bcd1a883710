"""The page as HTML: template, style sheet, scripts and values in one file that needs no network."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from offchain.page.view import MarketView, to_json

_ASSETS = Path(__file__).with_name("assets")
_MODULES = Path(__file__).resolve().parents[2] / "node_modules"
_LIBRARIES = {
    "htm/preact/standalone.umd.js": "htm/LICENSE",
    "js-sha3/build/sha3.min.js": "js-sha3/LICENSE.txt",
    "d3-path/dist/d3-path.min.js": "d3-path/LICENSE",
    "d3-shape/dist/d3-shape.min.js": "d3-shape/LICENSE",
    "d3-array/dist/d3-array.min.js": "d3-array/LICENSE",
    "d3-sankey/dist/d3-sankey.min.js": "d3-sankey/LICENSE",
}
"""The libraries of the page, from npm, each after those that it needs; and their licences."""
_SCRIPTS = (
    *("format", "proofs", "parts", "chart", "flow", "overview", "task", "history", "operators"),
    "app",
)
"""Our own scripts, in one scope, each after those that it needs."""


@cache
def libraries() -> str:
    """Return the libraries with their licences, as one script.

    Raises:
        FileNotFoundError: they are not installed; the message has the remedy.
    """
    parts = []
    for script, licence in _LIBRARIES.items():
        try:
            text = (_MODULES / script).read_text()
            notice = (_MODULES / licence).read_text().replace("*/", "* /")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error.filename} is missing, expected what package.json names: run `make setup`"
            ) from error
        parts.append(f"/*! {script}\n\n{notice}*/\n{text}")
    return "\n".join(parts)


def document(view: MarketView, *, live: bool = False) -> str:
    """Return the page of a market.

    Args:
        view: what it shows.
        live: True where `offchain.page.server` serves it, so that it may ask for newer values.
    """
    own = [(_ASSETS / f"{name}.js").read_text() for name in _SCRIPTS]
    scripts = libraries(), '(() => {\n"use strict";\n' + "\n".join(own) + "})();\n"
    for script in scripts:
        if "</script" in script:
            raise ValueError("a script of the page ends its own element, expected none to")
    environment = Environment(
        loader=FileSystemLoader(_ASSETS), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("page.html.j2").render(
        title=f"Golden Grain, {view.network}",
        style=(_ASSETS / "page.css").read_text(),
        scripts=scripts,
        hashes=[_hash(each) for each in scripts],
        values=to_json(view).replace("<", "\\u003c"),
        live=live,
    )


def _hash(script: str) -> str:
    """Return a script's hash, as a Content-Security-Policy names it."""
    return "sha256-" + b64encode(sha256(script.encode()).digest()).decode()
