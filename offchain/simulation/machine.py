"""SIMULATED machines, whose quoting enclaves sign any report body."""

from base64 import b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec

from offchain.attestation.quote import Body, Quote, SgxReport, TdReport, TeeType
from offchain.attestation.sgx_extension import SgxExtension
from offchain.simulation import issuing
from offchain.simulation.intel import Identity, SimulatedIntel


@dataclass(frozen=True)
class QuotingEnclave:
    """The identity of a quoting enclave of Intel, which the simulated ones copy."""

    mr_signer: bytes
    isv_prod_id: int
    isv_svn: int


QUOTING_ENCLAVES = {
    TeeType.SGX: QuotingEnclave(
        bytes.fromhex("8c4f5775d796503e96137f77c68a829a0056ac8ded70140b081b094490c57bff"), 1, 8
    ),
    TeeType.TDX: QuotingEnclave(
        bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"), 2, 4
    ),
}
_QE_FLAGS = bytes.fromhex("1500000000000000e700000000000000")
_TD_ATTRIBUTES = bytes.fromhex("0000001000000000")
_QE_USER_DATA = b"SIMULATED QE".ljust(20, b"\0")


def _measure(name: str, size: int) -> bytes:
    return (sha256(f"SIMULATED {name}".encode()).digest() * 2)[:size]


def sgx_report(report_data: bytes) -> SgxReport:
    """Return a production enclave's report body with 64 bytes of report data."""
    return SgxReport(
        cpu_svn=bytes(16),
        misc_select=bytes(4),
        reserved1=bytes(12),
        isv_ext_prod_id=bytes(16),
        attributes=bytes.fromhex("0500000000000000e700000000000000"),
        mr_enclave=_measure("MRENCLAVE", 32),
        reserved2=bytes(32),
        mr_signer=_measure("MRSIGNER", 32),
        reserved3=bytes(32),
        config_id=bytes(64),
        isv_prod_id=1,
        isv_svn=1,
        config_svn=0,
        reserved4=bytes(42),
        isv_family_id=bytes(16),
        report_data=report_data,
    )


def td10_report(report_data: bytes) -> TdReport:
    """Return a production trust domain's report body (TD 1.0) with 64 bytes of report data."""
    return TdReport(
        tee_tcb_svn=bytes([10, 1, 10]) + bytes(13),
        mr_seam=_measure("MRSEAM", 48),
        mr_signer_seam=bytes(48),
        seam_attributes=bytes(8),
        td_attributes=_TD_ATTRIBUTES,
        xfam=bytes.fromhex("e702060000000000"),
        mr_td=_measure("MRTD", 48),
        mr_config_id=bytes(48),
        mr_owner=bytes(48),
        mr_owner_config=bytes(48),
        rtmr0=_measure("RTMR0", 48),
        rtmr1=_measure("RTMR1", 48),
        rtmr2=_measure("RTMR2", 48),
        rtmr3=_measure("RTMR3", 48),
        report_data=report_data,
    )


def td15_report(report_data: bytes) -> TdReport:
    """Return the report body of `td10_report` in the format of TD 1.5."""
    td = td10_report(report_data)
    return replace(td, tee_tcb_svn2=td.tee_tcb_svn, mr_service_td=bytes(48))


def qe_report(tee_type: TeeType) -> SgxReport:
    """Return the quoting enclave's report body, with the identity of Intel's quoting enclave."""
    identity = QUOTING_ENCLAVES[tee_type]
    return replace(
        sgx_report(bytes(64)),
        attributes=_QE_FLAGS,
        mr_enclave=_measure(f"{tee_type.name} QE", 32),
        mr_signer=identity.mr_signer,
        isv_prod_id=identity.isv_prod_id,
        isv_svn=identity.isv_svn,
    )


def pem(*certificates: bytes) -> bytes:
    """Encode DER certificates as PEM, with the final zero byte that quoting libraries write."""
    blocks = []
    for certificate in certificates:
        text = b64encode(certificate)
        lines = [text[i : i + 64] for i in range(0, len(text), 64)]
        blocks.append(
            b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])
        )
    return b"".join(blocks) + b"\0"


def binding(attestation_key: bytes, auth: bytes) -> bytes:
    """Return the report data that binds an attestation key to its quoting enclave."""
    return sha256(attestation_key + auth).digest() + bytes(32)


@dataclass(frozen=True)
class Machine:
    """A machine with its PCK key and its quoting enclaves."""

    pck: Identity
    chain: bytes
    """PEM: PCK certificate, intermediate CA, root."""
    attestation_key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def simulate(
        cls, intel: SimulatedIntel, label: str, values: SgxExtension | None = None
    ) -> "Machine":
        """Return the machine called ``label``; ``values`` is its certificate's SGX extension."""
        return cls.with_pck(intel, label, intel.issue_pck(label, values))

    @classmethod
    def with_pck(cls, intel: SimulatedIntel, label: str, pck: Identity) -> "Machine":
        """Return the machine called ``label`` with a given PCK certificate."""
        return cls(
            pck=pck,
            chain=pem(pck.der, intel.authority.der, intel.root.der),
            attestation_key=issuing.private_key(intel.seed, f"attestation {label}"),
        )

    def quote(
        self,
        body: Body,
        *,
        version: int | None = None,
        qe: SgxReport | None = None,
        qe_auth: bytes = bytes(range(32)),
        bind: bool = True,
    ) -> Quote:
        """Sign a report body without any check.

        Args:
            body: SGX report, or TD report of version 1.0 or 1.5.
            version: of the quote; 3 for SGX, 5 for TD 1.5, else 4.
            qe: the quoting enclave's report body; one with Intel's identity if absent.
            qe_auth: the quoting enclave's authentication data.
            bind: put the attestation key's digest into ``qe``.
        """
        if version is None:
            newest = 5 if isinstance(body, TdReport) and body.tee_tcb_svn2 else 4
            version = 3 if isinstance(body, SgxReport) else newest
        attestation_key = issuing.public(self.attestation_key)
        report = qe or qe_report(TeeType.SGX if version == 3 else TeeType.TDX)
        if bind:
            report = replace(report, report_data=binding(attestation_key, qe_auth))
        unsigned = Quote(
            version=version,
            reserved=bytes(4),
            user_data=_QE_USER_DATA,
            body=body,
            signature=bytes(64),
            attestation_key=attestation_key,
            qe_report=report,
            qe_signature=issuing.sign(self.pck.key, report.encode()),
            qe_auth=qe_auth,
            pck_chain=self.chain,
        )
        return replace(unsigned, signature=issuing.sign(self.attestation_key, unsigned.signed))
