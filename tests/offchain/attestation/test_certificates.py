"""Verification of the PCK chain: roles, the exact limits of validity, and revocation."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, load_der_x509_certificate

from offchain.attestation import certificates, der
from offchain.attestation.certificates import INTERMEDIATE, PCK, TCB_SIGNER, Role
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.x509 import MAX_SERIAL, load_chain
from offchain.simulation import Identity, Machine, SimulatedIntel, issuing
from offchain.simulation.machine import pem
from tests.offchain.attestation.support import AT, GENUINE, genuine, intel_trust

OtherKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
ROLES = {"authority": INTERMEDIATE, "pck": PCK, "tcb signer": TCB_SIGNER}


@pytest.fixture(scope="module")
def holders(intel: SimulatedIntel, machine: Machine) -> dict[str, Certificate]:
    identities = {
        "root": intel.root,
        "authority": intel.authority,
        "pck": machine.pck,
        "tcb signer": intel.tcb_signer,
    }
    return {name: load(identity) for name, identity in identities.items()}


def load(identity: Identity) -> Certificate:
    return load_der_x509_certificate(identity.der)


def refused(
    certificate: Identity | Certificate, role: Role, key: bytes, at: int = AT
) -> RejectionReason:
    loaded = load(certificate) if isinstance(certificate, Identity) else certificate
    with pytest.raises(QuoteRejected) as refusal:
        certificates.verify_certificate(loaded, role, key, at, frozenset())
    return refusal.value.reason


def reissue(issuer: Identity, identity: Identity, **changes: object) -> Identity:
    return issuer.issue(identity.key, replace(identity.certificate, **changes))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("holder", ["root", "authority", "pck", "tcb signer"])
def test_verify_certificate__in_a_role__passes_only_its_holder(
    intel: SimulatedIntel, holders: dict[str, Certificate], holder: str, role: str
) -> None:
    issuer = intel.authority if holder == "pck" else intel.root
    if holder == role:
        certificates.verify_certificate(
            holders[holder], ROLES[role], issuer.public_key, AT, frozenset()
        )
    else:
        key = issuer.public_key
        assert refused(holders[holder], ROLES[role], key) is RejectionReason.CERTIFICATE_ROLE


@pytest.mark.parametrize(
    ("extensions", "role"),
    [
        ((issuing.CA_USAGE,), INTERMEDIATE),
        ((issuing.basic_constraints(True, 0),), INTERMEDIATE),
        ((issuing.CA_USAGE, issuing.basic_constraints(True)), INTERMEDIATE),
        ((issuing.CA_USAGE, issuing.basic_constraints(True, 1)), INTERMEDIATE),
        ((issuing.CA_USAGE, issuing.basic_constraints(False)), INTERMEDIATE),
        ((issuing.SIGNER_USAGE, issuing.basic_constraints(True, 0)), INTERMEDIATE),
        (
            (
                issuing.CA_USAGE,
                issuing.extension("2.5.29.19", bytes.fromhex("30060101ff020100"), critical=False),
            ),
            INTERMEDIATE,
        ),
        (
            (
                issuing.CA_USAGE,
                issuing.basic_constraints(True, 0),
                issuing.extension("2.5.29.30", bytes.fromhex("3000"), critical=True),
            ),
            INTERMEDIATE,
        ),
        ((issuing.SIGNER_USAGE,), TCB_SIGNER),
        ((issuing.CA_USAGE, issuing.basic_constraints(False)), TCB_SIGNER),
    ],
    ids=[
        "no constraints",
        "no usage",
        "no path length",
        "path length 1",
        "no ca",
        "signer's usage",
        "constraints not critical",
        "unknown critical extension",
        "signer without constraints",
        "signer with ca's usage",
    ],
)
def test_verify_certificate__extensions_of_no_role__is_refused(
    intel: SimulatedIntel, extensions: tuple[bytes, ...], role: Role
) -> None:
    identity = reissue(intel.root, intel.authority, extensions=extensions)
    refusal = refused(identity, role, intel.root.public_key)
    assert refusal in (RejectionReason.CERTIFICATE_ROLE, RejectionReason.DER)


def test_verify_certificate__sgx_extension_on_an_authority__is_refused(
    intel: SimulatedIntel,
) -> None:
    extensions = (*intel.authority.certificate.extensions, issuing.sgx(intel.machine_values("x")))
    identity = reissue(intel.root, intel.authority, extensions=extensions)
    assert (
        refused(identity, INTERMEDIATE, intel.root.public_key) is RejectionReason.CERTIFICATE_ROLE
    )


def test_verify_certificate__another_key_s_signature__is_refused(
    intel: SimulatedIntel, holders: dict[str, Certificate]
) -> None:
    for name, role in ROLES.items():
        key = intel.tcb_signer.public_key
        assert refused(holders[name], role, key) is RejectionReason.CERTIFICATE_SIGNATURE


def test_verify_certificate__issuer_key_off_the_curve__is_refused(
    holders: dict[str, Certificate],
) -> None:
    assert refused(holders["pck"], PCK, bytes(64)) is RejectionReason.CERTIFICATE_SIGNATURE
    assert refused(holders["pck"], PCK, b"\xff" * 64) is RejectionReason.CERTIFICATE_SIGNATURE


def test_verify_certificate__at_each_end_of_its_validity__counts_the_very_second(
    intel: SimulatedIntel,
) -> None:
    certificate = load(reissue(intel.root, intel.authority, not_before=AT, not_after=AT + 10))
    key = intel.root.public_key
    assert (
        refused(certificate, INTERMEDIATE, key, AT - 1) is RejectionReason.CERTIFICATE_NOT_YET_VALID
    )
    for at in (AT, AT + 10):
        fields = certificates.verify_certificate(certificate, INTERMEDIATE, key, at, frozenset())
        assert fields.not_after == AT + 10
    assert refused(certificate, INTERMEDIATE, key, AT + 11) is RejectionReason.CERTIFICATE_EXPIRED


@pytest.mark.parametrize("year", [2000, 2049])
def test_verify_certificate__years_at_the_ends_of_utctime__are_read_as_20xx(
    intel: SimulatedIntel, year: int
) -> None:
    not_after = {2000: 978_307_199, 2049: 2_524_607_999}[year]
    identity = reissue(intel.root, intel.authority, not_before=946_684_800, not_after=not_after)
    authority = certificates.verify_authority(load(identity), intel.root.public_key, 946_684_800)
    assert authority.not_after == not_after


@pytest.mark.parametrize(
    "serial", [1, 127, 128, (1 << 159) - 1, 1 << 159, (1 << 160) - 1, MAX_SERIAL]
)
def test_verify_authority__serial_of_any_size__passes_and_can_be_revoked(
    intel: SimulatedIntel, serial: int
) -> None:
    certificate = load(reissue(intel.root, intel.authority, serial=serial))
    key = intel.root.public_key
    assert certificates.verify_authority(certificate, key, AT).key == intel.authority.public_key
    with pytest.raises(QuoteRejected) as refusal:
        certificates.verify_authority(certificate, key, AT, frozenset({(key, serial)}))
    assert refusal.value.reason is RejectionReason.CERTIFICATE_REVOKED
    others = frozenset({(key, serial + 1), (intel.authority.public_key, serial)})
    certificates.verify_authority(certificate, key, AT, others)


@pytest.mark.parametrize("version", [0, 1, 3, 255])
def test_load_chain__other_version_than_3__is_refused(intel: SimulatedIntel, version: int) -> None:
    identity = reissue(intel.root, intel.authority, version=version)
    with pytest.raises(QuoteRejected) as refusal:
        load_chain(pem(identity.der))
    assert refusal.value.reason is RejectionReason.DER


def test_verify_certificate__other_algorithm_declared__is_refused(intel: SimulatedIntel) -> None:
    sha384 = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.3"))
    tbs = replace(intel.authority.certificate, algorithm=sha384).tbs()
    signed = der.encode(
        der.SEQUENCE,
        tbs,
        sha384,
        der.encode(der.BIT_STRING, b"\0", issuing.sign_der(intel.root.key, tbs)),
    )
    certificate = load_der_x509_certificate(signed)
    assert refused(certificate, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


def test_verify_certificate__an_extension_twice__is_refused(intel: SimulatedIntel) -> None:
    twice = (*intel.authority.certificate.extensions, issuing.CA_USAGE)
    identity = reissue(intel.root, intel.authority, extensions=twice)
    assert refused(identity, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


def test_verify_certificate__year_before_2000__is_refused(intel: SimulatedIntel) -> None:
    identity = reissue(intel.root, intel.authority, not_before=946_684_799)
    assert refused(identity, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
def test_verify_authority__serial_zero__passes(intel: SimulatedIntel) -> None:
    certificate = load(reissue(intel.root, intel.authority, serial=0))
    assert certificates.verify_authority(certificate, intel.root.public_key, AT).not_after > AT


def generalized(time: int) -> bytes:
    utc = der.unwrap(issuing.utc_time(time), der.UTC_TIME)
    return der.encode(0x18, b"20" + utc)


def test_verify_certificate__generalized_time__is_refused(intel: SimulatedIntel) -> None:
    certificate = intel.authority.certificate
    validity = issuing.utc_time(certificate.not_before) + issuing.utc_time(certificate.not_after)
    for times in (
        generalized(certificate.not_before) + issuing.utc_time(certificate.not_after),
        issuing.utc_time(certificate.not_before) + generalized(certificate.not_after),
    ):
        body = der.unwrap(certificate.tbs(), der.SEQUENCE)
        changed = body.replace(der.encode(der.SEQUENCE, validity), der.encode(der.SEQUENCE, times))
        signed = issuing.signed(der.encode(der.SEQUENCE, changed), intel.root.key)
        loaded = load_der_x509_certificate(signed)
        assert refused(loaded, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
def test_verify_certificate__serial_below_zero__is_refused(intel: SimulatedIntel) -> None:
    tbs = reissue(intel.root, intel.authority, serial=0x7F).certificate.tbs()
    negative = tbs.replace(der.integer(0x7F), der.encode(der.INTEGER, b"\xff"), 1)
    assert len(negative) == len(tbs)
    certificate = load_der_x509_certificate(issuing.signed(negative, intel.root.key))
    assert refused(certificate, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


@pytest.mark.parametrize("flag", [b"\x00", b"\x01"])
def test_verify_certificate__critical_flag_that_is_not_true__is_refused(
    intel: SimulatedIntel, flag: bytes
) -> None:
    usage = issuing.CA_USAGE.replace(bytes.fromhex("0101ff"), bytes.fromhex("0101") + flag)
    extensions = (usage, issuing.basic_constraints(True, 0))
    identity = reissue(intel.root, intel.authority, extensions=extensions)
    with pytest.raises(QuoteRejected) as refusal:
        certificates.verify_certificate(
            load_chain(pem(identity.der))[0], INTERMEDIATE, intel.root.public_key, AT, frozenset()
        )
    assert refusal.value.reason is RejectionReason.DER


def subject_key(key: OtherKey) -> bytes:
    public = key.public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "key",
    [
        ec.derive_private_key(5, ec.SECP384R1()),
        ec.derive_private_key(5, ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)),
    ],
    ids=["P-384", "secp256k1", "Ed25519"],
)
def test_verify_certificate__key_of_another_kind__is_refused(
    intel: SimulatedIntel, key: OtherKey
) -> None:
    body = der.unwrap(intel.authority.certificate.tbs(), der.SEQUENCE)
    changed = body.replace(subject_key(intel.authority.key), subject_key(key))
    assert changed != body
    signed = issuing.signed(der.encode(der.SEQUENCE, changed), intel.root.key)
    loaded = load_der_x509_certificate(signed)
    assert refused(loaded, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


@pytest.mark.parametrize("place", [0, 1], ids=["r", "s"])
def test_verify_certificate__signature_beyond_a_word__is_refused(
    intel: SimulatedIntel, place: int
) -> None:
    integers = [der.integer(1), der.integer(1)]
    integers[place] = der.integer(1 << 256)
    sequence = der.encode(der.SEQUENCE, *integers)
    signature = der.encode(der.BIT_STRING, b"\0", sequence)
    tbs = intel.authority.certificate.tbs()
    signed = der.encode(der.SEQUENCE, tbs, issuing.ECDSA_WITH_SHA256, signature)
    loaded = load_der_x509_certificate(signed)
    assert refused(loaded, INTERMEDIATE, intel.root.public_key) is RejectionReason.DER


def test_verify_pck__key_off_the_curve__is_refused(intel: SimulatedIntel, machine: Machine) -> None:
    certificate = replace(machine.pck.certificate, key=b"\x01" * 64)
    signed = issuing.signed(certificate.tbs(), intel.authority.key)
    authority = certificates.verify_authority(load(intel.authority), intel.root.public_key, AT)
    with pytest.raises(QuoteRejected) as refusal:
        certificates.verify_pck(load_der_x509_certificate(signed), authority, AT)
    assert refusal.value.reason is RejectionReason.DER


def test_verify_pck__issuer_of_another_name_with_the_same_key__is_refused(
    intel: SimulatedIntel, holders: dict[str, Certificate]
) -> None:
    renamed = reissue(intel.root, intel.authority, subject=issuing.name("SGX PCK Processor CA"))
    authority = certificates.verify_authority(load(renamed), intel.root.public_key, AT)
    with pytest.raises(QuoteRejected) as refusal:
        certificates.verify_pck(holders["pck"], authority, AT)
    assert refusal.value.reason is RejectionReason.CERTIFICATE_ISSUER


def test_verify_pck__authority_that_expires_first__expires_with_it(
    intel: SimulatedIntel, holders: dict[str, Certificate]
) -> None:
    shorter = reissue(intel.root, intel.authority, not_after=AT + 5)
    authority = certificates.verify_authority(load(shorter), intel.root.public_key, AT)
    assert certificates.verify_pck(holders["pck"], authority, AT).not_after == AT + 5


def test_verify_pck__genuine_chains_swapped__pass_only_in_their_own() -> None:
    chains = {name: load_chain(genuine(name).pck_chain) for name in GENUINE}
    root_key = intel_trust().root_key
    for name, (leaf, _, _) in chains.items():
        for other, (_, intermediate, _) in chains.items():
            authority = certificates.verify_authority(intermediate, root_key, AT)
            processor = "sgx_v3_automata_solana"
            if (name == processor) == (other == processor):
                certificates.verify_pck(leaf, authority, AT)
            else:
                with pytest.raises(QuoteRejected) as refusal:
                    certificates.verify_pck(leaf, authority, AT)
                assert refusal.value.reason is RejectionReason.CERTIFICATE_SIGNATURE


def test_load_chain__malformed__is_refused(intel: SimulatedIntel) -> None:
    malformed = pem(intel.authority.der[:-1])
    for text in (b"", b"\0", b"no certificate", malformed, malformed[:-20]):
        with pytest.raises(QuoteRejected) as refusal:
            load_chain(text)
        assert refusal.value.reason is RejectionReason.DER
