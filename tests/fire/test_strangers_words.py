"""Hosts under the fire of what strangers put into a transaction: URIs, texts, calldata."""

from io import BytesIO

import pytest
from eth_abi.abi import encode
from hexbytes import HexBytes
from web3 import Web3
from web3.providers.base import BaseProvider

from offchain.chain.node import Node, abi, arguments_of, decoder
from offchain.protocol.errors import StorageError
from offchain.storage.publications import PublicationFolder
from offchain.storage.store import RetryPolicy
from offchain.storage.untrusted import public_store
from tests.vectors.generate import address

CONTRACT, OTHER = address("contract"), address("another contract")

# ── Texts in logs ──


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"\xed\xa0\x80", b"http://a/\xc3(", b"\x80" * 256, b"\0"]
)
def test_decoder__string_that_is_not_utf_8__has_replacement_characters(text):
    """One log that cannot be decoded would keep everybody from reading its task or registry."""
    contract = Node(Web3(), 0).web3.eth.contract(address=CONTRACT, abi=abi("IEnclaveRegistry"))
    log = {
        "address": CONTRACT,
        "topics": [HexBytes(contract.events.EndpointAnnounced().topic), HexBytes(bytes(32))],
        "data": HexBytes(encode(["bytes"], [text])),  # as a string of the same bytes
        "blockHash": HexBytes(bytes(32)),
        "blockNumber": 1,
        "logIndex": 0,
        "transactionHash": HexBytes(bytes(32)),
        "transactionIndex": 0,
    }
    uri = decoder(contract)(log)["args"]["uri"]
    assert uri == text.decode(errors="replace")
    assert uri.encode().decode() == uri  # so every file and terminal takes it


# ── Calldata ──


class Sent(BaseProvider):
    """A node that knows one transaction."""

    def __init__(self, to: str | None, data: bytes) -> None:
        super().__init__()
        self.sent = {"to": to, "input": "0x" + data.hex()}

    def make_request(self, method, params):
        return {"jsonrpc": "2.0", "id": 1, "result": self.sent}


def called(to, data):
    contract = Node(Web3(Sent(to, data)), 0).web3.eth.contract(
        address=CONTRACT, abi=abi("ITcbPolicy")
    )
    return arguments_of(contract, HexBytes(bytes(32)))


CALLDATA = bytes.fromhex(
    Web3()
    .eth.contract(abi=abi("ITcbPolicy"))
    .encode_abi("update_tcb", args=[b"\xff", [bytes(32), bytes(32)], b"certificate"])[2:]
)


def test_arguments_of__call_of_the_contract__are_its_own():
    found = called(CONTRACT, CALLDATA)
    assert (found["_document"], found["_certificate"]) == (b"\xff", b"certificate")


@pytest.mark.parametrize(
    ("to", "data"),
    [
        (OTHER, CALLDATA),
        (None, CALLDATA),
        (CONTRACT, CALLDATA[:-1] + b"\1"),  # in the padding: a contract does not look at it
        (CONTRACT, CALLDATA[:-32]),
        (CONTRACT, b"\0" * 4),
        (CONTRACT, b""),
    ],
    ids=["of another contract", "of a deployment", "padding", "short", "selector", "empty"],
)
def test_arguments_of__what_proves_nothing__is_refused(to, data):
    with pytest.raises(ValueError):  # noqa: PT011 - some texts are web3's
        called(to, data)


# ── URIs ──

QUICK = RetryPolicy(seconds=2, attempts=1, total=2)
URIS = [
    *("s3://B!!/x", "s3:// ", "s3://" + "b" * 300, "s3://arn:aws:s3:us-east-1:1:accesspoint/x"),
    *("http://[::1", "http://a\0b/", "http://a b/", "http://a\r\nHost: b/", "http://@/", "http://"),
    *("http://:80/", "http://h:99999/", "http://h:-1/", "http://h:x/", "http://%00/", "https://?"),
    *("http://2130706433:1/", "http://0x7f.1:1/", "http://[::ffff:127.0.0.1]:1/", "ipfs://"),
    *("http://" + "a" * 240, "http://\N{SNOWMAN}.\N{SNOWMAN}", "\ufffd", "http://\ufffd"),
    *("s3://\ufffd/x", "file:///etc/passwd", "memory://x", "", "://", "http:/a", "::", "s3://a::b"),
]


def read(uri):
    folder = PublicationFolder.of_stranger(uri, local=False)
    return PublicationFolder(folder.url, QUICK, folder.options).documents(bytes(32))


def fetch(uri):
    return public_store(uri, QUICK).fetch(bytes(32), 100, BytesIO())


@pytest.mark.parametrize("ask", [read, fetch])
@pytest.mark.parametrize("uri", URIS)
def test_read__any_uri_of_a_stranger__is_an_error_of_storage(uri, ask):
    """A library's own error would stop the task of an operator, and the page of a reader."""
    with pytest.raises((OSError, ValueError, StorageError)) as error:
        ask(uri)
    assert len(str(error.value)) < 2_000
