"""``golden-grain check``: a model against a manifest, and the advice when it would be refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from offchain.cli.main import main
from offchain.protocol.encoding import to_json
from offchain.protocol.model_spec import ModelLimits
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.onnx_files import FEATURES, PROBABILITIES, constant, file, node
from tests.offchain.market import make_manifest
from tests.vectors.generate import word


def distribution(axis: int = 1) -> bytes:
    weights = constant("w", np.ones((FEATURES, 3)), np.float32)
    return file(
        [node("MatMul", ["x", "w"], ["s"]), node("Softmax", ["s"], ["y"], axis=axis)], [weights]
    )


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    made = make_manifest(word("test set"))
    limits = ModelLimits(memory_bytes=2**27, operations=10**10)
    target = tmp_path / "manifest.json"
    target.write_bytes(to_json(replace(made, model=PROBABILITIES, limits=limits)))
    return target


def check(tmp_path: Path, manifest: Path, model: bytes, *options: str) -> int:
    target = tmp_path / "model.onnx"
    target.write_bytes(model)
    return main(["check", str(target), "--manifest", str(manifest), *options])


def test_check__honest__is_ok_beside_the_limits(tmp_path, manifest, capsys):
    assert check(tmp_path, manifest, distribution()) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == ["file", "memory", "work", "batch", "time", "stable", "ok"]
    assert lines[1].endswith("of 134,217,728 bytes")


def test_check__given_rows__are_the_ones_that_run(tmp_path, manifest, capsys):
    rows = tmp_path / "rows.npy"
    np.save(rows, np.full((3, FEATURES), np.float32(1e38)))
    assert check(tmp_path, manifest, distribution(), "--rows", str(rows)) == 1
    assert "not-finite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1,2,3\n", "rows.npy: "),
        (b"", "rows.npy: "),
        (np.array([{}, 1], dtype=object), "Object arrays cannot be loaded"),
        (np.float32(1), "rows.npy: expected one array of rows"),
        (np.array([["a"] * FEATURES]), "rows.npy: could not convert string to float"),
        (np.zeros((3, FEATURES + 1), np.float32), "samples of shape (3, 9), expected (n, *(8,))"),
        (None, "rows.npy: No such file or directory"),
    ],
)
def test_check__file_that_is_no_rows__is_named(tmp_path, manifest, capsys, content, said):
    rows = tmp_path / "rows.npy"
    if isinstance(content, bytes):
        rows.write_bytes(content)
    elif content is not None:
        np.save(rows, content, allow_pickle=True)
    assert check(tmp_path, manifest, distribution(), "--rows", str(rows)) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (np.zeros(4, np.int64), "4 targets, expected one for each of 3 inputs"),
        (
            np.zeros((3, 2), np.int64),
            "shape (3, 2), expected int64 and ('n',)",
        ),
        (np.array([0, 1, 3]), "target 3, expected a class from 0 to 2"),
        (np.array(["a", "b", "c"]), "targets.npy: invalid literal for int()"),
    ],
)
def test_check__targets_of_another_kind__are_refused(tmp_path, manifest, capsys, targets, said):
    np.save(tmp_path / "rows.npy", np.zeros((3, FEATURES), np.float32))
    np.save(tmp_path / "targets.npy", targets)
    options = "--rows", str(tmp_path / "rows.npy"), "--targets", str(tmp_path / "targets.npy")
    assert check(tmp_path, manifest, distribution(), *options) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "detail", "remedy"),
    [
        (onnx_files.outside("w.bin"), "external-data: tensor 'w'", "external_data=False"),
        (onnx_files.linear(), "not-probabilities: from", "end the model with a softmax"),
        (onnx_files.endless(), "unsupported-op: op 'Loop'", "opset_version=18"),
    ],
)
def test_check__refused__has_the_detail_and_the_remedy(
    tmp_path, manifest, capsys, model, detail, remedy
):
    assert check(tmp_path, manifest, model) == 1
    error = capsys.readouterr().err
    assert detail in error
    assert remedy in error
