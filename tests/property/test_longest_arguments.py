"""Bytes and texts have a longest length: what is longer is refused before anything reads it."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import boa
import pytest

from offchain.attestation.evidence import BY_ROOT
from tests.dcap import Attesting
from tests.dcap_refusals import TRUST
from tests.inprocess import NO_REASON, Chain, deploy, reason_of

WORD, WORDS = bytes(32), (bytes(32), bytes(32))
ROOT = astuple(BY_ROOT)
SUBMISSION = WORD, WORD, WORD, 0
ADDRESS = "0x" + "11" * 20


def text(size: int) -> str:
    return "a" * size


# A function, the longest length, the value of a length, and the arguments with a value.
LONGEST: list[tuple[str, int, Callable[[int], Any], Callable[[Any], tuple[Any, ...]]]] = [
    ("verifier.verify", 8_192, bytes, lambda value: (value, WORD)),
    ("verifier.verify_quote", 8_192, bytes, lambda value: (value,)),
    ("verifier.signer_key", 1_536, bytes, lambda value: (value,)),
    ("verifier.add_ca", 1_536, bytes, lambda value: (value,)),
    ("verifier.add_pck", 1_536, bytes, lambda value: (ROOT, value)),
    ("verifier.add_crl", 65_536, bytes, lambda value: (ROOT, value, 1)),
    ("policy.update_tcb", 16_384, bytes, lambda value: (value, WORDS, b"")),
    ("policy.update_tcb", 1_536, bytes, lambda value: (b"", WORDS, value)),
    ("policy.update_identity", 16_384, bytes, lambda value: (value, WORDS, b"")),
    ("policy.update_identity", 1_536, bytes, lambda value: (b"", WORDS, value)),
    ("registry.register_enclave", 8_192, bytes, lambda value: (ADDRESS, value, ADDRESS, WORD, 0)),
    (
        "registry.check_encoded_quorum",
        1_088,
        bytes,
        lambda value: (WORD, WORD, 0, value, [(*WORDS, WORD)], []),
    ),
    ("registry.announce", 256, text, lambda value: (value,)),
    ("registry.describe_measurement", 256, text, lambda value: (ADDRESS, WORD, WORD, value)),
    ("market.reveal_model", 256, text, lambda value: (WORD, 0, SUBMISSION, WORD, WORD, value)),
    ("market.claim_award", 80, bytes, lambda value: (WORD, 0, ADDRESS, [], WORD, 0, WORD, value)),
]


@pytest.fixture(scope="module")
def contracts(attesting: None, chain: Chain) -> dict[str, Any]:
    made = Attesting.deploy(deploy, TRUST.root_key)
    return {
        "verifier": made.verifier,
        "policy": made.policy,
        "registry": chain.registry,
        "market": chain.market,
    }


@pytest.mark.parametrize(("name", "longest", "value", "arguments"), LONGEST)
def test_call__argument_of_a_byte_too_many__is_not_read(contracts, name, longest, value, arguments):
    contract, function = name.split(".")
    call = getattr(contracts[contract], function)

    def reason(size: int) -> str:
        with pytest.raises(boa.BoaError) as raised:
            call(*arguments(value(size)))
        return reason_of(raised.value)

    assert reason(longest) != NO_REASON
    assert reason(longest + 1) == NO_REASON  # the decoder of arguments gives none
