"""Agreement with Phala's ``dcap-qvl``, an independent verifier, on genuine and simulated quotes."""

from dataclasses import asdict

import dcap_qvl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import sgx_extension
from offchain.attestation.collateral import Collateral, trust_in
from offchain.attestation.quote import Quote
from offchain.attestation.rejections import QuoteRejected
from offchain.attestation.verify import verify
from offchain.attestation.x509 import load_chain, read_certificate
from offchain.simulation import collateral
from tests.dcap_judges import they_accept
from tests.dcap_refusals import INTEL, MACHINE
from tests.offchain.attestation.support import AT, BODIES, GENUINE, genuine, vector


def we_accept(quote: Quote, documents: Collateral) -> bool:
    trust = trust_in(documents, INTEL.root.public_key, AT)
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
