# pragma version 0.4.3
"""
@title Every revert reason of the DCAP verifier, each defined once
@license GNU Affero General Public License v3.0 only
@notice interfaces/IDcapVerifier.vyi says for each function what a reason means. Reasons that other contracts have too
        stand in common/errors.vy. The verifier in offchain/attestation rejects the same evidence with the same reasons.
"""

# ── Chain ──

NO_PRECOMPILE: constant(String[32]) = "no p256 precompile"

# ── Evidence and quote ──

EVIDENCE_KIND: constant(String[32]) = "evidence kind"
QUOTE_LENGTH: constant(String[32]) = "quote length"
QUOTE_VERSION: constant(String[32]) = "quote version"
QUOTE_KEY_TYPE: constant(String[32]) = "quote key type"
QUOTE_TEE_TYPE: constant(String[32]) = "quote tee type"
QUOTE_VENDOR: constant(String[32]) = "quote vendor"
QUOTE_BODY_TYPE: constant(String[32]) = "quote body type"
QUOTE_SIGNATURE: constant(String[32]) = "quote signature"
REPORT_DATA: constant(String[32]) = "report data"

# ── Quoting enclave ──

QE_SIGNATURE: constant(String[32]) = "qe signature"
QE_BINDING: constant(String[32]) = "qe binding"
QE_IDENTITY: constant(String[32]) = "qe identity"
QE_SVN: constant(String[32]) = "qe svn"
QE_DEBUG: constant(String[32]) = "qe debug"
QE_UNKNOWN: constant(String[32]) = "qe unknown"
QE_STALE: constant(String[32]) = "qe stale"

# ── Body ──

DEBUG: constant(String[32]) = "debug"
ATTRIBUTES: constant(String[32]) = "attributes"
SERVICE_TD: constant(String[32]) = "service td"
MR_CONFIG: constant(String[32]) = "mr config"

# ── Certificates and revocation lists ──

DER: constant(String[32]) = "der"
CERTIFICATE_SIGNATURE: constant(String[32]) = "certificate signature"
CERTIFICATE_ISSUER: constant(String[32]) = "certificate issuer"
CERTIFICATE_ROLE: constant(String[32]) = "certificate role"
CERTIFICATE_EXPIRED: constant(String[32]) = "certificate expired"
CERTIFICATE_NOT_YET_VALID: constant(String[32]) = "certificate not yet valid"
CERTIFICATE_REVOKED: constant(String[32]) = "certificate revoked"
CERTIFICATE_UNKNOWN: constant(String[32]) = "certificate unknown"
SGX_EXTENSION: constant(String[32]) = "sgx extension"
CRL_SIGNATURE: constant(String[32]) = "crl signature"
CRL_ISSUER: constant(String[32]) = "crl issuer"
CRL_STALE: constant(String[32]) = "crl stale"
CRL_SUPERSEDED: constant(String[32]) = "crl superseded"
CRL_NOT_YET_VALID: constant(String[32]) = "crl not yet valid"
COLLATERAL_SIGNATURE: constant(String[32]) = "collateral signature"

# ── Documents ──

DOCUMENT_ID: constant(String[32]) = "document id"
DOCUMENT_FORM: constant(String[32]) = "document form"
DOCUMENT_NOT_YET_VALID: constant(String[32]) = "document not yet valid"
DOCUMENT_STALE: constant(String[32]) = "document stale"
DOCUMENT_SUPERSEDED: constant(String[32]) = "document superseded"
DOCUMENT_NUMBER: constant(String[32]) = "document number"

# ── Policy ──

NO_VERIFIER: constant(String[32]) = "no verifier"
VERIFIER_SET: constant(String[32]) = "verifier set"
BAD_VERIFIER: constant(String[32]) = "bad verifier"
BAD_STATUSES: constant(String[32]) = "bad statuses"
BAD_GRACE: constant(String[32]) = "bad grace"
BAD_FLOOR: constant(String[32]) = "bad floor"
TCB_UNKNOWN: constant(String[32]) = "tcb unknown"
TCB_STALE: constant(String[32]) = "tcb stale"
TCB_FLOOR: constant(String[32]) = "tcb floor"
TDX_MODULE: constant(String[32]) = "tdx module"
