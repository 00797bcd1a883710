"""Evidence refused, each for its own reason: form, signatures, quoting enclave, body, TCB."""

from dataclasses import astuple, replace

import pytest
from brownie import reverts

from offchain.attestation.evidence import Chain, Known
from offchain.attestation.quote import TeeType
from offchain.simulation import FMSPC, Machine, issuing
from offchain.simulation.machine import qe_report
from tests.dcap import BODIES, REPORT_DATA, evidence
from tests.reasons import (
    ATTRIBUTES,
    DEBUG,
    DER,
    EVIDENCE_KIND,
    QE_BINDING,
    QE_DEBUG,
    QE_IDENTITY,
    QE_SIGNATURE,
    QE_SVN,
    QUOTE_BODY_TYPE,
    QUOTE_KEY_TYPE,
    QUOTE_LENGTH,
    QUOTE_SIGNATURE,
    QUOTE_TEE_TYPE,
    QUOTE_VENDOR,
    QUOTE_VERSION,
    SEAM_SIGNER,
    TCB_FLOOR,
    TCB_UNKNOWN,
)
from tests.unit.dcap_verifier.bench import verify

SIZES = {"sgx v3": 432, "tdx v4": 632, "tdx v5": 702}
REST = 608
GREATEST = 1_536
"""Bytes of a certificate, with its signature."""
TDX = ("tdx v4", "tdx v5")


@pytest.fixture
def refused(verifier, trust):
    """Checks that a quote, or evidence, is refused for a reason."""

    def check(reason, shown):
        if not isinstance(shown, bytes):
            shown = evidence(shown, trust.root_key)
        with reverts(reason):
            verifier.verify.call(shown, REPORT_DATA)

    return check


@pytest.fixture
def accepted(verifier, trust):
    """Checks that a quote is accepted."""
    return lambda quote: verify(verifier, evidence(quote, trust.root_key), REPORT_DATA)


def altered(data, offset, replacement):
    """Bytes, with some of them replaced."""
    return data[:offset] + replacement + data[offset + len(replacement) :]


# ── Form ──


@pytest.mark.parametrize("name", BODIES)
def test_verify__longer_or_shorter__reverts(refused, machine, trust, name):
    shown = evidence(machine.quote(BODIES[name]), trust.root_key)
    for wrong in (shown + b"\0", shown + bytes(32), shown[:-1], shown[:-32], shown[:1500]):
        refused(QUOTE_LENGTH, wrong)


def test_verify__next_to_nothing__reverts(refused):
    for size in (0, 1, 2, 432, 1_296):
        refused(QUOTE_LENGTH, bytes(size))


def test_verify__quote_as_published_without_its_packing__reverts(refused, machine):
    quote = machine.quote(BODIES["sgx v3"])
    refused(EVIDENCE_KIND, quote.encode())


@pytest.mark.parametrize("kind", [3, 4, 64, 127])
@pytest.mark.parametrize("dstack", [0, 128])
def test_verify__unknown_kind__reverts(refused, machine, trust, kind, dstack):
    shown = evidence(machine.quote(BODIES["tdx v4"]), trust.root_key)
    refused(EVIDENCE_KIND, bytes([kind | dstack]) + shown[1:])


@pytest.mark.parametrize(
    ("size", "reason"), [(0, DER), (64, DER), (65, DER), (1537, DER), (65535, DER)]
)
def test_verify__certificate_of_another_length_than_declared__reverts(
    refused, machine, trust, size, reason
):
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    refused(reason, altered(shown, 1, size.to_bytes(2, "big")))


def test_verify__certificate_around_the_greatest_size(verifier, refused, intel, machine, trust):
    certificate, shown = machine.pck.certificate, {}
    for padding in range(256, 1_024):
        more = issuing.extension("1.2.3", bytes(padding))
        padded = replace(certificate, extensions=(*certificate.extensions, more))
        size = len(padded.tbs()) + 64
        if size in (GREATEST, GREATEST + 1):
            pck = intel.authority.issue(machine.pck.key, padded)
            quote = Machine.with_pck(intel, "machine", pck).quote(BODIES["sgx v3"])
            shown[size] = evidence(quote, trust.root_key)
    assert verifier.verify.call(shown[GREATEST], REPORT_DATA)
    refused(DER, shown[GREATEST + 1])
    for left in (0, 1, 79):  # bytes of the quote, of which 80 say its form
        refused(QUOTE_LENGTH, shown[GREATEST][: left - 1_040])


