"""Test data from tables, archives and folders of images: what is read, and what is refused."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from PIL import Image

from offchain.protocol.manifest import Selection
from offchain.protocol.metrics import score
from offchain.protocol.model_spec import Input, Output
from offchain.protocol.sample import pack, unpack
from offchain.provider.data import Data, ReadOptions, map_classes, read_data
from offchain.provider.hidden_set import BenchmarkTerms, draft
from tests.vectors.generate import word

TABLE = """age,city,income,bought,weight
30,Köln,1.5,no,1
41,Rome,2.5,yes,2
25,Oslo,0.5,no,0.5
37,Rome,3.0,yes,1
"""


def write(folder: Path, text: str, name: str = "data.csv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def manifest_of(data: Data, metric: str, **changes: Any) -> Any:
    return draft(data, BenchmarkTerms(metric, **changes), word("secret"))[0]


def test_read_data__table_of_numbers__is_one_array(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b,c,y\n1,2.5,true,0\n3,4,false,1\n")
    data = read_data(file, "accuracy", ReadOptions(targets=("y",)))
    assert data.samples.inputs.tolist() == [[1, 2.5, 1], [3, 4, 0]]
    assert data.samples.inputs.dtype == np.float32
    assert data.samples.targets.tolist() == [0, 1]
    assert (data.class_names, data.inputs, data.warnings) == (("0", "1"), (), ())


def test_read_data__table_with_text__is_a_named_input_for_each_column(tmp_path: Path) -> None:
    file = write(tmp_path, TABLE)
    options = ReadOptions(targets=("bought",), weight="weight")
    data = read_data(file, "accuracy", options)
    assert data.inputs == (
        Input("age", (1,), "float32"),
        Input("city", (1,), "string", 5),
        Input("income", (1,), "float32"),
    )
    assert data.samples.inputs["city"].tolist() == [
        ["Köln".encode()],
        [b"Rome"],
        [b"Oslo"],
        [b"Rome"],
    ]
    assert data.samples.targets.tolist() == [0, 1, 0, 1]
    assert data.class_names == ("no", "yes")
    assert data.samples.weights is not None
    assert data.samples.weights.tolist() == [1, 2, 0.5, 1]
    manifest = manifest_of(data, "accuracy")
    assert manifest.class_names == ("no", "yes")
    assert manifest.test_set.weighted
    packed = pack(data.samples, manifest.model)
    assert (unpack(packed, 4, manifest.model, True).inputs == data.samples.inputs).all()


def test_read_data__parquet__is_as_csv(tmp_path: Path) -> None:
    file = write(tmp_path, TABLE)
    polars.read_csv(file).write_parquet(tmp_path / "data.parquet")
    options = ReadOptions(targets=("bought",), weight="weight", named=True)
    one, other = (
        read_data(tmp_path / name, "mcc", options) for name in ("data.csv", "data.parquet")
    )
    assert (one.samples.inputs == other.samples.inputs).all()
    assert replace(one, samples=other.samples) == other


def test_read_data__missing_values__only_if_allowed(tmp_path: Path) -> None:
    file = write(tmp_path, "a,b,y\n1,,0\n2,x,1\n,y,1\n")
    with pytest.raises(ValueError, match=r"column 'a' has missing values.*--missing"):
        read_data(file, "accuracy", ReadOptions(targets=("y",)))
    data = read_data(file, "accuracy", ReadOptions(targets=("y",), missing=True))
    assert np.isnan(data.samples.inputs["a"][2, 0])
    assert data.samples.inputs["b"][0, 0] == b""
    assert manifest_of(data, "accuracy").model.missing
    infinite = write(tmp_path, "a,y\ninf,0\n2,1\n")
    with pytest.raises(ValueError, match="column 'a' has infinite values"):
        read_data(infinite, "accuracy", ReadOptions(targets=("y",), missing=True))


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("a,y\n1,0\n", ReadOptions(), "no target column .*expected --target"),
        ("a,y\n1,0\n", ReadOptions(targets=("z",)), r"column 'z' is not in .*\['a', 'y'\]"),
        ("y\n1\n", ReadOptions(targets=("y",)), r"no columns but \['y'\]"),
        ("a,y\n", ReadOptions(targets=("y",)), "has no rows"),
        ("a,y\n1,0\n2,\n", ReadOptions(targets=("y",)), "column 'y' has missing targets"),
        ("a,y\n1,0.5\n2,1\n", ReadOptions(targets=("y",)), "target 0.5, expected classes"),
        ("", ReadOptions(targets=("y",)), "cannot be read as a table"),
        (
            "a,y\n1,x\n2,y\n",
            ReadOptions(targets=("y",), classes=("x", "z")),
            r"targets \['y'\], expected one of \['x', 'z'\]",
        ),
        ("a,y\n1,x\n2,x\n", ReadOptions(targets=("y",)), "1 classes in the targets, expected 2 to"),
    ],
)
def test_read_data__wrong_table__names_what_was_expected(
    tmp_path: Path, text: str, options: ReadOptions, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        read_data(write(tmp_path, text), "accuracy", options)


def test_read_data__dates__say_how_to_convert(tmp_path: Path) -> None:
    table = polars.DataFrame({"day": ["2026-01-01", "2026-01-02"], "y": [0, 1]})
    file = tmp_path / "data.parquet"
    table.with_columns(polars.col("day").str.to_date()).write_parquet(file)
    with pytest.raises(ValueError, match="column 'day' of Date, expected numbers or text: convert"):
        read_data(file, "accuracy", ReadOptions(targets=("y",)))


@pytest.mark.parametrize("name", ["data.npy", "data.xlsx", "data"])
def test_read_data__other_file__says_what_is_read(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "data.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"expected \.csv, \.parquet, \.npz or a folder"):
        read_data(tmp_path / name, "accuracy", ReadOptions())


# ── Classes ──


@pytest.mark.parametrize(
    ("targets", "indices", "names"),
    [
        ([3, 1, 2], [2, 0, 1], ("1", "2", "3")),
        ([10, 9, 10], [1, 0, 1], ("9", "10")),
        ([-1, 1], [0, 1], ("-1", "1")),
        ([True, False], [1, 0], ("False", "True")),
        (["b", "a", "B"], [2, 1, 0], ("B", "a", "b")),
        ([1.0, 0.0], [1, 0], ("0", "1")),
    ],
)
def test_map_classes__any_kind__is_by_rising_order(
    targets: list[Any], indices: list[int], names: tuple[str, ...]
) -> None:
    mapped, found, _ = map_classes(np.array(targets))
    assert mapped.tolist() == indices
    assert found == names


def test_map_classes__labels_from_one__say_their_columns() -> None:
    assert map_classes(np.array([1, 2, 3]))[2][0].startswith(
        "the classes do not count up from 0: 1 is column 0, 2 is column 1, 3 is column 2"
    )
    assert map_classes(np.array([0, 1, 2]))[2] == ()


def test_map_classes__absent_class_that_is_named__has_a_column_and_a_warning() -> None:
    mapped, names, warnings = map_classes(np.array([0, 2]), ("0", "1", "2"))
    assert mapped.tolist() == [0, 2]
    assert names == ("0", "1", "2")
    assert warnings[0].startswith("no sample of class 1: models need a column for it")


def test_map_classes__named_in_another_order__is_that_of_the_names() -> None:
    assert map_classes(np.array(["lo", "hi"]), ("lo", "hi"))[0].tolist() == [0, 1]
    assert map_classes(np.array(["lo", "hi"]), ("hi", "lo"))[0].tolist() == [1, 0]


def test_draft__classes_one_after_the_other__are_drawn_from_the_whole_set(tmp_path: Path) -> None:
    rows = "".join(f"{number},{number // 15}\n" for number in range(30))
    data = read_data(write(tmp_path, f"a,y\n{rows}"), "accuracy", ReadOptions(targets=("y",)))
    manifest = manifest_of(data, "roc_auc_ovr", sample_size=4)
    assert (manifest.sample_size, manifest.test_set.samples) == (4, 30)


@pytest.mark.parametrize(("selection", "minimum"), [(Selection.TOP, 0), (Selection.ENSEMBLE, 5)])
def test_draft__terms__are_in_the_manifest_whatever_the_selection(
    tmp_path: Path, selection: Selection, minimum: int
) -> None:
    data = read_data(write(tmp_path, TABLE), "accuracy", ReadOptions(targets=("bought",)))
    chosen = {"selection": selection, "minimum_gain": 5, "confidence": 950_000}
    manifest = manifest_of(data, "accuracy", sample_size=3, **chosen)
    assert (manifest.selection, manifest.minimum_gain) == (selection, minimum)
    assert (manifest.confidence, manifest.sample_size) == (950_000, 3)


# ── Other kinds of target ──


def test_read_data__several_targets__are_vectors(tmp_path: Path) -> None:
    file = write(tmp_path, "a,u,v\n1,0.5,2\n2,1.5,3\n3,0,1\n")
    data = read_data(file, "r2", ReadOptions(targets=("u", "v")))
    manifest = manifest_of(data, "r2")
    assert (manifest.model.output, manifest.model.classes) == (Output.VECTORS, 2)
    assert manifest.class_names == ("u", "v")
    assert score("r2", data.samples.targets, data.samples.targets) == 1_000_000


def test_read_data__labels__are_zero_or_one(tmp_path: Path) -> None:
    file = write(tmp_path, "a,u,v\n1,0,1\n2,1,0\n")
    data = read_data(file, "multilabel_f1_macro", ReadOptions(targets=("u", "v")))
    manifest = manifest_of(data, "multilabel_f1_macro")
    assert (manifest.model.output, manifest.model.classes) == (Output.MULTILABEL, 2)
    with pytest.raises(ValueError, match="target 2, expected 0 or 1"):
        read_data(write(tmp_path, "a,u,v\n1,0,2\n"), "dice", ReadOptions(targets=("u", "v")))


def test_read_data__archive_of_several_inputs__names_them(tmp_path: Path) -> None:
    file = tmp_path / "data.npz"
    ids = np.arange(12).reshape(4, 3)
    np.savez(file, ids=ids, mask=ids > 2, text=np.array(list("abcä")), targets=[0, 1, 1, 0])
    with pytest.raises(ValueError, match=r"mask of bool, expected one of float32.*astype"):
        read_data(file, "accuracy", ReadOptions())
    np.savez(file, ids=ids, mask=(ids > 2).astype("i8"), text=list("abcä"), targets=[0, 1, 1, 0])
    data = read_data(file, "accuracy", ReadOptions())
    assert data.inputs == (
        Input("ids", (3,), "int64"),
        Input("mask", (3,), "int64"),
        Input("text", (), "string", 2),
    )
    assert data.samples.inputs["text"].tolist() == [b"a", b"b", b"c", "ä".encode()]
    assert manifest_of(data, "accuracy").model.inputs == data.inputs


def test_read_data__folders_of_images__are_classes(tmp_path: Path) -> None:
    for name, value in (("cat", 255), ("dog", 51)):
        (tmp_path / name).mkdir()
        for number in range(2):
            array = np.full((4, 6, 3), value, np.uint8)
            Image.fromarray(array).save(tmp_path / name / f"{number}.png")
    data = read_data(tmp_path, "accuracy", ReadOptions())
    assert data.samples.inputs.shape == (4, 3, 4, 6)
    assert data.samples.inputs.dtype == np.float32
    np.testing.assert_allclose(data.samples.inputs[[0, 2], 0, 0, 0], [1.0, 0.2])
    assert data.samples.targets.tolist() == [0, 0, 1, 1]
    assert data.class_names == ("cat", "dog")
    bytes_ = read_data(tmp_path, "accuracy", ReadOptions(pixels="uint8"))
    assert bytes_.samples.inputs.shape == (4, 4, 6, 3)
    assert bytes_.samples.inputs.dtype == np.uint8
    Image.fromarray(np.zeros((5, 6, 3), np.uint8)).save(tmp_path / "dog" / "2.png")
    with pytest.raises(ValueError, match=r"2\.png of shape \(5, 6, 3\), expected \(4, 6, 3\)"):
        read_data(tmp_path, "accuracy", ReadOptions())
    (tmp_path / "dog" / "2.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"2\.png is no image that Pillow reads"):
        read_data(tmp_path, "accuracy", ReadOptions())


# ── Odd but usual data ──


@pytest.mark.parametrize("kind", [polars.Categorical, polars.Enum(["no", "yes"])])
def test_read_data__categories_of_parquet__are_text(tmp_path: Path, kind: Any) -> None:
    file = tmp_path / "data.parquet"
    table = polars.DataFrame({"a": [1, 2, 3], "c": ["no", "yes", "no"], "y": ["yes", "no", "yes"]})
    table.with_columns(polars.col("c", "y").cast(kind)).write_parquet(file)
    data = read_data(file, "accuracy", ReadOptions(targets=("y",)))
    assert data.class_names == ("no", "yes")
    assert data.samples.targets.tolist() == [1, 0, 1]
    assert data.samples.inputs["c"].ravel().tolist() == [b"no", b"yes", b"no"]


@pytest.mark.parametrize("value", [2**24, -(2**24)])
def test_read_data__integers_beyond_float32__are_refused_with_the_remedy(
    tmp_path: Path, value: int
) -> None:
    beyond = value + (2 if value > 0 else -2)
    for number, refused in ((value, False), (beyond, True)):
        file = write(tmp_path, f"a,y\n{number},0\n3,1\n")
        if not refused:
            data = read_data(file, "accuracy", ReadOptions(targets=("y",)))
            assert data.samples.inputs[0, 0] == number
            continue
        with pytest.raises(ValueError, match=r"'a' has integers of 16777218 in size.*scale them"):
            read_data(file, "accuracy", ReadOptions(targets=("y",)))


@pytest.mark.parametrize(
    ("content", "metric", "message"),
    [
        (b"a;b;y\n1;2;0\n3;4;1\n", "accuracy", "'a;b;y'], and commas between columns"),
        ("a,y\nKöln,0\n".encode("latin1"), "accuracy", "expected .csv with text in UTF-8"),
        (b"a,y\n1,no\n2,yes\n", "r2", "'y' of String, expected numbers: convert it"),
    ],
)
def test_read_data__usual_mistake__is_refused_with_the_remedy(
    tmp_path: Path, content: bytes, metric: str, message: str
) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)):
        read_data(file, metric, ReadOptions(targets=("y",)))


def test_read_data__folders_in_folders_of_images__belong_to_the_upper_one(tmp_path: Path) -> None:
    for place, shade in (("cat/a", 1), ("cat/b/c", 2), ("dog", 3)):
        (tmp_path / place).mkdir(parents=True)
        Image.fromarray(np.full((2, 2, 3), shade, np.uint8)).save(tmp_path / place / "1.png")
    for hidden in ("cat/.DS_Store", "dog/.git/config"):
        (tmp_path / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / hidden).write_bytes(b"no image")
    data = read_data(tmp_path, "accuracy", ReadOptions())
    assert data.class_names == ("cat", "dog")
    assert data.samples.targets.tolist() == [0, 0, 1]
    assert (data.samples.inputs[:, 0, 0, 0] * 255).round().tolist() == [1, 2, 3]
