"""Reasons for which evidence is rejected, as in `QuoteRejected`.

The contract gives the same words as its reason where it refuses the same evidence.
"""

from enum import StrEnum

from offchain.protocol.errors import GoldenGrainError


class RejectionReason(StrEnum):
    """The reason for which a quote, a certificate or a revocation list is rejected."""

    EVIDENCE_KIND = "evidence kind"
    QUOTE_LENGTH = "quote length"
    QUOTE_VERSION = "quote version"
    QUOTE_KEY_TYPE = "quote key type"
    QUOTE_TEE_TYPE = "quote tee type"
    QUOTE_VENDOR = "quote vendor"
    QUOTE_BODY_TYPE = "quote body type"
    CERTIFICATION_DATA = "certification data"
    QUOTE_SIGNATURE = "quote signature"
    QE_SIGNATURE = "qe signature"
    QE_BINDING = "qe binding"
    QE_DEBUG = "qe debug"
    QE_IDENTITY = "qe identity"
    QE_SVN = "qe svn"
    QE_UNKNOWN = "qe unknown"
    QE_STALE = "qe stale"
    DEBUG = "debug"
    ATTRIBUTES = "attributes"
    SERVICE_TD = "service td"
    MR_CONFIG = "mr config"
    DER = "der"
    CERTIFICATE_SIGNATURE = "certificate signature"
    CERTIFICATE_ISSUER = "certificate issuer"
    CERTIFICATE_ROLE = "certificate role"
    CERTIFICATE_EXPIRED = "certificate expired"
    CERTIFICATE_NOT_YET_VALID = "certificate not yet valid"
    CERTIFICATE_REVOKED = "certificate revoked"
    SGX_EXTENSION = "sgx extension"
    CRL_SIGNATURE = "crl signature"
    CRL_ISSUER = "crl issuer"
    CRL_NOT_YET_VALID = "crl not yet valid"
    CRL_STALE = "crl stale"
    CRL_SUPERSEDED = "crl superseded"
    COLLATERAL_SIGNATURE = "collateral signature"
    DOCUMENT_ID = "document id"
    DOCUMENT_FORM = "document form"
    DOCUMENT_NOT_YET_VALID = "document not yet valid"
    DOCUMENT_STALE = "document stale"
    DOCUMENT_SUPERSEDED = "document superseded"
    DOCUMENT_NUMBER = "document number"
    TCB_UNKNOWN = "tcb unknown"
    TCB_STALE = "tcb stale"
    TCB_FLOOR = "tcb floor"
    TDX_MODULE = "tdx module"


class QuoteRejected(GoldenGrainError, ValueError):
    """A quote, a certificate or a revocation list does not verify.

    Args:
        reason: its text is the contract's.
        detail: the bad value and what was expected.
    """

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
