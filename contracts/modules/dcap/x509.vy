# pragma version 0.4.3
"""
@title X.509 certificates of Intel's profile
@license GNU Affero General Public License v3.0 only
@notice A certificate is its to-be-signed part as DER, followed by the 64 bytes r ‖ s of its signature.
@dev RFC 5280, narrowed to version 3, ecdsa-with-SHA256 and P-256 keys. Verifies no signature.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import der

MAX_CERTIFICATE: constant(uint256) = 1_536
MAX_EXTENSIONS: constant(uint256) = 12

# The fixed bytes between the parts that vary.
VERSION_3: constant(bytes5) = 0xa003020102
ECDSA_WITH_SHA256: constant(bytes12) = 0x300a06082a8648ce3d040302
P256_KEY: constant(bytes27) = 0x3059301306072a8648ce3d020106082a8648ce3d03010703420004
VALIDITY: constant(bytes2) = 0x301e
EXTENSIONS_TAG: constant(bytes1) = 0xa3
CRITICAL: constant(bytes3) = 0x0101ff

KEY_USAGE: constant(bytes5) = 0x0603551d0f
BASIC_CONSTRAINTS: constant(bytes5) = 0x0603551d13
SGX: constant(bytes11) = 0x06092a864886f84d010d01

# The values that Intel's profile gives them, in their OCTET STRING.
SIGNS_CERTIFICATES_AND_CRLS: constant(bytes6) = 0x040403020106
SIGNS_DATA: constant(bytes6) = 0x0404030206c0
AUTHORITY_OVER_LEAVES: constant(bytes10) = 0x040830060101ff020100  # CA:TRUE, pathlen 0
NO_AUTHORITY: constant(bytes4) = 0x04023000  # CA:FALSE

# Roles. Zero is a certificate whose extensions give it none of these roles.
INTERMEDIATE: constant(uint256) = 1  # certifies leaves
LEAF: constant(uint256) = 2  # a machine's provisioning certification key (PCK)
SIGNER: constant(uint256) = 3  # signs collateral: TCB info, QE identities


struct Certificate:
    role: uint256
    serial: uint256
    issuer: bytes32  # keccak256 of the name's DER
    subject: bytes32
    key: bytes32[2]  # X, Y
    not_before: uint256  # unix seconds
    not_after: uint256
    sgx_start: uint256  # offsets of the SGX extension's value, zero without one
    sgx_end: uint256


@internal
@pure
def _tbs_digest(_certificate: Bytes[MAX_CERTIFICATE]) -> bytes32:
    return sha256(slice(_certificate, 0, len(_certificate) - 64))


@internal
@pure
def _read_signature(_certificate: Bytes[MAX_CERTIFICATE]) -> bytes32[2]:
    size: uint256 = len(_certificate)
    return [extract32(_certificate, size - 64), extract32(_certificate, size - 32)]


@internal
@pure
def _enter(
    _certificate: Bytes[MAX_CERTIFICATE], _tag: bytes1, _start: uint256, _end: uint256
) -> (uint256, uint256):
    return der._open(extract32(_certificate, _start), _tag, _start, _end)


@internal
@pure
def _parse(_certificate: Bytes[MAX_CERTIFICATE]) -> Certificate:
    """
    @notice Parse the DER. Reverts unless it fills the to-be-signed part exactly.
    """
    if len(_certificate) <= 64:
        der._revert()
    size: uint256 = len(_certificate) - 64
    parsed: Certificate = empty(Certificate)

    at: uint256 = 0
    end: uint256 = 0
    at, end = self._enter(_certificate, der.SEQUENCE, 0, size)
    if end != size:
        der._revert()

    if extract32(_certificate, at, output_type=uint256) >> 216 != convert(VERSION_3, uint256):
        der._revert()
    parsed.serial, at = der._integer(extract32(_certificate, at + 5), at + 5, size)
    if extract32(_certificate, at, output_type=uint256) >> 160 != convert(
        ECDSA_WITH_SHA256, uint256
    ):
        der._revert()

    at += 12
    start: uint256 = at
    at, end = self._enter(_certificate, der.SEQUENCE, at, size)
    parsed.issuer = keccak256(slice(_certificate, start, end - start))

    # The validity is one word: a SEQUENCE of two UTCTimes.
    at = end
    validity: uint256 = extract32(_certificate, at, output_type=uint256)
    if validity >> 240 != convert(VALIDITY, uint256):
        der._revert()
    parsed.not_before = der._utc_time(convert(validity << 16, bytes32))
    parsed.not_after = der._utc_time(convert(validity << 136, bytes32))

    at += 32
    start = at
    at, end = self._enter(_certificate, der.SEQUENCE, at, size)
    parsed.subject = keccak256(slice(_certificate, start, end - start))

    at = end
    if at + 91 >= size:
        der._revert()
    if extract32(_certificate, at, output_type=uint256) >> 40 != convert(P256_KEY, uint256):
        der._revert()
    parsed.key = [extract32(_certificate, at + 27), extract32(_certificate, at + 59)]

    at += 91
    at, end = self._enter(_certificate, EXTENSIONS_TAG, at, size)
    if end != size:
        der._revert()
    at, end = self._enter(_certificate, der.SEQUENCE, at, size)
    if end != size:
        der._revert()
    return self._extensions(_certificate, at, parsed)


@internal
@pure
def _extensions(
    _certificate: Bytes[MAX_CERTIFICATE], _start: uint256, _parsed: Certificate
) -> Certificate:
    """
    @notice Read the extensions, from `_start` to the end of the to-be-signed part, and set the role that they give.
    """
    size: uint256 = len(_certificate) - 64
    parsed: Certificate = _parsed
    usage: uint256 = 0
    constraints: uint256 = 0
    at: uint256 = _start
    for _: uint256 in range(MAX_EXTENSIONS):
        if at == size:
            break
        extension: uint256 = at
        end: uint256 = 0
        extension, end = self._enter(_certificate, der.SEQUENCE, at, size)
        word: bytes32 = extract32(_certificate, extension)
        at = der._open(word, der.OBJECT_IDENTIFIER, extension, end)[1]
        if at - extension > 32:
            der._revert()
        oid: uint256 = convert(word, uint256) >> (8 * (32 - (at - extension)))

        critical: bool = (
            extract32(_certificate, at, output_type=uint256) >> 232 == convert(CRITICAL, uint256)
        )
        if critical:
            at += 3
        octets: uint256 = extract32(_certificate, at, output_type=uint256)
        octets_start: uint256 = at
        start: uint256 = 0
        start, at = self._enter(_certificate, der.OCTET_STRING, at, end)
        if at != end:
            der._revert()
        octets_size: uint256 = end - octets_start

        is_usage: bool = oid == convert(KEY_USAGE, uint256)
        is_constraints: bool = oid == convert(BASIC_CONSTRAINTS, uint256)
        if critical != (is_usage or is_constraints):
            errors._revert(dcap_errors.CERTIFICATE_ROLE)
        if critical:
            if octets_size > 32:
                der._revert()
            octets = octets >> (8 * (32 - octets_size))
            if is_usage:
                if usage != 0:
                    der._revert()
                usage = octets
            else:
                if constraints != 0:
                    der._revert()
                constraints = octets
        elif oid == convert(SGX, uint256):
            if parsed.sgx_start != 0:
                der._revert()
            parsed.sgx_start = start
            parsed.sgx_end = end
    if at != size:
        der._revert()

    if usage == convert(SIGNS_CERTIFICATES_AND_CRLS, uint256):
        if constraints == convert(AUTHORITY_OVER_LEAVES, uint256) and parsed.sgx_start == 0:
            parsed.role = INTERMEDIATE
    elif usage == convert(SIGNS_DATA, uint256) and constraints == convert(NO_AUTHORITY, uint256):
        parsed.role = LEAF if parsed.sgx_start != 0 else SIGNER
    return parsed
