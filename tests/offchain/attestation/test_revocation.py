"""Verification of revocation lists: Intel's and simulated ones."""

import json

import pytest

from offchain.attestation import certificates, der
from offchain.attestation.certificates import RevocationList
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.attestation.x509 import load_chain
from offchain.simulation import SimulatedIntel, issuing
from offchain.simulation.intel import NOT_AFTER
from tests.offchain.attestation.support import AT, vector


def refused(crl: bytes, key: bytes, issuer: bytes | None = None) -> RejectionReason:
    with pytest.raises(QuoteRejected) as refusal:
        certificates.verify_crl(crl, key, AT, issuer=issuer)
    return refusal.value.reason


def test_verify_crl__genuine_lists__are_read_whole() -> None:
    members = json.loads(vector("tdx_v4_phala", "collateral.json"))
    root = certificates.verify_crl(bytes.fromhex(members["root_ca_crl"]), INTEL_ROOT_KEY, AT)
    assert root.serials == frozenset()
    chain = load_chain(members["pck_crl_issuer_chain"].encode())
    authority = certificates.verify_authority(chain[0], INTEL_ROOT_KEY, AT)
    found = certificates.verify_crl(
        bytes.fromhex(members["pck_crl"]), authority.key, AT, issuer=authority.subject
    )
    assert len(found.serials) == 44
    assert found.revoked == {(authority.key, serial) for serial in found.serials}


@pytest.mark.parametrize("serials", [(), (1,), (0, 1 << 159, (1 << 160) - 1)])
def test_verify_crl__simulated_list__gives_its_serials(
    intel: SimulatedIntel, serials: tuple[int, ...]
) -> None:
    crl = intel.authority.revoke(*serials, this_update=AT)
    key = intel.authority.public_key
    expected = RevocationList(key, AT, NOT_AFTER, frozenset(serials), crl)
    assert certificates.verify_crl(crl, key, AT) == expected


def test_verify_crl__out_of_date__still_revokes(intel: SimulatedIntel) -> None:
    crl = intel.root.revoke(7, this_update=AT - 100, next_update=AT - 1)
    assert certificates.verify_crl(crl, intel.root.public_key, AT).serials == {7}


def test_verify_crl__of_the_future__is_refused(intel: SimulatedIntel) -> None:
    crl = intel.root.revoke(7, this_update=AT + 1)
    assert refused(crl, intel.root.public_key) is RejectionReason.CRL_NOT_YET_VALID


def test_verify_crl__another_issuer_s__is_refused(intel: SimulatedIntel) -> None:
    crl = intel.authority.revoke(7)
    name = intel.root.certificate.subject
    assert refused(crl, intel.root.public_key) is RejectionReason.CRL_SIGNATURE
    assert refused(crl, intel.authority.public_key, name) is RejectionReason.CRL_ISSUER


def test_verify_crl__malformed__is_refused(intel: SimulatedIntel) -> None:
    crl = intel.root.revoke(7)
    for data in (b"", crl[:-1], crl + b"\0", intel.root.der):
        assert refused(data, intel.root.public_key) is RejectionReason.DER


def test_verify_crl__any_signed_byte_changed__is_refused(intel: SimulatedIntel) -> None:
    crl = intel.root.revoke(7)
    for offset in range(4, len(crl), 3):
        changed = crl[:offset] + bytes([crl[offset] ^ 1]) + crl[offset + 1 :]
        assert refused(changed, intel.root.public_key) in (
            RejectionReason.DER,
            RejectionReason.CRL_SIGNATURE,
        )


def test_verify_crl__version_1__is_refused(intel: SimulatedIntel) -> None:
    members = der.elements(der.unwrap(tbs_of(intel.root.revoke(7)), der.SEQUENCE))
    _, *others = (der.encode(*member) for member in members)
    version_1 = der.encode(der.SEQUENCE, *others[:-1])
    crl = issuing.signed(version_1, intel.root.key)
    assert refused(crl, intel.root.public_key) is RejectionReason.DER


def tbs_of(signed: bytes) -> bytes:
    tbs, *_ = der.elements(der.unwrap(signed, der.SEQUENCE))
    return der.encode(*tbs)


def test_verify_crl__time_that_is_no_utctime__is_refused(intel: SimulatedIntel) -> None:
    body = der.unwrap(tbs_of(intel.root.revoke(7, this_update=AT)), der.SEQUENCE)
    time = issuing.utc_time(AT)
    generalized = der.encode(0x18, b"20" + der.unwrap(time, der.UTC_TIME))
    changed = der.encode(der.SEQUENCE, body.replace(time, generalized, 1))
    crl = issuing.signed(changed, intel.root.key)
    assert refused(crl, intel.root.public_key) is RejectionReason.DER


YEAR_2000 = 946_684_800


@pytest.mark.parametrize("ends", ["this_update", "next_update"])
def test_verify_crl__year_before_2000__is_refused(intel: SimulatedIntel, ends: str) -> None:
    def of(seconds: int) -> bytes:
        times = {"this_update": YEAR_2000, "next_update": YEAR_2000} | {ends: seconds}
        return intel.root.revoke(7, **times)

    key = intel.root.public_key
    assert certificates.verify_crl(of(YEAR_2000), key, AT).serials == {7}
    assert refused(of(YEAR_2000 - 1), key) is RejectionReason.DER
