"""Steps that the tests of `DcapVerifier` repeat."""

from collections.abc import Callable
from typing import Any

import pytest

from offchain.attestation.evidence import Chain
from offchain.attestation.quote import Quote
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.simulation import Identity, issuing
from tests.anvil import now, rpc
from tests.offchain.attestation.support import genuine

Attested = tuple[bytes, bytes, int]
NOT_OWNER = "ownable: caller is not the owner"
DAY = 86_400


def kept_by(verifier: Any) -> Callable[[bytes], bytes]:
    """The view `certificate`, with bytes in and out."""
    return lambda identifier: bytes(verifier.certificate(identifier))


def verify(verifier: Any, evidence: bytes, report_data: bytes) -> Attested:
    """Return the answer of `verify` without a transaction: program, platform, expiry."""
    program, platform, expiry = verifier.verify.call(evidence, report_data)
    return bytes(program), bytes(platform), int(expiry)


def verify_quote(verifier: Any, evidence: bytes) -> tuple[Attested, bytes]:
    """Return the answer of `verify_quote` without a transaction: attestation and report data."""
    (program, platform, expiry), report_data = verifier.verify_quote.call(evidence)
    attested = bytes(program), bytes(platform), int(expiry)
    return attested, b"".join(bytes(word) for word in report_data)


def live(name: str) -> tuple[Quote, Chain]:
    """A genuine quote with its chain; skips the test once its certificates expired."""
    quote = genuine(name)
    chain = Chain.of(quote, INTEL_ROOT_KEY)
    if now() > chain.pck_record.expiry:
        pytest.skip(f"the certificates of {name} expired at {chain.pck_record.expiry}")
    return quote, chain


def views_see(time: int) -> None:
    """Mines a block of this time, which calls see from then on."""
    rpc("evm_mine", time)


def signed(document: bytes, issuer: Identity) -> bytes:
    """Any bytes, signed, in the contract's form of certificates and revocation lists."""
    return document + issuing.sign(issuer.key, document)
