"""Sealed arrays on the disk of an untrusted host."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from offchain.enclave.sealed import SealedArrays, _nonce
from offchain.protocol.errors import RunAborted
from tests.vectors.generate import word

KEY = word("key")
ARRAYS = {
    7: np.arange(6, dtype=np.float32).reshape(3, 2),
    2: np.arange(6, dtype=np.float32).reshape(3, 2) + 1,
    3: np.array([1.5, -2.0]),
}


def sealed(file: BytesIO) -> SealedArrays:
    made = SealedArrays(KEY, file)
    for index, array in ARRAYS.items():
        made.put(index, array)
    return made


def test_getitem__each_array__comes_back_as_it_was() -> None:
    made = sealed(BytesIO())
    assert list(made) == [7, 2, 3]
    for index, array in ARRAYS.items():
        np.testing.assert_array_equal(made[index], array, strict=True)


def test_put__array__is_aes_gcm_with_the_index_as_nonce() -> None:
    file = BytesIO()
    sealed(file)
    nonce, content = bytes([*[0] * 11, 7]), file.getvalue()[: ARRAYS[7].nbytes + 16]
    assert AESGCM(KEY).decrypt(nonce, content, None) == ARRAYS[7].tobytes()
    assert _nonce(7) == nonce


def test_getitem__index_that_was_never_put__is_not_there() -> None:
    with pytest.raises(KeyError):
        sealed(BytesIO())[4]


def test_put__arrays__are_one_after_the_other_and_none_as_it_is() -> None:
    file = BytesIO()
    sealed(file)
    assert not any(array.tobytes() in file.getvalue() for array in ARRAYS.values())
    assert len(file.getvalue()) == sum(array.nbytes + 16 for array in ARRAYS.values())


def test_put__same_index_again__is_refused_since_its_nonce_is_used() -> None:
    with pytest.raises(ValueError, match="array 7 written twice, expected each once"):
        sealed(BytesIO()).put(7, ARRAYS[7])


def test_getitem__arrays_swapped_by_the_host__are_refused() -> None:
    file = BytesIO()
    made = sealed(file)
    size = len(ARRAYS[7].tobytes()) + 16
    content = file.getvalue()
    file.seek(0)
    file.write(content[size : 2 * size] + content[:size])
    for index in (7, 2):
        with pytest.raises(RunAborted, match=f"submission {index} .* on disk were altered"):
            made[index]
    np.testing.assert_array_equal(made[3], ARRAYS[3])


@pytest.mark.parametrize("keep", [0, 39])
def test_getitem__file_cut_short__is_refused(keep: int) -> None:
    file = BytesIO()
    made = sealed(file)
    file.truncate(keep)
    with pytest.raises(RunAborted, match="submission 7"):
        made[7]


def test_put__disk_full__aborts_the_run_and_names_the_submission() -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full:
        made = SealedArrays(KEY, full)
        with pytest.raises(RunAborted, match="No space left on device") as aborted:
            made.put(5, ARRAYS[7])
    assert aborted.value.submission == 5
    assert not made
