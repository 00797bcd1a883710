"""PyTorch: small networks through both exporters, over the opsets that each writes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from scripts.models.exports import Array, Export, Folder

ROWS = 64


class Convolutional(nn.Module):
    """Two convolutions and a linear layer, with a view as in PyTorch's own tutorials."""

    def __init__(self, act: type[nn.Module] = nn.ReLU, groups: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), act(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, groups=groups), act(), nn.AdaptiveAvgPool2d(1),
        )  # fmt: skip
        self.head = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        return self.head(x.view(x.size(0), -1)).softmax(1)


class Recurrent(nn.Module):
    """A recurrent layer over the rows of an image."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.layer = kind(8, 16, batch_first=True)
        self.head = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(x)[0][:, -1]).softmax(-1)


class Attention(nn.Module):
    """A transformer's encoder over the rows of an image."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
        self.body, self.head = (
            nn.TransformerEncoder(layer, 2, enable_nested_tensor=False),
            nn.Linear(8, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x).mean(1)).softmax(-1)


class Scaled(nn.Module):
    """Attention written out with the function that PyTorch has for it."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.head = nn.Linear(8, 24), nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.mix(x).chunk(3, -1)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.head(mixed.flatten(1)).softmax(-1)


class Upsampled(nn.Module):
    """An encoder and decoder, whose output is a table of scores."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(4, 1, 2, stride=2)
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.interpolate(self.down(x).relu(), scale_factor=2.0, mode="nearest")
        return self.head((y.mean(1, keepdim=True) + self.up(self.down(x))).flatten(1)).softmax(1)


class Einsum(nn.Module):
    """A bilinear form written with einsum."""

    def __init__(self) -> None:
        super().__init__()
        self.form = nn.Parameter(torch.randn(10, 8, 8) / 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bij,cij->bc", x, self.form).softmax(1)


class Single(nn.Module):
    """Two classes from one column."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def perceptron(act: type[nn.Module] = nn.ReLU, norm: bool = True) -> nn.Module:
    """Return a perceptron over a table."""
    layers: list[nn.Module] = [nn.Linear(16, 32), act(), nn.Dropout(0.2)]
    layers += [nn.LayerNorm(32)] if norm else [nn.BatchNorm1d(32)]
    return nn.Sequential(*layers, nn.Linear(32, 10), nn.Softmax(1))


IMAGE, TABLE, ROWS_OF = (1, 8, 8), (16,), (8, 8)
NETWORKS: Mapping[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "perceptron": (perceptron, TABLE, 10),
    "perceptron-batch-norm-GELU": (lambda: perceptron(nn.GELU, norm=False), TABLE, 10),
    "perceptron-Mish": (lambda: perceptron(nn.Mish), TABLE, 10),
    "convolutional": (Convolutional, IMAGE, 10),
    "convolutional-groups-SiLU": (lambda: Convolutional(nn.SiLU, 4), IMAGE, 10),
    "convolutional-Hardswish": (lambda: Convolutional(nn.Hardswish), IMAGE, 10),
    "LSTM": (lambda: Recurrent(nn.LSTM), ROWS_OF, 10),
    "GRU": (lambda: Recurrent(nn.GRU), ROWS_OF, 10),
    "transformer": (Attention, ROWS_OF, 10),
    "scaled-attention": (Scaled, ROWS_OF, 10),
    "upsampled": (Upsampled, IMAGE, 10),
    "einsum": (Einsum, ROWS_OF, 10),
    "one-column": (Single, TABLE, 2),
    "group-norm": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.GroupNorm(2, 8), nn.ELU(), nn.Flatten(),
            nn.Linear(288, 10), nn.Softmax(1),
        ),
        IMAGE, 10,
    ),
    "regression": (lambda: nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 1)), TABLE, 0),
}  # fmt: skip
"""Networks, with the shape of a sample and the number of classes."""

OLD, NEW = (9, 11, 13, 15, 17, 18, 20), (18, 19, 20, 21, 22, 23)


def export(folder: Folder) -> None:
    """Export every network with the defaults, and with one opset of each exporter."""
    for place, (name, (make, shape, classes)) in enumerate(NETWORKS.items()):
        folder.add("PyTorch", f"{name}-defaults", case(make, shape, classes), classes)
        for older in (OLD[place % 7], OLD[(place + 3) % 7]):
            title = f"{name}-torchscript-{older}"
            folder.add("PyTorch", title, case(make, shape, classes, older, dynamo=False), classes)
        newer = NEW[place % 6]
        title = f"{name}-dynamo-{newer}"
        folder.add("PyTorch", title, case(make, shape, classes, newer, dynamo=True), classes)


def case(
    make: Callable[[], nn.Module],
    shape: tuple[int, ...],
    classes: int,
    opset: int | None = None,
    *,
    dynamo: bool | None = None,
    rows: int = ROWS,
) -> Callable[[], tuple[Mapping[str, Export], Array, Array]]:
    """Return a case of a network; without an opset it is exported with all defaults."""

    def build() -> tuple[Mapping[str, Export], Array, Array]:
        torch.manual_seed(0)
        model = make().eval()
        inputs = torch.rand(rows, *shape)
        with torch.no_grad():
            expected = model(inputs).numpy().astype(np.float64)
        if classes == 2 and expected.shape[1] == 1:
            expected = np.hstack((1 - expected, expected))
        return exports(model, inputs[:1], opset, dynamo), inputs.numpy(), np.squeeze(expected)

    return build


def exports(
    model: nn.Module, example: torch.Tensor, opset: int | None, dynamo: bool | None
) -> Mapping[str, Export]:
    """Return the exports: as called most simply, then with the flags that a refusal names."""
    options: dict[str, Any] = {}
    if opset is not None:
        options = {"opset_version": opset, "dynamo": dynamo}
        options |= {"input_names": ["x"], "output_names": ["y"]}
    axes: dict[str, Any] = {"dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}}
    if dynamo:
        axes = {"dynamic_shapes": ({0: torch.export.Dim("n")},)}

    def write(file: Path, **more: Any) -> None:
        torch.onnx.export(model, (example,), str(file), **options | more)

    if opset is None:
        return {"": write, "external_data=False": lambda file: write(file, external_data=False)}
    if dynamo:
        return {"": lambda file: write(file, external_data=False, **axes)}
    return {"": lambda file: write(file, **axes)}
