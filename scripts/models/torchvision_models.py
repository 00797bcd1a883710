"""torchvision: its classifiers with random weights, since nothing is fetched from a network."""

from functools import partial
from typing import Any

import torch
import torchvision
from torch import nn

from scripts.models.exports import Folder
from scripts.models.pytorch import case

NAMES = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "mnasnet0_5"),
    *("mobilenet_v2", "mobilenet_v3_small", "regnet_y_400mf", "resnet18", "resnet50"),
    *("shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "vit_b_16", "efficientnet_v2_s"),
)


class Classes(nn.Module):
    """A network with probabilities of its 1,000 classes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        options: dict[str, Any] = {"init_weights": True} if name == "googlenet" else {}
        self.body = torchvision.models.get_model(name, weights=None, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.body(x)
        return (y if isinstance(y, torch.Tensor) else y[0]).softmax(1)


def export(folder: Folder) -> None:
    """Export all cases, every other one through the older exporter."""
    for place, name in enumerate(NAMES):
        opset = None if place % 2 else 17
        build = case(partial(Classes, name), (3, 224, 224), 1000, opset, dynamo=False, rows=8)
        folder.add("torchvision", name, build, 1000)
