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


@pytest.mark.parametrize("content", ["table", "array", "objects", "zip", "nothing"])
def test_manifest__no_archive_of_numbers__says_so_without_unsafe_advice(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "data.npz"
    if content == "array":
        with file.open("wb") as sink:
            np.save(sink, np.zeros(3))
    elif content == "objects":
        np.savez(file, inputs=np.array([{}], object), targets=np.zeros(1))
    else:
        text = {"table": b"a,b,y\n1,2,3\n", "zip": b"PK\x03\x04 not whole", "nothing": b""}[content]
        file.write_bytes(text)
    assert command(tmp_path, file, "out", "--metric", "accuracy") == 1
    said = capsys.readouterr().err
    assert "holds Python objects or is no archive, expected arrays of numbers or text" in said
    assert "unsafe" not in said
    assert "pickle" not in said


def test_manifest__array_file__says_how_to_save_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "data.npy", np.zeros(3))
    assert command(tmp_path, tmp_path / "data.npy", "out", "--metric", "accuracy") == 1
    assert "save a .npy array with numpy.savez" in capsys.readouterr().err


def test_manifest__no_rows__says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "head.csv").write_text("a,y\n")
    (tmp_path / "empty.csv").write_text("")
    np.savez(tmp_path / "empty.npz", inputs=np.zeros((0, 2), "f4"), targets=np.zeros(0))
    for name, fault in (
        ("head.csv", "has no rows"),
        ("empty.csv", "cannot be read as a table"),
        ("empty.npz", "has no samples"),
    ):
        options = ("--metric", "accuracy", "--target", "y")
        assert command(tmp_path, tmp_path / name, "out", *options) == 1
        assert fault in capsys.readouterr().err


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "many"])
def test_manifest__sample_size_that_is_none__is_a_usage_error(
    size: str, tmp_path: Path, digits: Path
) -> None:
    with pytest.raises(SystemExit) as stopped:
        command(tmp_path, digits, "out", "--metric", "accuracy", f"--sample-size={size}")
    assert stopped.value.code == 2


def test_manifest__sample_size__at_and_above_the_rows(
    tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--metric", "accuracy", "--sample-size")
    assert command(tmp_path, digits, "out", *options, "297") == 0
    assert command(tmp_path, digits, "more", *options, "298") == 1
    said = capsys.readouterr().err
    assert said == "sample of 298 rows, expected 1 to 297, the rows of the test set\n"
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize("name", ["loop", "Nonsense", ""])
def test_manifest__op_that_onnx_has_not__is_refused(
    name: str, tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--metric", "accuracy", "--allow-op")
    assert command(tmp_path, digits, "out", *options, name) == 1
    assert f"op {name!r}, expected one of ONNX" in capsys.readouterr().err
    assert command(tmp_path, digits, "out", *options, "Loop") == 0


def test_manifest__r2__has_no_worth_of_one_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = load_diabetes()
    np.savez(tmp_path / "data.npz", inputs=data.data, targets=data.target)
    assert command(tmp_path, tmp_path / "data.npz", "out", "--metric", "r2") == 0
    said = capsys.readouterr().out
    assert "metric      r2 of 442 rows\n" in said
    assert "one row is" not in said


def test_manifest__help__lists_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["manifest", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for each in ("accuracy, balanced_accuracy", "{top,ensemble}", "{float32,uint8}", "labels,"):
        assert each in said
