"""Program ids: one bytes32 for what runs in an enclave, whoever's machine it runs on.

``program = keccak256(TAG ‖ parts of the report body as they stand in the quote)``

========== ==================================== =========================
kind       TAG = keccak256 of                   body bytes
========== ==================================== =========================
sgx        ``GoldenGrain.Program.SGX``          [16:96] ‖ [192:320]
tdx        ``GoldenGrain.Program.TDX``          [120:520]
tdx-dstack ``GoldenGrain.Program.TDX.dstack``   [120:472]
========== ==================================== =========================

SGX: MISCSELECT, ISVEXTPRODID, ATTRIBUTES with XFRM, MRENCLAVE; CONFIGID, ISVPRODID, ISVSVN,
CONFIGSVN, ISVFAMILYID. Not MRSIGNER: MRENCLAVE fixes the code, and every operator may sign the
same enclave with a key of its own. ISVSVN is exact: another SVN is another program.

TDX: TDATTRIBUTES, XFAM, MRTD, MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0 to RTMR3. Not
MRSERVICETD: version 4 does not carry it, and a service TD has power only over a migratable
domain, which the verifier refuses. Under dstack RTMR3 differs from instance to instance and is
left out; MRCONFIGID, which must not be zero, then binds the application.
"""

from enum import StrEnum

from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.attestation.bodies import Body, SgxReport
from offchain.attestation.errors import Reason, RejectedError


class Kind(StrEnum):
    """How a program is measured."""

    SGX = "sgx"
    TDX = "tdx"
    TDX_DSTACK = "tdx-dstack"


TAGS = {
    Kind.SGX: keccak(text="GoldenGrain.Program.SGX"),
    Kind.TDX: keccak(text="GoldenGrain.Program.TDX"),
    Kind.TDX_DSTACK: keccak(text="GoldenGrain.Program.TDX.dstack"),
}


def kind_of(body: Body, dstack: bool = False) -> Kind:
    """The kind of a report body; ``dstack`` is a claim that the body does not show.

    Raises:
        RejectedError: ``dstack`` is claimed for an SGX enclave.
    """
    if isinstance(body, SgxReport):
        if dstack:
            raise RejectedError(Reason.EVIDENCE_KIND, "dstack runs trust domains, not SGX enclaves")
        return Kind.SGX
    return Kind.TDX_DSTACK if dstack else Kind.TDX


def program_id(body: Body, dstack: bool = False) -> bytes:
    """The program's id (32 bytes); the table above is its definition.

    Raises:
        RejectedError: ``dstack`` is claimed for an SGX enclave.
    """
    kind, data = kind_of(body, dstack), body.encode()
    if kind is Kind.SGX:
        return keccak(TAGS[kind] + data[16:96] + data[192:320])
    return keccak(TAGS[kind] + data[120 : 472 if dstack else 520])


def measurement(verifier: str, program: bytes) -> bytes:
    """What a task names: ``keccak256(abi_encode(verifier, program))`` (32 bytes).

    Args:
        verifier: address of the verifier contract, 20 bytes in hex.
        program: the program's id, 32 bytes.

    Raises:
        ValueError: not an address, or not 32 bytes.
    """
    if len(program) != 32:
        raise ValueError(f"program of {len(program)} bytes, expected 32")
    address = to_canonical_address(verifier)
    return keccak(abi_encode(["address", "bytes32"], [address, program]))
