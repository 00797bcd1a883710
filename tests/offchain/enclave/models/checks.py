"""Helper for models that the static checks refuse."""

import pytest

from offchain.enclave.models.static import check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelLimits, ModelSpec
from tests.offchain.enclave.models.onnx_files import LIMITS, VALUES


def refused(model: bytes, spec: ModelSpec = VALUES, limits: ModelLimits = LIMITS) -> ModelFault:
    """Return the reason to refuse a model for 100 samples."""
    with pytest.raises(InvalidModel) as refusal:
        check_model(model, spec, limits, rows=100)
    return refusal.value.reason
