"""One chain for the properties of the market, and one time for those of attestation."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from offchain.attestation.quote import TeeType
from offchain.simulation import collateral
from tests.dcap import Attesting
from tests.dcap_refusals import INTEL, TRUST
from tests.inprocess import Chain, deploy
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


@pytest.fixture(scope="module")
def verifier(attesting: None) -> Any:
    """A verifier that trusts the simulated Intel of the table of refusals."""
    made = Attesting.deploy(deploy, TRUST.root_key)
    return made.bring(*(collateral(INTEL, tee_type) for tee_type in TeeType)).verifier
