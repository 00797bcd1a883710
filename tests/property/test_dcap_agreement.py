"""The contract and the verifier in Python say the same of every quote, in the same words.

Evidence with whole chains where certificates are at stake, with the machine known where only the
quote is. What Python's parser refuses by itself, lengths and PEM, never reaches the contract.
"""

# Holds I-19.

from dataclasses import astuple, replace
from itertools import compress, count
from typing import Any

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation.bundle import Bundle
from offchain.attestation.certificates import verify_crl
from offchain.attestation.evidence import BY_ROOT, Chain, Known, crl_bytes, pack
from offchain.attestation.policy import Rules, trust_in
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import INTEL_ROOT_KEY, Trust
from offchain.simulation import Machine, SimulatedIntel, issuing
from offchain.simulation.machine import pem, qe_report
from tests.dcap import Attesting, certificate
from tests.dcap_judges import off_chain, on_chain, whole, with_certificates
from tests.dcap_refusals import INTEL, MACHINE, TRUST, extremes, regions
from tests.inprocess import deploy
from tests.offchain.attestation.support import (
    AT,
    BODIES,
    GENUINE,
    genuine,
    published,
    sign,
)

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")

PUBLISHED = "tdx_v4_phala", "tdx_v5_phala"
UP_TO_DATE = "tdx_v4_phala", "tdx_v4_b0c06f_2026_08"
"""Quotes of machines that these documents name so; both have the FMSPC of the first document."""
LONG_GRACE = 3_650
"""Days, so that published documents are not stale yet."""
CERTIFICATE = {
    RejectionReason.DER,
    RejectionReason.SGX_EXTENSION,
    RejectionReason.CERTIFICATE_ROLE,
    RejectionReason.CERTIFICATE_SIGNATURE,
    RejectionReason.CERTIFICATE_ISSUER,
    RejectionReason.CERTIFICATE_EXPIRED,
    RejectionReason.CERTIFICATE_NOT_YET_VALID,
}
"""Reasons for which a certificate is refused: of several faults each may name another first."""
STRICTER = {RejectionReason.DER, RejectionReason.SGX_EXTENSION}
"""Python also reads what the contract skips: inside names, keys, and the SGX extension's rest."""


@pytest.fixture(scope="module")
def intel_trust() -> Trust:
    """Trust in Intel's root, with the documents that are published for two of the quotes."""
    bundles = (published(name).to_bundle() for name in PUBLISHED)
    return trust_in(sum(bundles, Bundle()), INTEL_ROOT_KEY, AT, Rules(grace=LONG_GRACE * 86_400))


@pytest.fixture(scope="module")
def genuine_verifier(attesting: None) -> Any:
    made = Attesting.deploy(deploy, INTEL_ROOT_KEY, statuses=3, grace_days=LONG_GRACE)
    return made.bring(*map(published, PUBLISHED)).verifier


@pytest.fixture(scope="module")
def knowing(verifier: Any) -> Any:
    """The verifier once it knows the machine."""
    with boa.env.anchor():
        quote = MACHINE.quote(BODIES["sgx v3"])
        verifier.verify_quote(pack(quote, Chain.of(quote, TRUST.root_key), Known.ROOT))
        yield verifier


# ── Genuine and simulated ──


@pytest.mark.parametrize("name", GENUINE)
def test_verify_quote__genuine__is_judged_alike(
    genuine_verifier: Any, intel_trust: Trust, name: str
) -> None:
    quote = genuine(name)
    expected = off_chain(quote, intel_trust)
    assert on_chain(genuine_verifier, whole(quote, intel_trust)) == expected
    assert isinstance(expected, RejectionReason) == (name not in UP_TO_DATE)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("dstack", [False, True])
@pytest.mark.parametrize("known", Known)
def test_verify_quote__simulated__is_judged_alike(
    knowing: Any, name: str, dstack: bool, known: Known
) -> None:
    for changes in ({}, {"mr_config_id": b"\x01" + bytes(47)}):
        if changes and name == "sgx v3":
            continue
        quote = sign(MACHINE, BODIES[name], **changes)
        evidence = pack(quote, Chain.of(quote, TRUST.root_key), known, dstack=dstack)
        assert on_chain(knowing, evidence) == off_chain(quote, dstack=dstack)


