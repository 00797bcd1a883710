"""Wycheproof's signatures and key exchanges, and the vectors of the standards, against what we use.

tests/vectors/standards.json quotes its source. Numbers of its rows are Wycheproof's.
"""

import json
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import boa
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from offchain.attestation.p256 import verifies
from offchain.protocol.encoding import to_json
from offchain.protocol.envelopes import SUITE
from offchain.protocol.keys import check_public_key
from tests.inprocess import deployer
from tests.p256 import p256verify

VECTORS = json.loads(Path("tests/vectors/standards.json").read_text())
ROWS_64 = [row for row in VECTORS["p256"] if len(row[2]) == 128]
BENCH = """
from contracts.modules.common import x25519_key
from contracts.modules.dcap import p256

@external
@view
def is_valid(_digest: bytes32, _signature: bytes32[2], _key: bytes32[2]) -> bool:
    return p256._is_valid(_digest, _signature, _key)

@external
@pure
def is_low_order(_key: bytes32) -> bool:
    return x25519_key._is_low_order(_key)
"""


@pytest.fixture(scope="module")
def contract() -> Iterator[Any]:
    deployer("contracts/ModelMarket.vy")  # sets the search paths
    with p256verify():
        yield boa.loads(BENCH)


def halves(data: bytes) -> list[bytes]:
    return [data[:32], data[32:]]


# ── P-256 ──


def test_signatures__wycheproof__contract_and_python_agree_with_it(contract) -> None:
    """High s is valid for Wycheproof and for Intel: the plain ECDSA of FIPS 186-5."""
    assert len(ROWS_64) == 241
    for number, message, signature, key, result in ROWS_64:
        text, signed, point = (
            bytes.fromhex(part) for part in (message, signature, VECTORS["p256_keys"][key])
        )
        expected = result == "valid"
        digest = sha256(text).digest()
        assert contract.is_valid(digest, halves(signed), halves(point)) is expected, number
        assert verifies(point, text, signed) is expected, number


# ── X25519 ──


def test_key_exchanges__wycheproof__agree_with_it(contract) -> None:
    """A public key that gives the zero secret is refused by both sides, and no other is."""
    refused = 0
    assert len(VECTORS["x25519"]) == 518
    for number, *texts in VECTORS["x25519"]:
        public, private, shared = (bytes.fromhex(text) for text in texts)
        is_zero = shared == bytes(32)
        assert contract.is_low_order(public) is is_zero, number
        if is_zero:
            refused += 1
            with pytest.raises(ValueError, match="small order"):
                check_public_key("key", public)
            continue
        check_public_key("key", public)
        key = X25519PrivateKey.from_private_bytes(private)
        assert key.exchange(X25519PublicKey.from_public_bytes(public)) == shared, number
    assert refused == 31


# ── RFC 9180 ──


def test_envelopes__rfc_9180_of_our_suite__every_message_agrees() -> None:
    vector = VECTORS["hpke"]
    ours = {name: bytes.fromhex(vector[name]) for name in vector if name != "encryptions"}
    receiver = SUITE.kem.derive_key_pair(ours["ikmR"])
    assert receiver.public_key.to_public_bytes() == ours["pkRm"]
    assert receiver.private_key.to_private_bytes() == ours["skRm"]
    sent, sender = SUITE.create_sender_context(
        receiver.public_key, ours["info"], eks=SUITE.kem.derive_key_pair(ours["ikmE"])
    )
    assert sent == ours["enc"]
    opener = SUITE.create_recipient_context(sent, receiver.private_key, ours["info"])
    assert len(vector["encryptions"]) == 8
    for row in vector["encryptions"]:
        aad, plain, sealed = (bytes.fromhex(part) for part in row)
        assert sender.seal(plain, aad) == sealed
        assert opener.open(sealed, aad) == plain


# ── RFC 8785 ──

# Appendix B: the bits of a double, and its only form.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items(), ids=NUMBERS)
def test_to_json__rfc_8785_appendix_b__agrees(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert to_json(number) == text.encode()


def test_to_json__rfc_8785_section_3_2__agrees() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert (
        to_json(value)
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_to_json__rfc_8785_names__are_sorted_by_their_utf_16() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    in_order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(to_json(dict.fromkeys(names, "")))) == in_order


# ── EIP-712 ──


def test_encode_typed_data__example_of_the_standard__agrees() -> None:
    """eth-account encodes what we sign; the contracts are compared with it elsewhere."""
    person = [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}]
    mail = [
        {"name": "from", "type": "Person"},
        {"name": "to", "type": "Person"},
        {"name": "contents", "type": "string"},
    ]
    message = encode_typed_data(
        {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        {"Person": person, "Mail": mail},
        {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!",
        },
    )
    domain = "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    digest = "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
    assert message.header.hex() == domain
    assert keccak(b"\x19" + message.version + message.header + message.body).hex() == digest
