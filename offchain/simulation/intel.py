"""The SIMULATED Intel: a root, its intermediate CA and its TCB signer, made from a seed."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec

from offchain.attestation.sgx_extension import SgxExtension
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.simulation import issuing

DEVELOPMENT_SEED = b"Golden Grain development"
"""The public seed of the simulated root on development networks."""
NOT_BEFORE = 1_577_836_800
"""2020-01-01."""
NOT_AFTER = 2_524_607_999
"""2049-12-31 23:59:59, the last second that UTCTime can express."""
FMSPC = b"SIMUL\0"


def serial_number(seed: bytes, label: str) -> int:
    """Return a serial number of 160 bits, as Intel's have; half of them take 21 bytes in DER."""
    return int.from_bytes(sha256(seed + b"serial" + label.encode()).digest()[:20], "big") | 1 << 152


@dataclass(frozen=True)
class Identity:
    """A key and the certificate for it."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: issuing.Certificate
    der: bytes

    @property
    def public_key(self) -> bytes:
        """X‖Y, 64 bytes."""
        return issuing.public(self.key)

    def issue(
        self, key: ec.EllipticCurvePrivateKey, certificate: issuing.Certificate
    ) -> "Identity":
        """Fill in issuer and ``key`` of a certificate and sign it, without any check."""
        filled = replace(certificate, issuer=self.certificate.subject, key=issuing.public(key))
        return Identity(key, filled, issuing.signed(filled.tbs(), self.key))

    def revoke(
        self,
        *serials: int,
        this_update: int = NOT_BEFORE,
        next_update: int = NOT_AFTER,
        number: int = 1,
    ) -> bytes:
        """Return a revocation list (DER) of this issuer."""
        subject = self.certificate.subject
        tbs = issuing.IssuedList(
            subject, self.public_key, this_update, next_update, serials, number
        ).tbs()
        return issuing.signed(tbs, self.key)


def extensions_for(
    issuer_key: bytes, key: bytes, usage: bytes, constraints: bytes, *more: bytes
) -> tuple[bytes, ...]:
    """Return the extensions in the order of Intel's certificates."""
    authority, subject = issuing.key_identifiers(issuer_key, key)
    return authority, subject, usage, constraints, *more


@dataclass(frozen=True)
class SimulatedIntel:
    """The keys and certificates that Intel would hold: root, intermediate CA, TCB signer.

    SIMULATED, for development and tests only: an attacker who knows the seed can make any quote. A
    contract trusts it only if its constructor was given ``root.public_key``.
    """

    seed: bytes = field(repr=False)
    root: Identity
    authority: Identity
    tcb_signer: Identity

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Make the hierarchy of a seed; the same seed gives the same bytes."""
        root_key = issuing.private_key(seed, "root")
        root_public = issuing.public(root_key)
        root_certificate = issuing.Certificate(
            serial=serial_number(seed, "root"),
            issuer=issuing.name("SGX Root CA"),
            not_before=NOT_BEFORE,
            not_after=NOT_AFTER,
            subject=issuing.name("SGX Root CA"),
            key=root_public,
            extensions=extensions_for(
                root_public,
                root_public,
                issuing.CA_USAGE,
                issuing.basic_constraints(True, 1),
            ),
        )
        root = Identity(
            root_key, root_certificate, issuing.signed(root_certificate.tbs(), root_key)
        )
        authority_key = issuing.private_key(seed, "authority")
        authority = replace(
            root_certificate,
            serial=serial_number(seed, "authority"),
            subject=issuing.name("SGX PCK Platform CA"),
            extensions=extensions_for(
                root_public,
                issuing.public(authority_key),
                issuing.CA_USAGE,
                issuing.basic_constraints(True, 0),
            ),
        )
        signer_key = issuing.private_key(seed, "tcb signer")
        signer = replace(
            root_certificate,
            serial=serial_number(seed, "tcb signer"),
            subject=issuing.name("SGX TCB Signing"),
            extensions=extensions_for(
                root_public,
                issuing.public(signer_key),
                issuing.SIGNER_USAGE,
                issuing.basic_constraints(False),
            ),
        )
        return cls(seed, root, root.issue(authority_key, authority), root.issue(signer_key, signer))

    def machine_values(self, label: str) -> SgxExtension:
        """Return the default SGX extension for the machine called ``label``."""
        ppid = sha256(self.seed + b"ppid" + label.encode()).digest()[:16]
        return SgxExtension(ppid, FMSPC, bytes([10] * 16), 20)

    def issue_pck(
        self,
        label: str,
        values: SgxExtension | None = None,
        *,
        not_before: int = NOT_BEFORE,
        not_after: int = NOT_AFTER,
        serial: int | None = None,
    ) -> Identity:
        """Issue a PCK key and certificate for the machine called ``label``."""
        key = issuing.private_key(self.seed, f"pck {label}")
        sgx = self.machine_values(label) if values is None else values
        return self.authority.issue(
            key,
            issuing.Certificate(
                serial=serial_number(self.seed, label) if serial is None else serial,
                issuer=self.authority.certificate.subject,
                not_before=not_before,
                not_after=not_after,
                subject=issuing.name("SGX PCK Certificate"),
                key=issuing.public(key),
                extensions=extensions_for(
                    self.authority.public_key,
                    issuing.public(key),
                    issuing.SIGNER_USAGE,
                    issuing.basic_constraints(False),
                    issuing.sgx(sgx),
                ),
            ),
        )


SIMULATED_ROOT_KEY = SimulatedIntel.from_seed(DEVELOPMENT_SEED).root.public_key
"""The simulated root's public key, X‖Y. Its seed is public: any attestation can be forged."""

_ROOT_NAMES = {INTEL_ROOT_KEY: "Intel SGX Root CA", SIMULATED_ROOT_KEY: "SIMULATED"}


def root_name(root_key: bytes) -> str:
    """Return the name of a root key X‖Y (64 bytes), for people who check a verifier."""
    return _ROOT_NAMES.get(root_key, f"unknown {root_key.hex()}")