def test_verify_quote__of_the_other_root__is_refused_alike(
    verifier: Any, genuine_verifier: Any, intel_trust: Trust
) -> None:
    theirs, mine = genuine("tdx_v4_phala"), MACHINE.quote(BODIES["tdx v4"])
    assert on_chain(verifier, whole(theirs)) is RejectionReason.CERTIFICATE_SIGNATURE
    assert off_chain(theirs) is RejectionReason.CERTIFICATE_SIGNATURE
    assert on_chain(genuine_verifier, whole(mine)) is RejectionReason.CERTIFICATE_SIGNATURE
    assert off_chain(mine, intel_trust) is RejectionReason.CERTIFICATE_SIGNATURE


def test_verify_quote__longer_than_its_parts__is_named_between_header_and_signatures(
    verifier: Any,
) -> None:
    forged = replace(MACHINE.quote(BODIES["sgx v3"]), qe_signature=bytes(64))
    longer = whole(forged) + b"\0"
    assert on_chain(verifier, longer) is RejectionReason.QUOTE_LENGTH
    header = longer.index(forged.encode()[:48])
    versioned = longer[:header] + b"\6" + longer[header + 1 :]
    assert on_chain(verifier, versioned) is RejectionReason.QUOTE_VERSION


# ── Fields at their extremes ──


@pytest.mark.parametrize("name", BODIES)
def test_verify_quote__body_field_at_an_extreme__is_judged_alike(knowing: Any, name: str) -> None:
    for field, value in extremes(BODIES[name]):
        quote = sign(MACHINE, BODIES[name], **{field: value})
        evidence = pack(quote, Chain.of(quote, TRUST.root_key), Known.PCK)
        assert on_chain(knowing, evidence) == off_chain(quote), field


@pytest.mark.parametrize("field", ["attributes", "td_attributes", "seam_attributes"])
def test_verify_quote__each_bit_of_the_attributes__is_judged_alike(
    knowing: Any, field: str
) -> None:
    body = BODIES["sgx v3" if field == "attributes" else "tdx v5"]
    value = getattr(body, field)
    for bit in range(8 * len(value)):
        flipped = int.from_bytes(value, "little") ^ 1 << bit
        quote = sign(MACHINE, body, **{field: flipped.to_bytes(len(value), "little")})
        evidence = pack(quote, Chain.of(quote, TRUST.root_key), Known.PCK)
        assert on_chain(knowing, evidence) == off_chain(quote), bit


@pytest.mark.parametrize("name", ["sgx v3", "tdx v4"])
def test_verify_quote__qe_field_at_an_extreme__is_judged_alike(knowing: Any, name: str) -> None:
    tee_type = MACHINE.quote(BODIES[name]).tee_type
    for field, value in extremes(qe_report(tee_type)):
        report = replace(qe_report(tee_type), **{field: value})
        quote = MACHINE.quote(BODIES[name], qe=report, bind=field != "report_data")
        evidence = pack(quote, Chain.of(quote, TRUST.root_key), Known.PCK)
        assert on_chain(knowing, evidence) == off_chain(quote), field


@given(
    svns=st.binary(min_size=16, max_size=16) | st.just(bytes([10] * 16)),
    pce_svn=st.sampled_from([0, 19, 20, 255, 256, 65535]),
    tee_tcb_svn=st.tuples(*[st.sampled_from([0, 1, 2, 9, 10, 255])] * 3),
    ppid=st.binary(min_size=16, max_size=16),
)
def test_verify_quote__machine_of_any_level__is_judged_alike(
    verifier: Any, svns: bytes, pce_svn: int, tee_tcb_svn: tuple[int, ...], ppid: bytes
) -> None:
    values = replace(INTEL.machine_values("any"), svns=svns, pce_svn=pce_svn, ppid=ppid)
    machine = Machine.simulate(INTEL, "any", values)
    level = bytes(tee_tcb_svn).ljust(16, b"\0")
    quote = sign(machine, BODIES["tdx v5"], tee_tcb_svn=level)
    assert on_chain(verifier, whole(quote)) == off_chain(quote)


# ── Bytes changed ──


@pytest.mark.parametrize("name", BODIES)
@given(st.data())
def test_verify_quote__a_byte_changed__is_refused_alike(
    knowing: Any, name: str, data: st.DataObject
) -> None:
    quote = MACHINE.quote(BODIES[name])
    evidence = pack(quote, Chain.of(quote, TRUST.root_key), Known.PCK)
    packed = (kept for size, _, kept in regions(quote) for _ in range(size))
    positions = list(compress(count(), packed))
    chosen = data.draw(st.integers(0, len(positions) - 1))
    mask = data.draw(st.integers(1, 255))
    at = len(evidence) - len(positions) + chosen
    assert evidence[at] == quote.encode()[positions[chosen]]
    said = on_chain(knowing, _changed(evidence, at, mask))
    assert said == off_chain(_changed(quote.encode(), positions[chosen], mask))
    assert isinstance(said, RejectionReason)


