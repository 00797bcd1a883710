"""Evidence is read as it was packed: SVNs of the machine, of the TDX module, of the QE."""

import pytest

from offchain.attestation.evidence import Known
from offchain.attestation.quote import TdReport
from offchain.page.tcb import machine_in
from tests.dcap import BODIES, evidence


@pytest.mark.parametrize("known", Known)
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("dstack", [False, True])
def test_machine_in__evidence_of_every_kind__has_the_svns_of_its_quote(
    name, known, dstack, intel, machine
):
    quote = machine.quote(BODIES[name])
    packed = evidence(quote, intel.root.public_key, known, dstack=dstack)
    body = quote.body
    svns = body.tee_tcb_svn if isinstance(body, TdReport) else b""
    assert machine_in(packed) == (quote.tee_type, svns, quote.qe_report.isv_svn)


@pytest.mark.parametrize("packed", [b"", b"\x07", bytes(300), b"\x02" + bytes(300)])
def test_machine_in__no_evidence__is_refused(packed):
    with pytest.raises(ValueError, match=r"evidence of \d+ bytes"):
        machine_in(packed)
