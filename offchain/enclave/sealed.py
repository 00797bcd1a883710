"""Arrays on the host's disk, sealed: more of them than an enclave's memory holds.

AES-256-GCM (NIST SP 800-38D) under a key that nobody else has; an array's index is its nonce, so
that none can be put in place of another.
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
    """Where an array lies, and its form."""

    offset: int
    size: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class SealedArrays(Mapping[int, Array]):
    """Arrays of submissions, by index, each written once; reading opens one at a time."""

    def __init__(self, key: bytes, file: IO[bytes]) -> None:
        """
        Args:
            key: 32 bytes, never used for another object.
            file: empty, for this object alone; goes with it.
        """
        self._cipher = AESGCM(key)
        self._file = file
        self._places: dict[int, _Place] = {}

    def put(self, index: int, array: Array) -> None:
        """Seals an array.

        Raises:
            RunAborted: the disk does not take it.
            ValueError: there is one of this index.
        """
        if index in self._places:
            raise ValueError(f"array {index} for the second time, expected each once")
        sealed = self._cipher.encrypt(_nonce(index), array.tobytes(), None)
        try:
            offset = self._file.seek(0, 2)
            self._file.write(sealed)
            self._file.flush()
        except OSError as error:
            raise RunAborted(index, f"its outputs cannot be kept on disk: {error}") from error
        self._places[index] = _Place(offset, len(sealed), array.shape, array.dtype)

    def __getitem__(self, index: int) -> Array:
        """
        Raises:
            KeyError: there is none.
            RunAborted: the disk gives other bytes back.
        """
        place = self._places[index]
        self._file.seek(place.offset)
        try:
            content = self._cipher.decrypt(_nonce(index), self._file.read(place.size), None)
        except InvalidTag as error:
            raise RunAborted(index, "its outputs on disk are not those written there") from error
        return np.frombuffer(content, place.dtype).reshape(place.shape)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")
