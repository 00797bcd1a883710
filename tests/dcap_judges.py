"""Three judges of evidence: the contract, the verifier in Python, and Phala's `dcap-qvl`."""

from dataclasses import asdict
from typing import Any

import boa
import dcap_qvl

from offchain.attestation.collateral import Collateral
from offchain.attestation.evidence import BY_ROOT, Chain, Known, pack
from offchain.attestation.quote import Quote, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.simulation import collateral
from tests.dcap_refusals import INTEL, MACHINE, TRUST
from tests.inprocess import reason_of
from tests.offchain.attestation.support import AT, outcome

DOCUMENTS = {tee_type: collateral(INTEL, tee_type) for tee_type in TeeType}

Attested = tuple[bytes, bytes, int, bytes]
"""Program, platform, expiry, report data."""


def on_chain(verifier: Any, evidence: bytes) -> Attested | RejectionReason:
    """Return what the contract says of evidence; let it forget what it learnt."""
    try:
        with boa.env.anchor():
            attestation, report_data = verifier.verify_quote(evidence)
    except boa.BoaError as error:
        return RejectionReason(reason_of(error))
    return (
        attestation.program,
        attestation.platform,
        attestation.expiry,
        b"".join(report_data),
    )


def off_chain(
    quote: Quote | bytes, trust: Trust = TRUST, *, dstack: bool = False, at: int = AT
) -> Attested | RejectionReason:
    """Return what Python says of a quote."""
    verdict = outcome(quote, trust, dstack, at)
    if isinstance(verdict, VerifiedQuote):
        return verdict.program, verdict.platform, verdict.expiry, verdict.report_data
    return verdict


def whole(quote: Quote, trust: Trust = TRUST, dstack: bool = False) -> bytes:
    """Evidence with the whole chain."""
    return pack(quote, Chain.of(quote, trust.root_key), Known.ROOT, dstack=dstack)


def with_certificates(quote: Quote, leaf: bytes, ca: bytes) -> bytes:
    """Evidence with two certificates in the contract's form, whatever they are."""
    known = Chain.of(MACHINE.quote(quote.body), TRUST.root_key).pck_record
    return pack(quote, Chain(ca, leaf, BY_ROOT, known), Known.ROOT)


def they_accept(data: bytes, tee_type: TeeType, documents: Collateral | None = None) -> bool:
    """Return True where `dcap-qvl` finds a quote genuine and its machine up to date."""
    theirs = dcap_qvl.QuoteCollateralV3(**asdict(documents or DOCUMENTS[tee_type]))
    try:
        report = dcap_qvl.verify_with_root_ca(data, theirs, INTEL.root.der, AT)
    except ValueError:
        return False
    return bool(report.status == "UpToDate")
