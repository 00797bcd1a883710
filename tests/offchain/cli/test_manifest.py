"""The command ``golden-grain manifest`` on real data: its files, its lines and its refusals."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from offchain.__main__ import main
from offchain.protocol.artifacts import TEST_SET, decrypt_bytes
from offchain.protocol.encoding import from_json
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.model_spec import Output
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import unpack
from offchain.storage.store import Store


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    data = load_digits()
    file = tmp_path / "digits.npz"
    np.savez(file, inputs=data.data[1500:].astype("f4"), targets=data.target[1500:])
    return file


def command(tmp_path: Path, data: Path, out: str, *options: str) -> int:
    history = str(tmp_path / "history.json")
    return main(["manifest", str(data), str(tmp_path / out), "--history", history, *options])


def test_manifest__digits__opens_again_with_the_key(
    tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, digits, "out", "--metric", "accuracy", "--sample-size", "200") == 0
    manifest = from_json(Manifest, (tmp_path / "out" / "manifest.json").read_bytes())
    secret = (tmp_path / "out" / "test-set.key").read_bytes()
    assert key_commitment(secret) == manifest.test_set.key_commitment
    store = Store(str(tmp_path / "out" / "artifacts"))
    artifact = store.fetch_bytes(manifest.test_set.artifact_digest, 10**6)
    samples = unpack(decrypt_bytes(artifact, secret, TEST_SET), 297, manifest.model)
    np.testing.assert_array_equal(samples.targets, load_digits().target[1500:])
    assert (manifest.model.classes, manifest.sample_size) == (10, 200)
    assert manifest.selection is Selection.ENSEMBLE
    said = capsys.readouterr().out
    assert "inputs      297 of shape (64,), float32\n" in said
    assert "one row is 5,000 ppm\n" in said
    assert f"benchmark   0x{manifest.digest().hex()}\n" in said
    assert "warning" not in said


def test_manifest__key_file__is_for_its_owner_only(tmp_path: Path, digits: Path) -> None:
    command(tmp_path, digits, "out", "--metric", "accuracy")
    assert (tmp_path / "out" / "test-set.key").stat().st_mode & 0o777 == 0o600


def test_manifest__regression_on_whole_targets__takes_them_as_values(tmp_path: Path) -> None:
    data = load_diabetes()
    file = tmp_path / "diabetes.npz"
    np.savez(file, inputs=data.data, targets=data.target.astype("i8"))
    assert command(tmp_path, file, "out", "--metric", "r2") == 0
    manifest = from_json(Manifest, (tmp_path / "out" / "manifest.json").read_bytes())
    assert (manifest.model.output, manifest.model.classes) == (Output.VALUES, 0)
    assert manifest.model.input_dtype == "float64"


def test_manifest__some_samples_used_before__warns_how_many(
    tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(tmp_path, digits, "first", "--metric", "accuracy")
    first = from_json(Manifest, (tmp_path / "first" / "manifest.json").read_bytes())
    with np.load(digits) as arrays:
        inputs, targets = arrays["inputs"][::-1][:100], arrays["targets"][::-1][:100]
    fresh = inputs.copy()
    fresh[:40, 0] += 1
    np.savez(digits, inputs=fresh, targets=targets)
    capsys.readouterr()
    assert command(tmp_path, digits, "second", "--metric", "accuracy") == 0
    warning = f"warning: 60 of 100 samples were in the test set of 0x{first.digest().hex()}"
    assert warning in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arrays", "options", "error"),
    [
        ({"inputs": np.ones((3, 2), "f4")}, ["accuracy"], "expected inputs and targets"),
        (
            {"inputs": np.ones((3, 2), "f4"), "targets": np.array([0, {}, 1])},
            ["accuracy"],
            "holds Python objects or is no archive, expected arrays of numbers or text",
        ),
        (
            {"inputs": np.ones((3, 2), "f4"), "targets": np.array([0, 0.5, 1])},
            ["accuracy"],
            "target 0.5, expected classes: whole numbers, text or true and false",
        ),
        (
            {"inputs": np.ones((3, 2), "f2"), "targets": np.array([0, 1, 1])},
            ["accuracy"],
            "inputs of float16, expected one of float32, float64, int64, int32, uint8 or text",
        ),
        (
            {"inputs": np.ones((3, 2), "f4"), "targets": np.array([0, 1, 1])},
            ["accuracy", "--sample-size", "4"],
            "sample of 4 rows, expected 1 to 3",
        ),
        (
            {"inputs": np.ones((3, 2), "f4"), "targets": np.array([0, 1, 1])},
            ["accuracy", "--output", "labels"],
            "labels do not add up to a vote",
        ),
        (
            {"inputs": np.ones((3, 2), "f4"), "targets": np.array([1, 1, 1])},
            ["accuracy"],
            "1 classes in the targets, expected 2 to 10000",
        ),
        (
            {"inputs": np.full((3, 2), np.nan, "f4"), "targets": np.array([0, 1, 1])},
            ["accuracy"],
            "inputs hold nan, expected finite numbers; missing values need a manifest that",
        ),
        (
            {"inputs": np.ones((30, 2), "f4"), "targets": np.arange(30) // 29},
            ["roc_auc_ovr", "--sample-size", "3"],
            "roc_auc_ovr is not defined on any of 32 draws: all 3 targets of one class, expected "
            "at least two classes; expected a larger sample size than 3, or more samples of",
        ),
    ],
)
def test_manifest__wrong_data__says_so_and_leaves_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arrays: dict[str, np.ndarray],
    options: list[str],
    error: str,
) -> None:
    file = tmp_path / "data.npz"
    np.savez(file, **arrays)
    assert command(tmp_path, file, "out", "--metric", *options) == 1
    assert error in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz"]


def test_manifest__folder_with_a_key__is_not_overwritten(
    tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(tmp_path, digits, "out", "--metric", "accuracy")
    before = (tmp_path / "out" / "test-set.key").read_bytes()
    assert command(tmp_path, digits, "out", "--metric", "accuracy") == 1
    assert "exists, expected a folder without it" in capsys.readouterr().err
    assert (tmp_path / "out" / "test-set.key").read_bytes() == before


def test_manifest__no_such_file__says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, tmp_path / "absent.npz", "out", "--metric", "accuracy") == 1
    assert "No such file" in capsys.readouterr().err
