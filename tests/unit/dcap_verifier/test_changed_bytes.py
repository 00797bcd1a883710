"""No byte of evidence can be changed unnoticed, nor for another reason than its place gives it."""

from collections.abc import Iterator

import pytest
from brownie import web3
from eth_abi.abi import decode

from offchain.attestation.evidence import Chain, Known, pack
from offchain.attestation.trust import INTEL_ROOT_KEY
from tests.anvil import rpc
from tests.dcap import BODIES, Attesting
from tests.dcap_refusals import regions
from tests.offchain.attestation.support import published
from tests.reasons import (
    CERTIFICATE_ROLE,
    CERTIFICATE_SIGNATURE,
    CERTIFICATE_UNKNOWN,
    DER,
    EVIDENCE_KIND,
    MR_CONFIG,
    QUOTE_LENGTH,
)
from tests.unit.dcap_verifier.support import live

BATCH = 100
KIND = {EVIDENCE_KIND, MR_CONFIG, CERTIFICATE_UNKNOWN, QUOTE_LENGTH, DER}
CERTIFICATE = {DER, CERTIFICATE_ROLE, CERTIFICATE_SIGNATURE}


def evidence_parts(quote, chain, known) -> Iterator[tuple[int, set[str]]]:
    yield 1, KIND
    if known is Known.PCK:
        yield 256, {CERTIFICATE_UNKNOWN}
    if known is Known.AUTHORITY:
        yield 160, {CERTIFICATE_UNKNOWN}
    for certificate in {Known.PCK: [], Known.AUTHORITY: [chain.pck]}.get(
        known, [chain.ca, chain.pck]
    ):
        yield 2, {DER, QUOTE_LENGTH}
        yield len(certificate), CERTIFICATE
    yield from ((size, reasons) for size, reasons, packed in regions(quote) if packed)


def reasons_of(verifier, shown: list[bytes]) -> list[str]:
    """Why the verifier refuses each of these; all asked for at once."""
    calls = [
        ("eth_call", [{"to": verifier.address, "data": verifier.verify_quote.encode_input(each)}])
        for each in shown
    ]
    reasons = []
    for answer in web3.provider.make_batch_request(calls):
        data = bytes.fromhex(answer["error"]["data"].removeprefix("0x"))
        reasons.append(decode(["string"], data[4:])[0] if data else "no reason")
    return reasons


def check_every_byte(verifier, quote, chain, known):
    shown = pack(quote, chain, known)
    allowed = [
        reasons for size, reasons in evidence_parts(quote, chain, known) for _ in range(size)
    ]
    assert len(allowed) == len(shown)
    rpc("eth_call", {"to": verifier.address, "data": verifier.verify_quote.encode_input(shown)})
    changed = [
        shown[:at] + bytes([shown[at] ^ 1 << at % 8]) + shown[at + 1 :] for at in range(len(shown))
    ]
    for start in range(0, len(shown), BATCH):
        found = reasons_of(verifier, changed[start : start + BATCH])
        for offset, reason in enumerate(found, start):
            assert reason in allowed[offset], offset


@pytest.mark.parametrize(
    ("name", "known"), [*((name, Known.PCK) for name in BODIES), ("sgx v3", Known.AUTHORITY)]
)
def test_verify_quote__any_byte_of_simulated_evidence_changed__reverts(
    verifier, machine, trust, name, known
):
    quote = machine.quote(BODIES[name])
    chain = Chain.of(quote, trust.root_key)
    verifier.verify_quote(pack(quote, chain, Known.ROOT))
    check_every_byte(verifier, quote, chain, known)


@pytest.mark.parametrize("name", ["sgx_v3_automata", "tdx_v5_phala"])
def test_verify_quote__any_byte_of_genuine_evidence_changed__reverts(deploy, name):
    quote, chain = live(name)
    opened = Attesting.of_policy(deploy, deploy("OpenPolicy"), INTEL_ROOT_KEY)
    opened.add_lists(published("tdx_v5_phala"))
    verifier = opened.verifier
    check_every_byte(verifier, quote, chain, Known.ROOT)
