"""Models on text, on columns of text and numbers, and on token ids with a mask."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from torch import nn

from scripts.models.exports import Array, Export, Folder, records

FAMILY = "text or tokens"
ROWS, WORDS, TOKENS = 64, 100, 12
VERBS = "likes hates sees buys sells finds".split()  # noqa: SIM905 - read as a list of words
NOUNS = "grain bread Köln river horse machine garden".split()  # noqa: SIM905 - likewise
Case = tuple[Mapping[str, Export], Array, Array]


def sentences(rows: int = 3 * ROWS) -> tuple[list[str], Array]:
    """Return sentences and whether somebody likes or buys something."""
    random = np.random.default_rng(0)
    verbs = random.choice(VERBS, rows)
    texts = [
        f"She {verb} the {random.choice(NOUNS)}, really: {random.choice(NOUNS)}!" for verb in verbs
    ]
    return texts, np.isin(verbs, ("likes", "buys")).astype(int)


def pipelines() -> Mapping[str, tuple[Any, int]]:
    """Return pipelines on text, with their number of classes."""
    return {
        "TfidfVectorizer": (make_pipeline(TfidfVectorizer(), LogisticRegression()), 2),
        "CountVectorizer": (make_pipeline(CountVectorizer(), MultinomialNB()), 2),
        "CountVectorizer-bigrams": (
            make_pipeline(CountVectorizer(ngram_range=(1, 2)), LogisticRegression()),
            2,
        ),
        "TfidfVectorizer-letters": (
            make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(2, 3)), Ridge()),
            0,
        ),
        "TfidfVectorizer-TruncatedSVD": (
            make_pipeline(TfidfVectorizer(), TruncatedSVD(5), LogisticRegression()),
            2,
        ),
    }


def of_text(model: Any) -> Callable[[], Case]:
    """Return a case of a pipeline on one text."""

    def build() -> Case:
        texts, targets = sentences()
        model.fit(texts[ROWS:], targets[ROWS:])
        predict = getattr(model, "predict_proba", model.predict)

        def write(file: Path) -> None:
            kinds = [("text", StringTensorType([None]))]
            file.write_bytes(to_onnx(model, initial_types=kinds).SerializeToString())

        return {"": write}, records(text=np.array(texts[:ROWS])), np.asarray(predict(texts[:ROWS]))

    return build


def of_columns(encoder: Any, last: Any) -> Callable[[], Case]:
    """Return a case of a transformer of columns: a city, and an age that can be missing."""

    def build() -> Case:
        random = np.random.default_rng(0)
        cities = random.choice(["Köln", "Rome", "Oslo"], (3 * ROWS, 1))
        ages = random.uniform(18, 80, (3 * ROWS, 1)).astype(np.float32)
        targets = ((cities == "Rome") ^ (ages > 50)).ravel().astype(int)
        ages[::9] = np.nan
        inputs = np.hstack((cities.astype(object), ages.astype(object)))
        numbers = make_pipeline(SimpleImputer(), StandardScaler())
        model = make_pipeline(make_column_transformer((encoder, [0]), (numbers, [1])), last)
        model.fit(inputs[ROWS:], targets[ROWS:])

        def write(file: Path) -> None:
            kinds = [("city", StringTensorType([None, 1])), ("age", FloatTensorType([None, 1]))]
            file.write_bytes(to_onnx(model, initial_types=kinds).SerializeToString())

        made = records(city=cities[:ROWS], age=ages[:ROWS])
        return {"": write}, made, model.predict_proba(inputs[:ROWS])

    return build


class Masked(nn.Module):
    """The mean of the embeddings of the tokens that a mask keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(WORDS, 16), nn.Linear(16, 4)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        kept = mask.unsqueeze(-1).float()
        mean = (self.embedding(ids) * kept).sum(1) / kept.sum(1).clamp(min=1)
        return self.head(mean).softmax(-1)


class Encoder(nn.Module):
    """A transformer's encoder that does not look at the tokens that a mask leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(WORDS, 16), nn.Linear(16, 4)
        self.attention, self.norm = nn.MultiheadAttention(16, 2, batch_first=True), nn.LayerNorm(16)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.embedding(ids)
        y, _ = self.attention(x, x, x, key_padding_mask=mask == 0, need_weights=False)
        return self.head(self.norm(x + y)[:, 0]).softmax(-1)


class Bag(nn.Module):
    """An embedding bag over token ids."""

    def __init__(self) -> None:
        super().__init__()
        self.bag, self.head = nn.EmbeddingBag(WORDS, 16, mode="mean"), nn.Linear(16, 4)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.bag(ids)).softmax(-1)


class Recurrent(nn.Module):
    """A recurrent layer over token ids."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(WORDS, 16), nn.Linear(16, 4)
        self.layer = nn.GRU(16, 16, batch_first=True)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(self.embedding(ids))[0][:, -1]).softmax(-1)


def of_tokens(
    make: Callable[[], nn.Module], names: tuple[str, ...], opset: int | None
) -> Callable[[], Case]:
    """Return a case of a network on token ids; without an opset through the newer exporter."""

    def build() -> Case:
        torch.manual_seed(0)
        model = make().eval()
        ids = torch.randint(0, WORDS, (ROWS, TOKENS))
        mask = (torch.arange(TOKENS) < torch.randint(1, TOKENS + 1, (ROWS, 1))).long()
        inputs = (ids, mask)[: len(names)]
        with torch.no_grad():
            expected = model(*inputs).numpy()
        options: dict[str, Any] = {"input_names": list(names), "external_data": False}
        if opset is None:
            options["dynamic_shapes"] = tuple({0: torch.export.Dim("n")} for _ in names)
        else:
            options |= {"opset_version": opset, "dynamo": False, "external_data": True}
            options["dynamic_axes"] = {name: {0: "n"} for name in names}

        def write(file: Path) -> None:
            torch.onnx.export(model, tuple(each[:2] for each in inputs), str(file), **options)

        arrays = {name: each.numpy() for name, each in zip(names, inputs, strict=True)}
        return {"": write}, records(**arrays), expected

    return build


def export(folder: Folder) -> None:
    """Export all cases."""
    for name, (model, classes) in pipelines().items():
        folder.add(FAMILY, name, of_text(model), classes)
    onehot, ordinal = OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder()
    folder.add(FAMILY, "columns-OneHotEncoder", of_columns(onehot, LogisticRegression()), 2)
    forest = RandomForestClassifier(20, random_state=0)
    folder.add(FAMILY, "columns-OrdinalEncoder", of_columns(ordinal, forest), 2)
    both, ids = ("ids", "mask"), ("ids",)
    networks = {"masked": (Masked, both), "encoder": (Encoder, both)}
    networks |= {"bag": (Bag, ids), "recurrent": (Recurrent, ids)}
    for title, (make, names) in networks.items():
        for opset in (None, 17):
            kind = "dynamo" if opset is None else f"torchscript-{opset}"
            folder.add(FAMILY, f"{title}-{kind}", of_tokens(make, names, opset), 4)
