"""Agreement with Phala's ``dcap-qvl``, an independent verifier, on genuine and simulated quotes."""

from dataclasses import asdict, replace

import dcap_qvl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import sgx_extension
from offchain.attestation.collateral import Collateral, trust_in
from offchain.attestation.quote import Quote, TeeType
from offchain.attestation.verify import verify
from offchain.attestation.x509 import load_chain, read_certificate
from offchain.protocol.errors import QuoteRejected
from offchain.simulation import Machine, SimulatedIntel, collateral
from tests.offchain.attestation.support import AT, BODIES, GENUINE, genuine, sign, vector

INTEL = SimulatedIntel.from_seed(b"independent")
MACHINE = Machine.simulate(INTEL, "machine")
DOCUMENTS = {tee_type: collateral(INTEL, tee_type) for tee_type in TeeType}


def they_accept(data: bytes, tee_type: TeeType, documents: Collateral | None = None) -> bool:
    theirs = dcap_qvl.QuoteCollateralV3(**asdict(documents or DOCUMENTS[tee_type]))
    try:
        report = dcap_qvl.verify_with_root_ca(data, theirs, INTEL.root.der, AT)
    except ValueError:
        return False
    return bool(report.status == "UpToDate")


def we_accept(quote: Quote, documents: Collateral | None = None) -> bool:
    trust = trust_in(documents or DOCUMENTS[quote.tee_type], INTEL.root.public_key, AT)
    try:
        verify(quote, trust, AT)
    except QuoteRejected:
        return False
    return True


def test_verify__genuine_quote_with_its_collateral__is_accepted_by_both() -> None:
    documents = Collateral.from_json(vector("tdx_v4_phala", "collateral.json").decode())
    theirs = dcap_qvl.QuoteCollateralV3(**asdict(documents))
    report = dcap_qvl.verify(vector("tdx_v4_phala"), theirs, 1_750_400_000)
    assert report.status == "UpToDate"


@pytest.mark.parametrize("name", GENUINE)
def test_read__genuine_pck_certificate__says_the_same_to_both(name: str) -> None:
    quote = genuine(name)
    theirs = dcap_qvl.parse_pck_extension_from_pem(quote.pck_chain.rstrip(b"\0"))
    ours = sgx_extension.read(read_certificate(load_chain(quote.pck_chain)[0]).sgx)
    assert (ours.ppid, ours.fmspc, ours.svns, ours.pce_svn) == (
        theirs.ppid,
        theirs.fmspc,
        theirs.cpu_svn,
        theirs.pce_svn,
    )


@pytest.mark.parametrize("name", BODIES)
def test_verify__simulated_quote__is_accepted_by_both(name: str) -> None:
    quote = MACHINE.quote(BODIES[name])
    assert we_accept(quote)
    assert they_accept(quote.encode(), quote.tee_type)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("sgx v3", {"attributes": bytes.fromhex("0700000000000000e700000000000000")}),
        ("tdx v4", {"td_attributes": bytes.fromhex("0100001000000000")}),
        ("tdx v4", {"td_attributes": bytes(8)}),
        ("tdx v5", {"td_attributes": bytes.fromhex("0000003000000000")}),
        ("tdx v5", {"seam_attributes": b"\x01" + bytes(7)}),
        ("tdx v4", {"mr_signer_seam": b"\x01" + bytes(47)}),
        ("tdx v5", {"tee_tcb_svn": bytes([9, 1, 10]) + bytes(13)}),
        ("tdx v5", {"tee_tcb_svn": bytes([10, 1, 9]) + bytes(13)}),
    ],
)
def test_verify__unfit_body__is_refused_by_both(name: str, changes: dict[str, bytes]) -> None:
    quote = sign(MACHINE, BODIES[name], **changes)
    assert not we_accept(quote)
    assert not they_accept(quote.encode(), quote.tee_type)


@pytest.mark.parametrize("name", BODIES)
def test_verify__machine_below_the_newest_level__is_refused_by_both(name: str) -> None:
    values = INTEL.machine_values("old")
    for change in ({"svns": bytes([9]) + values.svns[1:]}, {"pce_svn": 19}):
        quote = Machine.simulate(INTEL, "old", replace(values, **change)).quote(BODIES[name])
        assert not we_accept(quote)
        assert not they_accept(quote.encode(), quote.tee_type)


@pytest.mark.parametrize("name", BODIES)
def test_verify__revoked_pck_certificate__is_refused_by_both(name: str) -> None:
    quote = MACHINE.quote(BODIES[name])
    documents = collateral(INTEL, quote.tee_type, revoked=(MACHINE.pck.certificate.serial,))
    assert not we_accept(quote, documents)
    assert not they_accept(quote.encode(), quote.tee_type, documents)


@pytest.mark.parametrize("name", BODIES)
@given(st.data())
def test_verify__a_bit_changed__is_refused_by_both(name: str, data: st.DataObject) -> None:
    quote = MACHINE.quote(BODIES[name])
    encoded = quote.encode()
    offset = data.draw(st.integers(8, len(quote.signed) + 4 + 128 - 1))
    mask = 1 << data.draw(st.integers(0, 7))
    changed = encoded[:offset] + bytes([encoded[offset] ^ mask]) + encoded[offset + 1 :]
    assert not they_accept(changed, quote.tee_type)
