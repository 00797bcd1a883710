"""Intel's collateral for a quote, and the trust that follows from it."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from offchain.attestation import certificates, tcb
from offchain.attestation.quote import TeeType
from offchain.attestation.trust import SGX_QE, TDX_QE, Trust
from offchain.attestation.x509 import load_chain

UP_TO_DATE = frozenset({"UpToDate"})


@dataclass(frozen=True)
class Collateral:
    """The members of a QuoteCollateralV3, as certificate caching services return them."""

    pck_crl_issuer_chain: str
    """PEM."""
    root_ca_crl: bytes
    pck_crl: bytes
    tcb_info_issuer_chain: str
    tcb_info: str
    """JSON text, exactly as signed; the same holds for ``qe_identity``."""
    tcb_info_signature: bytes
    qe_identity_issuer_chain: str
    qe_identity: str
    qe_identity_signature: bytes

    def to_json(self) -> str:
        """Return a JSON object, with bytes in hex."""
        members = asdict(self).items()
        return json.dumps(
            {name: value.hex() if isinstance(value, bytes) else value for name, value in members}
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the result of ``to_json``.

        Raises:
            KeyError, ValueError: the text is not such an object.
        """
        members = json.loads(text)
        values: dict[str, Any] = {field.name: members[field.name] for field in fields(cls)}
        for name in ("root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature"):
            values[name] = bytes.fromhex(values[name])
        return cls(**values)


def trust_in(
    collateral: Collateral, root_key: bytes, at: int, accepted: frozenset[str] = UP_TO_DATE
) -> Trust:
    """Verify collateral under a root key; return the trust that follows from it at a time.

    Args:
        collateral: of one FMSPC and TEE.
        root_key: X‖Y of the root.
        at: Unix seconds; TCB info and QE identity must be current then.
        accepted: TCB statuses to accept, in Intel's names.

    Raises:
        QuoteRejected: a signature does not verify, or a document is not current.
        ValueError: the status of the newest TCB level is not accepted.
    """
    content = tcb.signed_document(
        collateral.tcb_info,
        collateral.tcb_info_signature,
        collateral.tcb_info_issuer_chain.encode(),
        root_key,
        at,
    )
    identity = tcb.signed_document(
        collateral.qe_identity,
        collateral.qe_identity_signature,
        collateral.qe_identity_issuer_chain.encode(),
        root_key,
        at,
    )
    issuer = load_chain(collateral.pck_crl_issuer_chain.encode())[0]
    authority = certificates.verify_authority(issuer, root_key, at)
    lists = (
        certificates.verify_crl(collateral.root_ca_crl, root_key, at),
        certificates.verify_crl(collateral.pck_crl, authority.key, at, issuer=authority.subject),
    )
    quoting_enclaves = {TeeType.SGX: SGX_QE, TeeType.TDX: TDX_QE}
    quoting_enclaves[TeeType[content["id"]]] = tcb.qe_identity(identity)
    return Trust(
        root_key=root_key,
        floors=tcb.propose_floors(tcb.tcb_info(content), accepted),
        revoked=lists[0].revoked | lists[1].revoked,
        quoting_enclaves=quoting_enclaves,
    )
