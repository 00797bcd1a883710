"""One chain for the properties of the market, and one time for those of attestation."""

from collections.abc import Iterator

import boa
import pytest

from tests.inprocess import Chain
from tests.offchain.attestation.support import AT
from tests.p256 import p256verify


@pytest.fixture(scope="session")
def chain() -> Chain:
    return Chain(enclaves=4)


@pytest.fixture(scope="module")
def attesting() -> Iterator[None]:
    """The precompile, and the time of the attestation's tests; undone with the module."""
    with p256verify(), boa.env.anchor():
        boa.env.timestamp = AT
        yield
