"""The static checks, on models that they refuse."""

import pytest

from offchain.models.refusals import Reason, Refusal
from offchain.models.spec import ModelLimits, ModelSpec
from offchain.models.static import check_model
from tests.offchain.models.onnx_files import LIMITS, VALUES


def refused(model: bytes, spec: ModelSpec = VALUES, limits: ModelLimits = LIMITS) -> Reason:
    """Why a model is refused for 100 samples."""
    with pytest.raises(Refusal) as refusal:
        check_model(model, spec, limits, rows=100)
    return refusal.value.reason
