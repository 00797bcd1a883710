"""P256VERIFY (EIP-7951) for titanoboa, whose EVM ends at an earlier fork; on `cryptography`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boa.vm.py_evm import deregister_raw_precompile, register_raw_precompile
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ADDRESS = "0x0000000000000000000000000000000000000100"
GAS = 6_900


def _is_valid(data: bytes) -> bool:
    if len(data) != 160:
        return False
    r, s, x, y = (int.from_bytes(data[at : at + 32], "big") for at in range(32, 160, 32))
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        key.verify(encode_dss_signature(r, s), data[:32], ec.ECDSA(Prehashed(SHA256())))
    except (ValueError, InvalidSignature):
        return False
    return True


def _answer(computation: Any) -> Any:
    computation.consume_gas(GAS, reason="P256VERIFY")
    computation.output = bytes(31) + b"\x01" if _is_valid(computation.msg.data_as_bytes) else b""
    return computation


@contextmanager
def p256verify() -> Iterator[None]:
    """The precompile is there inside."""
    register_raw_precompile(ADDRESS, _answer, force=True)
    try:
        yield
    finally:
        deregister_raw_precompile(ADDRESS)
