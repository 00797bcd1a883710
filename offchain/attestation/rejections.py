"""Reasons for which evidence is rejected, as in `QuoteRejected`.

The contract gives the same words as its reason where it refuses the same evidence.
"""

from enum import StrEnum


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
    DEBUG = "debug"
    ATTRIBUTES = "attributes"
    SEAM_SIGNER = "seam signer"
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
    TCB_UNKNOWN = "tcb unknown"
    TCB_FLOOR = "tcb floor"
    COLLATERAL_SIGNATURE = "collateral signature"
    COLLATERAL_STALE = "collateral stale"
