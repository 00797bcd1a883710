"""Failures of a command in words, for the last line on standard error."""

from typing import Any

import requests
from pydantic import ValidationError
from web3.exceptions import ContractLogicError, TimeExhausted, Web3Exception, Web3RPCError

from offchain.chain.refusals import in_words as refusal_in_words
from offchain.cli.common import on_one_line
from offchain.cli.units import Malformed
from offchain.protocol.errors import GoldenGrainError

EXPECTED = (ValueError, OSError, RuntimeError, Web3Exception, GoldenGrainError)
"""Errors that a command raises for what people and other machines did. Any other is a bug."""
USAGE = Malformed
"""Those of arguments that only a task's token or a chain's clock lets a command read."""


def in_words(error: BaseException) -> str:
    """Return an expected error as one message, with a remedy where there is one.

    What strangers wrote into it cannot command a terminal.
    """
    return "\n".join(map(on_one_line, _message(error).split("\n")))


def _message(error: BaseException) -> str:
    if isinstance(error, ContractLogicError):
        return refusal_in_words(error)
    if isinstance(error, TimeExhausted):
        return (
            f"{error}: the transaction is in no block yet. Run the same command again: it replaces "
            "the transaction by one that pays more"
        )
    if isinstance(error, Web3RPCError):
        response: Any = error.rpc_response or {}
        said = str((response.get("error") or {}).get("message") or error)
        is_poor = "insufficient funds" in said.lower()
        return f"the node refuses: {said}{': the account has too little ether' if is_poor else ''}"
    if isinstance(error, requests.exceptions.ConnectionError):
        url = error.request.url if error.request is not None else "the node"
        return f"no answer from {url}: is the node running, and is its URL right (--rpc)?"
    if isinstance(error, ValidationError):
        first, count = error.errors(include_url=False)[0], error.error_count()
        place = ".".join(map(str, first["loc"])) or "the document"
        more = f", and {count - 1} more faults" if count > 1 else ""
        if first["type"] == "value_error":  # its own words name the value
            return f"{error.title}: {first['msg'].removeprefix('Value error, ')}{more}"
        return f"{error.title}: {place}: {first['msg']}, found {first['input']!r:.200}{more}"
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, RuntimeError) and "home directory" in str(error):
        return "no home directory: set HOME, or name the folder of your files with --home"
    return str(error) or type(error).__name__
