"""The contract and the verifier in Python take the same revocation lists, and refuse the others."""

from dataclasses import astuple, replace
from typing import Any

import boa
import pytest
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import der
from offchain.attestation.certificates import verify_authority, verify_crl
from offchain.attestation.evidence import REVOKED, AuthorityRecord, certificate_id
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.x509 import MAX_SERIAL
from offchain.simulation import SimulatedIntel, issuing
from offchain.simulation.intel import NOT_AFTER, NOT_BEFORE
from tests.dcap import Attesting, certificate, fields
from tests.inprocess import deploy, reason_of, refuses
from tests.offchain.attestation.support import AT

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")

INTEL = SimulatedIntel.from_seed(b"lists")
AUTHORITY = AuthorityRecord.of(fields(INTEL.authority), INTEL.root.public_key)
SERIALS = (0, 1, 127, 128, 1 << 159)


@pytest.fixture(scope="module")
def verifier(attesting: None) -> Any:
    made = Attesting.deploy(deploy, INTEL.root.public_key).verifier
    made.add_ca(certificate(INTEL.authority))
    return made


def on_chain(verifier: Any, shown: bytes, serials: frozenset[int]) -> bool | RejectionReason:
    """Return whether a list revokes just these serial numbers; the contract forgets it."""
    with boa.env.anchor():
        try:
            revoked = verifier.add_crl(astuple(AUTHORITY), shown, 100)
        except boa.BoaError as error:
            return RejectionReason(reason_of(error))
        ids = [certificate_id(INTEL.authority.public_key, serial) for serial in serials]
        return revoked == len(ids) and all(verifier.certificate(each) == REVOKED for each in ids)


def off_chain(crl: bytes) -> frozenset[int] | RejectionReason:
    """Return what Python reads of a list."""
    issuer = INTEL.authority
    try:
        listed = verify_crl(crl, issuer.public_key, AT, issuer=issuer.certificate.subject)
    except QuoteRejected as error:
        return error.reason
    return listed.serials


def signed_part(crl: bytes) -> bytes:
    tbs, *_ = der.elements(der.unwrap(crl, der.SEQUENCE))
    return der.encode(*tbs)


@pytest.mark.parametrize("serial", [MAX_SERIAL, MAX_SERIAL + 1, 1 << 247, 1 << 256, 1 << 300])
def test_add__serial_number_of_30_bytes_and_more__is_judged_alike(
    verifier: Any, serial: int
) -> None:
    """In a revocation list and in a CA's certificate."""
    refused = None if serial == MAX_SERIAL else RejectionReason.DER
    crl = INTEL.authority.revoke(serial)
    assert off_chain(crl) == (refused or {serial})
    tbs = signed_part(crl)
    shown = tbs + issuing.sign(INTEL.authority.key, tbs)
    assert on_chain(verifier, shown, frozenset() if refused else frozenset({serial})) == (
        refused or True
    )
    changed = replace(INTEL.authority.certificate, serial=serial)
    loaded = load_der_x509_certificate(INTEL.root.issue(INTEL.authority.key, changed).der)
    shown = changed.tbs() + issuing.sign(INTEL.root.key, changed.tbs())
    if refused is None:
        assert verify_authority(loaded, INTEL.root.public_key, AT).not_after == AUTHORITY.expiry
        with boa.env.anchor():
            assert verifier.add_ca(shown)
        return
    with pytest.raises(QuoteRejected) as rejected:
        verify_authority(loaded, INTEL.root.public_key, AT)
    assert rejected.value.reason is refused
    with refuses(refused.value):
        verifier.add_ca(shown)


@pytest.mark.parametrize("serials", [(), SERIALS], ids=["empty", "entries"])
@given(st.data())
def test_add_crl__a_byte_changed__is_judged_alike(
    verifier: Any, serials: tuple[int, ...], data: st.DataObject
) -> None:
    """Judge a list, signed by its issuer or not. Python also reads what the contract skips."""
    tbs = signed_part(INTEL.authority.revoke(*serials))
    at = data.draw(st.integers(0, len(tbs) - 1))
    mask = data.draw(st.integers(0, 255))
    changed = tbs[:at] + bytes([tbs[at] ^ mask]) + tbs[at + 1 :]
    key = data.draw(st.sampled_from([INTEL.authority, INTEL.root])).key
    expected = off_chain(issuing.signed(changed, key))
    read = frozenset[int]() if isinstance(expected, RejectionReason) else expected
    said = on_chain(verifier, changed + issuing.sign(key, changed), read)
    assert (
        said == (expected if isinstance(expected, RejectionReason) else True)
        or expected is RejectionReason.DER
    )


def test_add_crl__a_date_that_ends_in_the_signature__is_refused(verifier: Any) -> None:
    issuer = INTEL.authority
    begins = der.encode(der.INTEGER, b"\1"), issuing.ECDSA_WITH_SHA256, issuer.certificate.subject
    until = issuing.utc_time(NOT_AFTER)
    assert until.endswith(b"Z")
    for this_update in range(NOT_BEFORE, AT):
        dates = issuing.utc_time(this_update), until[:-1]
        cut = der.encode(der.SEQUENCE, *begins, *dates)
        signature = issuing.sign(issuer.key, cut)
        if signature.startswith(b"Z"):
            break
    assert on_chain(verifier, cut + signature, frozenset()) is RejectionReason.DER
