"""`x25519_key._is_low_order` against the curve's equation and against an independent X25519."""

from pathlib import Path

import boa
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

P = 2**255 - 19
A = 486662  # RFC 7748, section 4.1: v^2 = u^3 + A u^2 + u
UNUSED_BIT = 1 << 255
MODULE = Path(__file__).parents[2] / "contracts" / "modules" / "common" / "x25519_key.vy"


def square_roots(a: int) -> list[int]:
    """Both roots of `a` modulo P, none if it is no square (P = 5 mod 8)."""
    root = pow(a, (P + 3) // 8, P)
    if root * root % P != a % P:
        root = root * pow(2, (P - 1) // 4, P) % P
    return [root, P - root] if root * root % P == a % P else []


def double(u: int) -> int | None:
    """u-coordinate of twice a point, None for infinity (RFC 7748's ladder step, affine)."""
    denominator = 4 * u * (u * u + A * u + 1) % P
    return None if denominator == 0 else pow(u * u - 1, 2, P) * pow(denominator, -1, P) % P


def vanishes(u: int) -> bool:
    """Return whether the point at `u` is of order 2, 4 or 8."""
    point: int | None = u
    for _ in range(3):
        point = None if point is None else double(point)
    return point is None


def low_order_coordinates() -> set[int]:
    """Every u below 2^255 whose point vanishes when doubled three times."""
    order_2 = {0}  # u^2 + A u + 1 has no root: A^2 - 4 is no square
    assert square_roots(A * A - 4) == []
    order_4 = {1, P - 1}  # (u^2 - 1)^2 = 0
    order_8 = set()
    for sign in (1, -1):  # (u^2 - 1)^2 = 4 sign u (u^2 + A u + 1), by w = u + 1/u
        for root in square_roots(2 + sign * A):
            w = 2 * sign + 2 * root
            order_8 |= {(w + r) * pow(2, -1, P) % P for r in square_roots(w * w - 4)}
    reduced = order_2 | order_4 | order_8
    return reduced | {u + P for u in reduced if u + P < UNUSED_BIT}


def encode(u: int) -> bytes:
    return u.to_bytes(32, "little")


def gives_zero_secret(key: bytes) -> bool:
    """Ask OpenSSL: it refuses an all-zero shared secret, as RFC 7748, section 6.1, allows."""
    private = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    try:
        private.exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        return True
    return False


@pytest.fixture(scope="module")
def x25519_key():
    return boa.load(str(MODULE))


def test_is_low_order__point_of_small_order__true(x25519_key):
    coordinates = low_order_coordinates()
    assert len(coordinates) == 7
    for u in coordinates:
        assert vanishes(u)
        for key in (encode(u), encode(u | UNUSED_BIT)):
            assert gives_zero_secret(key)
            assert x25519_key.internal._is_low_order(key)


def test_is_low_order__neighbours_and_ordinary_keys__false(x25519_key):
    near = {u + d for u in low_order_coordinates() for d in (-2, -1, 1, 2)}
    coordinates = {u for u in near if 0 <= u < UNUSED_BIT} - low_order_coordinates()
    coordinates |= {1 << bit for bit in range(1, 255)}
    for u in coordinates:
        assert not vanishes(u)
        assert not gives_zero_secret(encode(u))
        assert not x25519_key.internal._is_low_order(encode(u))


def test_is_low_order__key_read_as_big_endian__false(x25519_key):
    one = encode(1)[::-1]
    assert not gives_zero_secret(one)
    assert not x25519_key.internal._is_low_order(one)
