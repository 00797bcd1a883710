"""Shared parts of the tests of `DcapVerifier` and `TcbPolicy`: both deployed, and their input."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

from cryptography.x509 import load_der_x509_certificate

from offchain.attestation.collateral import Collateral
from offchain.attestation.evidence import (
    BY_ROOT,
    AuthorityRecord,
    Chain,
    Known,
    certificate_bytes,
    crl_bytes,
    pack,
)
from offchain.attestation.quote import Quote
from offchain.attestation.x509 import CertificateFields, load_chain, read_certificate
from offchain.simulation import Identity, sgx_report, td10_report, td15_report

REPORT_DATA = bytes(range(32))
"""The report data that the tests' enclaves have quoted; 32 zero bytes follow."""
BODIES = {
    "sgx v3": sgx_report(REPORT_DATA + bytes(32)),
    "tdx v4": td10_report(REPORT_DATA + bytes(32)),
    "tdx v5": td15_report(REPORT_DATA + bytes(32)),
}
UP_TO_DATE, SW_HARDENING = 1, 2
GRACE_DAYS = 14
UpdateArguments = tuple[bytes, tuple[bytes, bytes], bytes]


def words(key: bytes) -> tuple[bytes, bytes]:
    """A key's X and Y, or a signature's r and s."""
    return key[:32], key[32:]


@dataclass(frozen=True)
class Attesting:
    """A policy and its verifier, on any kind of chain."""

    policy: Any
    verifier: Any

    @classmethod
    def deploy(
        cls,
        deploy: Callable[..., Any],
        root_key: bytes,
        *,
        statuses: int = UP_TO_DATE,
        grace_days: int = GRACE_DAYS,
    ) -> "Attesting":
        """Deploy both by `deploy(name, *arguments)`; they know nothing yet."""
        made = cls.of_policy(deploy, deploy("TcbPolicy", statuses, grace_days), root_key)
        made.policy.set_verifier(made.verifier)
        return made

    @classmethod
    def of_policy(cls, deploy: Callable[..., Any], policy: Any, root_key: bytes) -> "Attesting":
        """Deploy a verifier that asks this policy."""
        return cls(policy, deploy("DcapVerifier", words(root_key), policy))

    def add_authority(self, collateral: Collateral) -> AuthorityRecord:
        """Admit the issuer of the PCK certificates; return its record."""
        root_key = b"".join(bytes(word) for word in self.verifier.root())
        issuer = read_certificate(load_chain(collateral.pck_crl_issuer_chain.encode())[0])
        self.verifier.add_ca(certificate_bytes(issuer))
        return AuthorityRecord.of(issuer, root_key)

    def add_lists(self, collateral: Collateral) -> None:
        """Apply the revocation lists of the root and of the issuer of the PCK certificates."""
        self.verifier.add_crl(astuple(BY_ROOT), crl_bytes(collateral.root_ca_crl), 2_048)
        record = astuple(self.add_authority(collateral))
        self.verifier.add_crl(record, crl_bytes(collateral.pck_crl), 2_048)

    def update(self, collateral: Collateral) -> None:
        """Bring TCB info and identity."""
        self.policy.update_tcb(*tcb_arguments(collateral))
        self.policy.update_identity(*identity_arguments(collateral))

    def bring(self, *collateral: Collateral) -> "Attesting":
        """Bring everything that quotes need; return itself."""
        for each in collateral:
            self.add_lists(each)
            self.update(each)
        return self


def tcb_arguments(collateral: Collateral) -> UpdateArguments:
    """The arguments of `update_tcb`."""
    return (
        collateral.tcb_info.encode(),
        words(collateral.tcb_info_signature),
        _signer(collateral.tcb_info_issuer_chain),
    )


def identity_arguments(collateral: Collateral) -> UpdateArguments:
    """The arguments of `update_identity`."""
    return (
        collateral.qe_identity.encode(),
        words(collateral.qe_identity_signature),
        _signer(collateral.qe_identity_issuer_chain),
    )


def _signer(chain: str) -> bytes:
    return certificate_bytes(read_certificate(load_chain(chain.encode())[0]))


def fields(of: Identity) -> CertificateFields:
    """The fields of a simulated certificate."""
    return read_certificate(load_der_x509_certificate(of.der))


def certificate(of: Identity) -> bytes:
    """A simulated certificate as the contract takes it."""
    return certificate_bytes(fields(of))


def evidence(
    quote: Quote, root_key: bytes, known: Known = Known.ROOT, *, dstack: bool = False
) -> bytes:
    """Evidence for a quote and its own chain."""
    return pack(quote, Chain.of(quote, root_key), known, dstack=dstack)
