"""XGBoost, LightGBM and CatBoost: through onnxmltools, skl2onnx, or the library's own export."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn import datasets

from scripts.models.exports import Array, Export, Folder

ROWS = 200
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "defaults": {"n_estimators": 20},
    "deep": {"n_estimators": 10, "max_depth": 8},
    "many": {"n_estimators": 150, "max_depth": 3},
}


def export(folder: Folder) -> None:
    """Export all cases."""
    digits = datasets.load_digits(return_X_y=True)
    cancer = datasets.load_breast_cancer(return_X_y=True)
    diabetes = datasets.load_diabetes(return_X_y=True)
    for title, data, classes in (
        ("digits", digits, 10),
        ("cancer", cancer, 2),
        ("diabetes", diabetes, 0),
    ):
        for name, options in OPTIONS.items():
            boosters = {
                "XGBoost": (xgboost.XGBClassifier if classes else xgboost.XGBRegressor, options),
                "LightGBM": (
                    lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor,
                    {**options, "verbose": -1},
                ),
                "CatBoost": (
                    catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor,
                    {**options, "verbose": 0, "allow_writing_files": False},
                ),
            }
            for family, (kind, arguments) in boosters.items():
                make = _case(family, kind(**arguments), data)
                folder.add(family, f"{title}-{name}", make, classes)


def _case(
    family: str, model: Any, data: tuple[Array, Array]
) -> Callable[[], tuple[Mapping[str, Export], Array, Array]]:
    samples, targets = data[0].astype(np.float32), data[1]
    order = np.random.default_rng(0).permutation(len(samples))
    test, train = order[:ROWS], order[ROWS:]

    def make() -> tuple[Mapping[str, Export], Array, Array]:
        model.fit(samples[train], targets[train])
        predict = getattr(model, "predict_proba", model.predict)
        return _exports(family, model, samples), samples[test], np.asarray(predict(samples[test]))

    return make


def _exports(family: str, model: Any, samples: Array) -> Mapping[str, Export]:
    if family == "CatBoost":
        return {"": lambda file: model.save_model(str(file), format="onnx")}
    convert = getattr(onnxmltools, f"convert_{family.lower()}")
    types = [("input", FloatTensorType([None, samples.shape[1]]))]

    def write(file: Path, **options: Any) -> None:
        file.write_bytes(convert(model, initial_types=types, **options).SerializeToString())

    return {"": write, "target_opset=15": lambda file: write(file, target_opset=15)}
