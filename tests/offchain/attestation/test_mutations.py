"""Mutations: a change of any byte of a quote or certificate is detected."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation.quote import Quote
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.attestation.x509 import load_chain
from offchain.simulation import issuing
from offchain.simulation.machine import pem
from tests.dcap_refusals import INTEL, MACHINE, TRUST, regions
from tests.offchain.attestation.support import BODIES, GENUINE, genuine, intel_trust, outcome

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")

OPEN = (
    "sgx_v3_automata_solana",
    "tdx_v4_google_spr",
    "tdx_v5_automata",
    "tdx_v5_automata_alibaba",
)
ACCEPTED = [name for name in GENUINE if name not in OPEN]

CERTIFICATE = {
    RejectionReason.DER,
    RejectionReason.SGX_EXTENSION,
    RejectionReason.CERTIFICATE_ROLE,
    RejectionReason.CERTIFICATE_SIGNATURE,
}
"""Reasons for which a changed certificate may be refused: its form, or its signature."""


def flipped(data: bytes, offset: int, mask: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]


def expected(quote: Quote) -> list[set[RejectionReason]]:
    """For each byte before the certificates, why a change of it is refused."""
    return [reasons for size, reasons, _ in regions(quote) for _ in range(size)]


def check_every_byte(quote: Quote, trust: Trust, mask: int) -> None:
    data = quote.encode()
    reasons = expected(quote)
    assert len(reasons) == len(data) - len(quote.pck_chain)
    for offset, allowed in enumerate(reasons):
        assert outcome(flipped(data, offset, mask), trust) in allowed, offset


@pytest.mark.parametrize("name", BODIES)
def test_verify__any_byte_of_a_simulated_quote_changed__is_refused(name: str) -> None:
    check_every_byte(MACHINE.quote(BODIES[name]), TRUST, 0x10)


@pytest.mark.parametrize("name", ACCEPTED)
def test_verify__any_byte_of_a_genuine_quote_changed__is_refused(name: str) -> None:
    check_every_byte(genuine(name), intel_trust(), 0x01)


@pytest.mark.parametrize("name", ACCEPTED)
@given(st.data())
def test_verify__a_bit_of_a_genuine_quote_changed__is_refused(
    name: str, data: st.DataObject
) -> None:
    quote = genuine(name)
    reasons = expected(quote)
    offset = data.draw(st.integers(0, len(reasons) - 1))
    mask = 1 << data.draw(st.integers(0, 7))
    assert outcome(flipped(quote.encode(), offset, mask), intel_trust()) in reasons[offset]


@pytest.mark.parametrize("name", BODIES)
@given(st.data())
def test_verify__a_bit_of_the_pem_chain_changed__is_refused_or_changes_nothing(
    name: str, data: st.DataObject
) -> None:
    quote = MACHINE.quote(BODIES[name])
    verdict = outcome(quote, TRUST)
    offset = data.draw(st.integers(0, len(quote.pck_chain) - 1))
    mask = 1 << data.draw(st.integers(0, 7))
    changed = outcome(replace(quote, pck_chain=flipped(quote.pck_chain, offset, mask)), TRUST)
    assert changed in CERTIFICATE | {RejectionReason.CERTIFICATION_DATA, verdict}


def chains(quote: Quote, position: int, certificates: list[bytes]) -> Iterator[Quote]:
    """Yield the quote with each certificate in place of leaf (0) or intermediate CA (1)."""
    chain = [certificate.public_bytes(Encoding.DER) for certificate in load_chain(quote.pck_chain)]
    for certificate in certificates:
        chain[position] = certificate
        yield replace(quote, pck_chain=pem(*chain[:2]))


@pytest.mark.parametrize("position", [0, 1], ids=["leaf", "authority"])
def test_verify__any_signed_byte_of_a_certificate_changed__is_refused(position: int) -> None:
    quote = MACHINE.quote(BODIES["sgx v3"])
    certificate = (MACHINE.pck, INTEL.authority)[position].der
    signed = 4 + len(load_chain(quote.pck_chain)[position].tbs_certificate_bytes)
    changed = [flipped(certificate, offset, 0x10) for offset in range(signed)]
    for candidate in chains(quote, position, changed):
        assert outcome(candidate, TRUST) in CERTIFICATE


@pytest.mark.parametrize("position", [0, 1], ids=["leaf", "authority"])
@pytest.mark.parametrize("name", ["sgx_v3_automata", "tdx_v5_phala"])
def test_verify__any_signed_byte_of_a_genuine_certificate_changed__is_refused(
    name: str, position: int
) -> None:
    quote = genuine(name)
    parsed = load_chain(quote.pck_chain)[position]
    certificate = parsed.public_bytes(Encoding.DER)
    signed = 4 + len(parsed.tbs_certificate_bytes)
    changed = [flipped(certificate, offset, 0x01) for offset in range(signed)]
    for candidate in chains(quote, position, changed):
        assert outcome(candidate, intel_trust()) in CERTIFICATE


@given(st.data())
def test_verify__a_malformed_certificate_that_is_signed__gives_a_verdict_or_a_reason(
    data: st.DataObject,
) -> None:
    """A malicious authority that signs anything cannot make the parser fail in another way."""
    leaf = data.draw(st.booleans())
    issued, issuer = (MACHINE.pck, INTEL.authority) if leaf else (INTEL.authority, INTEL.root)
    tbs = issued.certificate.tbs()
    offset = data.draw(st.integers(0, len(tbs) - 1))
    changed = flipped(tbs, offset, data.draw(st.integers(1, 255)))
    signed = issuing.signed(changed, issuer.key)
    chain = (signed, INTEL.authority.der) if leaf else (MACHINE.pck.der, signed)
    quote = replace(MACHINE.quote(BODIES["sgx v3"]), pck_chain=pem(*chain))
    assert isinstance(outcome(quote, TRUST), VerifiedQuote | RejectionReason)