def _changed(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


@given(st.data())
def test_verify_quote__a_certificate_s_byte_changed__is_judged_alike(
    verifier: Any, data: st.DataObject
) -> None:
    """Judge a certificate, signed by its issuer or not."""
    quote = MACHINE.quote(BODIES["sgx v3"])
    leaf = data.draw(st.booleans())
    issued, issuer = (MACHINE.pck, INTEL.authority) if leaf else (INTEL.authority, INTEL.root)
    tbs = issued.certificate.tbs()
    at = data.draw(st.integers(0, len(tbs) - 1))
    mask = data.draw(st.integers(1, 255))
    changed = _changed(tbs, at, mask)
    signer = issuer.key if data.draw(st.booleans()) else INTEL.tcb_signer.key
    raw, signed = changed + issuing.sign(signer, changed), issuing.signed(changed, signer)
    if leaf:
        evidence = with_certificates(quote, raw, certificate(INTEL.authority))
        chain = pem(signed, INTEL.authority.der)
    else:
        evidence = with_certificates(quote, certificate(MACHINE.pck), raw)
        chain = pem(MACHINE.pck.der, signed)
    said, expected = on_chain(verifier, evidence), off_chain(replace(quote, pck_chain=chain))
    assert said == expected or {said, expected} <= CERTIFICATE or expected in STRICTER


# ── Time and revocation ──


@pytest.mark.parametrize("leaf", [True, False], ids=["leaf", "authority"])
def test_verify_quote__at_each_end_of_a_certificate__is_judged_alike(
    verifier: Any, leaf: bool
) -> None:
    issued, issuer = (MACHINE.pck, INTEL.authority) if leaf else (INTEL.authority, INTEL.root)
    short = issuer.issue(
        issued.key, replace(issued.certificate, not_before=AT + 10, not_after=AT + 20)
    )
    pair = (short, INTEL.authority) if leaf else (MACHINE.pck, short)
    quote = replace(MACHINE.quote(BODIES["sgx v3"]), pck_chain=pem(*(each.der for each in pair)))
    evidence = whole(quote)
    verdicts = []
    for at in (AT + 9, AT + 10, AT + 20, AT + 21):
        with boa.env.anchor():
            boa.env.timestamp = at
            said = on_chain(verifier, evidence)
        assert said == off_chain(quote, at=at)
        verdicts.append(said)
    assert verdicts[0] is RejectionReason.CERTIFICATE_NOT_YET_VALID
    assert verdicts[1] == verdicts[2]
    assert verdicts[3] is RejectionReason.CERTIFICATE_EXPIRED


@pytest.mark.parametrize("leaf", [True, False], ids=["leaf", "authority"])
@pytest.mark.parametrize("known", Known)
def test_verify_quote__certificate_revoked__is_refused_alike(
    knowing: Any, leaf: bool, known: Known
) -> None:
    quote = MACHINE.quote(BODIES["sgx v3"])
    chain = Chain.of(quote, TRUST.root_key)
    issuer, serial = (
        (INTEL.authority, MACHINE.pck.certificate.serial)
        if leaf
        else (INTEL.root, INTEL.authority.certificate.serial)
    )
    crl = issuer.revoke(serial)
    listed = verify_crl(crl, issuer.public_key, AT)
    with boa.env.anchor():
        record = chain.authority_record if leaf else BY_ROOT
        assert knowing.add_crl(astuple(record), crl_bytes(crl), 1) == 1
        said = on_chain(knowing, pack(quote, chain, known))
    assert said is RejectionReason.CERTIFICATE_REVOKED
    assert off_chain(quote, replace(TRUST, revoked=listed.revoked)) is said


# ── Certificates swapped ──


def test_verify_quote__certificates_in_each_other_s_place__are_refused_alike(verifier: Any) -> None:
    quote = MACHINE.quote(BODIES["tdx v4"])
    other = SimulatedIntel.from_seed(b"other")
    theirs = Machine.simulate(other, "machine")
    certificates = [
        MACHINE.pck,
        INTEL.authority,
        INTEL.root,
        INTEL.tcb_signer,
        theirs.pck,
        other.authority,
    ]
    for leaf in certificates:
        for ca in certificates:
            chained = replace(quote, pck_chain=pem(leaf.der, ca.der))
            said = on_chain(verifier, with_certificates(quote, certificate(leaf), certificate(ca)))
            expected = off_chain(chained)
            assert said == expected
            assert isinstance(said, RejectionReason) == (
                (leaf, ca) != (MACHINE.pck, INTEL.authority)
            )
