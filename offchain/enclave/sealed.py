"""Sealed arrays on the host's disk: more of them than an enclave's memory can hold.

They are encrypted with AES-256-GCM (NIST SP 800-38D) under a key that only the enclave has. An
array's index is its nonce, so the host cannot substitute one array for another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from offchain.protocol.errors import RunAborted

Array = NDArray[Any]


@dataclass(frozen=True)
class _Place:
    """Position of a sealed array in the file (bytes), and its shape and type."""

    offset: int
    size: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class SealedArrays(Mapping[int, Array]):
    """Arrays of submissions by index. Each is written once; a read decrypts one of them."""

    def __init__(self, key: bytes, file: IO[bytes]) -> None:
        """Start with no arrays.

        Args:
            key: 32 bytes, never used for another object.
            file: empty, for this object alone.
        """
        self._cipher = AESGCM(key)
        self._file = file
        self._places: dict[int, _Place] = {}

    def put(self, index: int, array: Array) -> None:
        """Seal an array and write it.

        Raises:
            RunAborted: the disk failed.
            ValueError: there is already one with this index.
        """
        if index in self._places:
            raise ValueError(f"array {index} written twice, expected each once")
        sealed = self._cipher.encrypt(
            _nonce(index), np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, None
        )
        try:
            offset = self._file.seek(0, 2)
            self._file.write(sealed)
            self._file.flush()
        except OSError as error:
            raise RunAborted(index, f"its outputs cannot be written to disk: {error}") from error
        self._places[index] = _Place(offset, len(sealed), array.shape, array.dtype)

    def __getitem__(self, index: int) -> Array:
        """Read and decrypt an array.

        Raises:
            KeyError: there is none.
            RunAborted: the host altered the bytes.
        """
        place = self._places[index]
        self._file.seek(place.offset)
        try:
            content = self._cipher.decrypt(_nonce(index), self._file.read(place.size), None)
        except InvalidTag as error:
            raise RunAborted(index, "its outputs on disk were altered") from error
        return np.frombuffer(content, place.dtype).reshape(place.shape)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")
