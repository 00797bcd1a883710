"""Keras on its PyTorch backend, and transformers of Hugging Face with random weights."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

os.environ["KERAS_BACKEND"] = "torch"

import keras
import transformers
from keras import layers

from scripts.models.exports import Array, Export, Folder, records

ROWS, WORDS, TOKENS = 64, 100, 12
Case = tuple[Mapping[str, Export], Array, Array]
NETWORKS: Mapping[str, tuple[tuple[int, ...], list[Any]]] = {
    "dense": ((16,), [layers.Dense(32, "relu"), layers.BatchNormalization(), layers.Dropout(0.2)]),
    "convolutional": (
        (8, 8, 1),
        [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()],
    ),
    "separable": (
        (8, 8, 1),
        [layers.SeparableConv2D(8, 3, activation="swish"), layers.GlobalAveragePooling2D()],
    ),
    "LSTM": ((8, 8), [layers.LSTM(16)]),
    "normalised": ((16,), [layers.LayerNormalization(), layers.Dense(16, "gelu")]),
}
"""Layers, with the shape of a sample; a softmax over ten classes follows them."""


def of_keras(shape: tuple[int, ...], body: list[Any]) -> Callable[[], Case]:
    """Return a case of a Keras model."""

    def build() -> Case:
        keras.utils.set_random_seed(0)
        head = layers.Dense(10, activation="softmax")
        model = keras.Sequential([layers.Input(shape), *body, head])
        inputs = np.random.default_rng(0).random((ROWS, *shape), np.float32)
        expected = model.predict(inputs, verbose=0)

        def write(file: Path) -> None:
            model.export(str(file), format="onnx", verbose=False)

        return {"": write}, inputs, expected

    return build


class Probabilities(nn.Module):
    """A transformer with a softmax, of which only ids and mask are inputs."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        made = self.body(input_ids=input_ids, attention_mask=attention_mask)
        return made.logits.softmax(-1)


def transformer(name: str) -> nn.Module:
    """Return a small transformer that classifies sequences into three classes."""
    sizes: dict[str, Any] = {"vocab_size": WORDS, "num_labels": 3, "pad_token_id": 0}
    if name == "DistilBert":
        sizes |= {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    else:
        sizes |= {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        sizes |= {"intermediate_size": 64}
    settings = getattr(transformers, f"{name}Config")(**sizes)
    made: nn.Module = getattr(transformers, f"{name}ForSequenceClassification")(settings)
    return made


def of_transformer(name: str, opset: int | None) -> Callable[[], Case]:
    """Return a case of a transformer; without an opset through PyTorch's newer exporter."""

    def build() -> Case:
        torch.manual_seed(0)
        model = Probabilities(transformer(name)).eval()
        ids = torch.randint(1, WORDS, (ROWS, TOKENS))
        mask = (torch.arange(TOKENS) < torch.randint(1, TOKENS + 1, (ROWS, 1))).long()
        with torch.no_grad():
            expected = model(ids, mask).numpy()
        names = ["input_ids", "attention_mask"]
        options: dict[str, Any] = {"input_names": names}
        if opset is None:
            options["dynamic_shapes"] = tuple({0: torch.export.Dim("n")} for _ in names)
            options["external_data"] = False
        else:
            options |= {"opset_version": opset, "dynamo": False}
            options["dynamic_axes"] = {each: {0: "n"} for each in names}

        def write(file: Path) -> None:
            torch.onnx.export(model, (ids[:2], mask[:2]), str(file), **options)

        return {"": write}, records(input_ids=ids.numpy(), attention_mask=mask.numpy()), expected

    return build


def export(folder: Folder) -> None:
    """Export all cases."""
    for name, (shape, body) in NETWORKS.items():
        folder.add("Keras", name, of_keras(shape, body), 10)
    for name in ("Bert", "DistilBert", "Roberta"):
        for opset in (None, 17):
            kind = "dynamo" if opset is None else f"torchscript-{opset}"
            build = of_transformer(name, opset)
            folder.add("Hugging Face", f"{name}-{kind}", build, 3)