@pytest.mark.parametrize("difference", [-1, 1])
def test_verify__certificate_one_byte_off__reverts(refused, machine, trust, difference):
    quote = machine.quote(BODIES["sgx v3"])
    size = len(Chain.of(quote, trust.root_key).ca) + difference
    refused(DER, altered(evidence(quote, trust.root_key), 1, size.to_bytes(2, "big")))


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (0, "0000", QUOTE_VERSION),
        (0, "0200", QUOTE_VERSION),
        (0, "0600", QUOTE_VERSION),
        (0, "0301", QUOTE_VERSION),
        (0, "0003", QUOTE_VERSION),
        (2, "0300", QUOTE_KEY_TYPE),
        (2, "0201", QUOTE_KEY_TYPE),
        (4, "01000000", QUOTE_TEE_TYPE),
        (4, "00000081", QUOTE_TEE_TYPE),
        (4, "81000001", QUOTE_TEE_TYPE),
        (12, "00", QUOTE_VENDOR),
        (27, "00", QUOTE_VENDOR),
        (8, "ffffffff", QUOTE_SIGNATURE),
        (28, "ff", QUOTE_SIGNATURE),
        (47, "ff", QUOTE_SIGNATURE),
    ],
)
def test_verify__other_header__reverts(refused, machine, trust, name, offset, value, reason):
    shown = evidence(machine.quote(BODIES[name]), trust.root_key)
    start = len(shown) - REST - SIZES[name]
    refused(reason, altered(shown, start + offset, bytes.fromhex(value)))


@pytest.mark.parametrize(("name", "other"), [("sgx v3", "81000000"), ("tdx v4", "00000000")])
def test_verify__tee_of_another_version__reverts(refused, machine, trust, name, other):
    shown = evidence(machine.quote(BODIES[name]), trust.root_key)
    refused(
        QUOTE_TEE_TYPE, altered(shown, len(shown) - REST - SIZES[name] + 4, bytes.fromhex(other))
    )


@pytest.mark.parametrize(
    "descriptor", ["010080010000", "040088020000", "030048020000", "020088020000", "030088020001"]
)
def test_verify__other_body_type__reverts(refused, machine, trust, descriptor):
    shown = evidence(machine.quote(BODIES["tdx v5"]), trust.root_key)
    refused(
        QUOTE_BODY_TYPE, altered(shown, len(shown) - REST - 702 + 48, bytes.fromhex(descriptor))
    )


def test_verify__td_10_in_version_5__is_accepted(accepted, machine):
    assert accepted(machine.quote(BODIES["tdx v4"], version=5)) == accepted(
        machine.quote(BODIES["tdx v4"])
    )


# ── Signatures ──


@pytest.mark.parametrize("name", BODIES)
def test_verify__signed_by_others__reverts(refused, intel, machine, name):
    quote, other = machine.quote(BODIES[name]), Machine.simulate(intel, "other").quote(BODIES[name])
    refused(QUOTE_SIGNATURE, replace(quote, signature=other.signature))
    refused(QUOTE_SIGNATURE, replace(quote, body=replace(quote.body, report_data=bytes(64))))
    refused(QE_BINDING, replace(quote, attestation_key=other.attestation_key))
    refused(QE_BINDING, replace(quote, qe_auth=bytes(32)))
    refused(QE_SIGNATURE, replace(quote, qe_signature=other.qe_signature))
    refused(QE_SIGNATURE, replace(quote, qe_report=other.qe_report))
    refused(QE_SIGNATURE, replace(quote, pck_chain=other.pck_chain))


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("forged", [bytes(64), b"\xff" * 64, bytes(31) + b"\1" + bytes(31) + b"\1"])
def test_verify__degenerate_signature__reverts(refused, machine, name, forged):
    quote = machine.quote(BODIES[name])
    refused(QUOTE_SIGNATURE, replace(quote, signature=forged))
    refused(QE_SIGNATURE, replace(quote, qe_signature=forged))


