"""Intel's collateral for a quote, and the trust that follows from it."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from offchain.attestation import policy
from offchain.attestation.bundle import Bundle, SignedDocument
from offchain.attestation.policy import DEFAULT_ACCEPTED, Rules
from offchain.attestation.quote_files import load_json
from offchain.attestation.trust import Trust
from offchain.attestation.x509 import load_chain


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

    def to_bundle(self) -> Bundle:
        """Return the same as a bundle."""
        chains = (
            self.pck_crl_issuer_chain,
            self.tcb_info_issuer_chain,
            self.qe_identity_issuer_chain,
        )
        certificates = (each for chain in chains for each in load_chain(chain.encode()))
        return Bundle(
            tuple(dict.fromkeys(certificates)),
            (self.root_ca_crl, self.pck_crl),
            (
                SignedDocument(self.tcb_info, self.tcb_info_signature),
                SignedDocument(self.qe_identity, self.qe_identity_signature),
            ),
        )

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
            ValueError: the text is not such an object.
        """
        members, names = load_json(text), [field.name for field in fields(cls)]
        if not isinstance(members, dict):
            raise ValueError(f"collateral {text[:40]!r}, expected a JSON object")
        if wrong := [name for name in names if not isinstance(members.get(name), str)]:
            raise ValueError(f"collateral without the texts {wrong}, expected {names}")
        values: dict[str, Any] = {name: members[name] for name in names}
        for name in ("root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature"):
            values[name] = bytes.fromhex(values[name])
        return cls(**values)


def trust_in(
    collateral: Collateral, root_key: bytes, at: int, accepted: frozenset[str] = DEFAULT_ACCEPTED
) -> Trust:
    """Verify collateral under a root key; return the trust that follows from it at a time.

    Args:
        collateral: of one FMSPC and TEE.
        root_key: X‖Y of the root.
        at: Unix seconds; nothing may be stale then, and there is no grace.
        accepted: TCB statuses to accept, in Intel's names.

    Raises:
        QuoteRejected: see `policy.trust_in`.
    """
    return policy.trust_in(collateral.to_bundle(), root_key, at, Rules(accepted))
