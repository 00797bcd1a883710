# pragma version 0.4.3
"""
@title Header and body of a quote
@license GNU Affero General Public License v3.0 only
@notice The attestation key signs this part of a quote. Functions read its form and the program that it names.
@dev Layouts: Intel SGX ECDSA QuoteLibReference, appendix A.4; Intel TDX DCAP Quoting Library API, appendix A.3, A.4.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import documents

MAX_SIGNED: constant(uint256) = 702
MIN_SIGNED: constant(uint256) = 432
MAX_BODY: constant(uint256) = MAX_SIGNED  # 648, but a slice has the type of what it is cut from
SGX_REPORT_DATA: constant(uint256) = 320
TDX_REPORT_DATA: constant(uint256) = 520
TD_10_BODY: constant(uint256) = 584  # TD 1.5 appends TEE_TCB_SVN2 (16 bytes) and MRSERVICETD (48)

HEADER: constant(uint256) = 48
INTEL_QE: constant(bytes16) = 0x939a7233f79c4ca9940a0db3957f0607
ECDSA_P256: constant(bytes2) = 0x0200

# Version 5 declares type and size of its body.
TD_10: constant(bytes6) = 0x020048020000  # 2, 584 bytes
TD_15: constant(bytes6) = 0x030088020000  # 3, 648 bytes

SGX_PROGRAM: constant(bytes32) = keccak256("GoldenGrain.Program.SGX")
TDX_PROGRAM: constant(bytes32) = keccak256("GoldenGrain.Program.TDX")
DSTACK_PROGRAM: constant(bytes32) = keccak256("GoldenGrain.Program.TDX.dstack")

# Little-endian flags, in the 16 bytes of SGX attributes and in the 8 bytes of TD attributes.
_SGX_DEBUG: constant(uint256) = 2 << 120
_TD_DEBUG: constant(uint256) = 255 << 56  # all of the first byte: "under debug" (TUD)
_TD_SEPT_VE_DISABLE: constant(uint256) = 1 << 36  # bit 28
_TD_MIGRATABLE: constant(uint256) = 1 << 37  # bit 29
_TD_SERVTD_EXT: constant(uint256) = 1 << 41  # bit 17
# Bits 8 to 15, 23 to 26 and 32 to 61.
_TD_RESERVED: constant(uint256) = (255 << 48) | (1 << 47) | (7 << 32) | (2**24 - 1) << 8 | 63


struct Form:
    tee: uint256
    body: uint256  # offset of the body
    size: uint256  # of header and body


@internal
@pure
def _read_form(_head: bytes32, _descriptor: bytes32) -> Form:
    """
    @notice Return the form that the first 32 bytes of a quote declare; in version 5 the bytes from 48 on declare it
            too.
    """
    head: uint256 = convert(_head, uint256)
    form: Form = Form(tee=documents.TDX, body=HEADER, size=632)
    version: uint256 = head >> 240
    if version == 3 << 8:
        form.tee = documents.SGX
        form.size = 432
    elif version == 5 << 8:
        descriptor: uint256 = convert(_descriptor, uint256) >> 208
        form.body = 54
        if descriptor == convert(TD_10, uint256):
            form.size = 638
        else:
            if descriptor != convert(TD_15, uint256):
                errors._revert(dcap_errors.QUOTE_BODY_TYPE)
            form.size = 702
    else:
        if version != 4 << 8:
            errors._revert(dcap_errors.QUOTE_VERSION)
    if (head >> 224) & 65535 != convert(ECDSA_P256, uint256):
        errors._revert(dcap_errors.QUOTE_KEY_TYPE)
    if (head >> 192) & (2**32 - 1) != form.tee << 24:
        errors._revert(dcap_errors.QUOTE_TEE_TYPE)
    if (head >> 32) & (2**128 - 1) != convert(INTEL_QE, uint256):
        errors._revert(dcap_errors.QUOTE_VENDOR)
    return form


@internal
@pure
def _sgx_program(_body: Bytes[MAX_BODY]) -> bytes32:
    attributes: uint256 = extract32(_body, 32, output_type=uint256) & (2**128 - 1)
    if attributes & _SGX_DEBUG != 0:
        errors._revert(dcap_errors.DEBUG)
    return keccak256(concat(SGX_PROGRAM, slice(_body, 16, 80), slice(_body, 192, 128)))


@internal
@pure
def _tdx_program(_body: Bytes[MAX_BODY], _dstack: bool) -> bytes32:
    attributes: uint256 = extract32(_body, 96, output_type=uint256) & (2**64 - 1)
    if attributes & _TD_DEBUG != 0:
        errors._revert(dcap_errors.DEBUG)
    if attributes & (_TD_RESERVED | _TD_MIGRATABLE | _TD_SEPT_VE_DISABLE) != _TD_SEPT_VE_DISABLE:
        errors._revert(dcap_errors.ATTRIBUTES)
    # A service TD can reach into the domain, and the program does not name it.
    served: bool = attributes & _TD_SERVTD_EXT != 0
    if len(_body) != TD_10_BODY:
        served = (
            served
            or extract32(_body, 600) != empty(bytes32)
            or extract32(_body, 616) != empty(bytes32)
        )
    if served:
        errors._revert(dcap_errors.SERVICE_TD)
    if not _dstack:
        return keccak256(concat(TDX_PROGRAM, slice(_body, 120, 400)))
    # RTMR3 differs from instance to instance, so MRCONFIGID [184:232] has to name the application.
    if extract32(_body, 184) == empty(bytes32) and extract32(_body, 200) == empty(bytes32):
        errors._revert(dcap_errors.MR_CONFIG)
    return keccak256(concat(DSTACK_PROGRAM, slice(_body, 120, 352)))


@internal
@pure
def _seam(_body: Bytes[MAX_BODY]) -> uint256:
    """
    @notice Return the identity of the TDX module: 24 bytes of keccak256(MRSIGNERSEAM [64:112]), then SEAMATTRIBUTES
            [112:120].
    """
    attributes: uint256 = (extract32(_body, 96, output_type=uint256) >> 64) & (2**64 - 1)
    return (convert(keccak256(slice(_body, 64, 48)), uint256) >> 64 << 64) | attributes


@internal
@pure
def _tdx_svns(_body: Bytes[MAX_BODY]) -> uint256[2]:
    """
    @notice Return TEE_TCB_SVN of the domain's launch, and that of now, which only TD 1.5 has.
    """
    launched: uint256 = extract32(_body, 0, output_type=uint256) >> 128
    if len(_body) == TD_10_BODY:
        return [launched, launched]
    return [launched, extract32(_body, TD_10_BODY, output_type=uint256) >> 128]