@pytest.mark.parametrize("name", BODIES)
def test_verify__qe_vouches_for_another_key__reverts(refused, machine, name):
    tee = TeeType.SGX if name == "sgx v3" else TeeType.TDX
    for report_data in (bytes(64), b"\1" * 64):
        report = replace(qe_report(tee), report_data=report_data)
        refused(QE_BINDING, machine.quote(BODIES[name], qe=report, bind=False))


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("last", [b"\1" + bytes(31), bytes(31) + b"\1"])
def test_verify__qe_report_data_goes_on__reverts(refused, machine, name, last):
    quote = machine.quote(BODIES[name])
    report_data = quote.qe_report.report_data[:32] + last
    report = replace(quote.qe_report, report_data=report_data)
    refused(QE_BINDING, machine.quote(BODIES[name], qe=report, bind=False))


@pytest.mark.parametrize("name", BODIES)
def test_verify__malleable_signatures__attest_the_same(accepted, machine, name):
    """ECDSA's other half: evidence is no nonce, what it attests does not change."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    quote = machine.quote(BODIES[name])

    def mirrored(signature):
        return signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")

    other = replace(
        quote,
        signature=mirrored(quote.signature),
        qe_signature=mirrored(quote.qe_signature),
    )
    assert accepted(other) == accepted(quote)


# ── Quoting enclave ──


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("attributes", "1700000000000000e700000000000000", QE_DEBUG),
        ("attributes", "0200000000000000" + "00" * 8, QE_DEBUG),
        ("attributes", "0500000000000000e700000000000000", QE_IDENTITY),
        ("attributes", "1100000000000080e700000000000000", QE_IDENTITY),
        ("attributes", "3100000000000000e700000000000000", QE_IDENTITY),
        ("misc_select", "01000000", QE_IDENTITY),
        ("misc_select", "00000080", QE_IDENTITY),
        ("mr_signer", "00" * 32, QE_IDENTITY),
    ],
)
def test_verify__another_quoting_enclave__reverts(refused, machine, name, field, value, reason):
    tee = TeeType.SGX if name == "sgx v3" else TeeType.TDX
    report = replace(qe_report(tee), **{field: bytes.fromhex(value)})
    refused(reason, machine.quote(BODIES[name], qe=report))


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    "attributes", ["1500000000000000" + "ff" * 8, "1100000000000000" + "00" * 8]
)
def test_verify__qe_attributes_that_the_mask_leaves_free__are_accepted(
    accepted, machine, name, attributes
):
    tee = TeeType.SGX if name == "sgx v3" else TeeType.TDX
    report = replace(qe_report(tee), attributes=bytes.fromhex(attributes))
    accepted(machine.quote(BODIES[name], qe=report))


@pytest.mark.parametrize("name", BODIES)
def test_verify__quoting_enclave_of_another_product__reverts(refused, machine, name):
    tee = TeeType.SGX if name == "sgx v3" else TeeType.TDX
    right = qe_report(tee).isv_prod_id
    for product in (0, right + 1, right << 8, right | 1 << 8, 0xFFFF):
        report = replace(qe_report(tee), isv_prod_id=product)
        refused(QE_IDENTITY, machine.quote(BODIES[name], qe=report))


@pytest.mark.parametrize(("name", "other"), [("sgx v3", TeeType.TDX), ("tdx v4", TeeType.SGX)])
def test_verify__quoting_enclave_of_the_other_tee__reverts(refused, machine, name, other):
    refused(QE_IDENTITY, machine.quote(BODIES[name], qe=qe_report(other)))


@pytest.mark.parametrize("name", BODIES)
def test_verify__around_the_least_svn_of_the_quoting_enclave(refused, accepted, machine, name):
    tee = TeeType.SGX if name == "sgx v3" else TeeType.TDX
    least = qe_report(tee).isv_svn
    for svn in (0, least - 1):
        refused(QE_SVN, machine.quote(BODIES[name], qe=replace(qe_report(tee), isv_svn=svn)))
    for svn in (least, least + 1, 1 << 8, 0xFFFF):
        accepted(machine.quote(BODIES[name], qe=replace(qe_report(tee), isv_svn=svn)))


# ── Body ──


def test_verify__sgx_debug_enclave__reverts(refused, machine):
    for attributes in ("07" + "00" * 15, "02" + "00" * 15, "ff" * 16):
        body = replace(BODIES["sgx v3"], attributes=bytes.fromhex(attributes))
        refused(DEBUG, machine.quote(body))


def test_verify__sgx_attributes_but_debug__are_accepted(accepted, machine):
    body = replace(BODIES["sgx v3"], attributes=bytes.fromhex("fd" + "ff" * 15))
    accepted(machine.quote(body))


@pytest.mark.parametrize("name", TDX)
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("td_attributes", "0100001000000000", DEBUG),
        ("td_attributes", "8000001000000000", DEBUG),
        ("td_attributes", "ff00001000000000", DEBUG),
        ("td_attributes", "0000000000000000", ATTRIBUTES),
        ("td_attributes", "00ffffefffffffff", ATTRIBUTES),
        ("td_attributes", "0000003000000000", ATTRIBUTES),
        ("seam_attributes", "0100000000000000", ATTRIBUTES),
        ("seam_attributes", "0000000000000080", ATTRIBUTES),
        ("mr_signer_seam", "01" + "00" * 47, SEAM_SIGNER),
        ("mr_signer_seam", "00" * 31 + "01" + "00" * 16, SEAM_SIGNER),
        ("mr_signer_seam", "00" * 32 + "01" + "00" * 15, SEAM_SIGNER),
        ("mr_signer_seam", "00" * 47 + "01", SEAM_SIGNER),
    ],
)
def test_verify__open_td__reverts(refused, machine, name, field, value, reason):
    body = replace(BODIES[name], **{field: bytes.fromhex(value)})
    refused(reason, machine.quote(body))


# ── TCB ──


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("component", range(16))
def test_verify__a_component_below_the_floor__reverts(refused, accepted, intel, name, component):
    values = intel.machine_values("odd")
    for svn, reason in ((9, TCB_FLOOR), (0, TCB_FLOOR), (10, None), (11, None), (255, None)):
        svns = altered(values.svns, component, bytes([svn]))
        odd = Machine.simulate(intel, "odd", replace(values, svns=svns)).quote(BODIES[name])
        refused(reason, odd) if reason else accepted(odd)


@pytest.mark.parametrize("name", BODIES)
def test_verify__around_the_floor_of_the_pce(refused, accepted, intel, name):
    values = intel.machine_values("odd")
    for pce_svn in (0, 19):
        odd = Machine.simulate(intel, "odd", replace(values, pce_svn=pce_svn))
        refused(TCB_FLOOR, odd.quote(BODIES[name]))
    for pce_svn in (20, 21, 255, 256, 65_535):
        accepted(
            Machine.simulate(intel, "odd", replace(values, pce_svn=pce_svn)).quote(BODIES[name])
        )


@pytest.mark.parametrize("name", BODIES)
def test_verify__unknown_kind_of_machine__reverts(refused, intel, name):
    for fmspc in (FMSPC[::-1], bytes(6), FMSPC[:5] + b"\1", b"\0" + FMSPC[:5]):
        values = replace(intel.machine_values("odd"), fmspc=fmspc)
        refused(TCB_UNKNOWN, Machine.simulate(intel, "odd", values).quote(BODIES[name]))


@pytest.mark.parametrize("name", TDX)
@pytest.mark.parametrize(
    ("tee_tcb_svn", "reason"),
    [
        ([10, 1, 10], None),
        ([11, 1, 11, 255, 255], None),
        ([9, 1, 10], TCB_FLOOR),
        ([10, 1, 9], TCB_FLOOR),
        ([10, 2, 10], TCB_UNKNOWN),
        ([255, 0, 9], TCB_FLOOR),
        ([10, 0, 10], None),
        ([255, 255, 255], TCB_UNKNOWN),
    ],
)
def test_verify__tdx_tcb(refused, accepted, machine, name, tee_tcb_svn, reason):
    """Simulated machines: modules 0 and 1 from SVN 10 on, late microcode from 10 on."""
    body = replace(BODIES[name], tee_tcb_svn=bytes(tee_tcb_svn).ljust(16, b"\0"))
    refused(reason, machine.quote(body)) if reason else accepted(machine.quote(body))


def test_verify__cached_machine_below_the_floor__reverts(refused, verifier, intel, trust):
    values = replace(intel.machine_values("low"), pce_svn=19)
    quote = Machine.simulate(intel, "low", values).quote(BODIES["sgx v3"])
    chain = Chain.of(quote, trust.root_key)
    verifier.add_ca(chain.ca)
    verifier.add_pck(astuple(chain.authority_record), chain.pck)
    refused(TCB_FLOOR, evidence(quote, trust.root_key, Known.PCK))
