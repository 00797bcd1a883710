"""A policy with its verifier, and documents for it."""

from collections.abc import Callable
from typing import Any

import brownie
import pytest

from offchain.attestation.quote import TeeType
from offchain.simulation import SimulatedIntel, collateral
from tests.dcap import Attesting
from tests.documents import Dates, IsvLevel, Level, identity, signed, tcb_info
from tests.unit.dcap_verifier.conftest import (
    _a_chain_per_file,
    _undone_after_each_test,
    attesting,
    deploy,
    fresh,
    intel,
    machine,
    owner,
    stranger,
    trust,
)

__all__ = (
    "_a_chain_per_file",
    "_undone_after_each_test",
    "attesting",
    "deploy",
    "fresh",
    "intel",
    "machine",
    "owner",
    "stranger",
    "trust",
)


@pytest.fixture(scope="module")
def policy(fresh: Attesting, intel: SimulatedIntel) -> Any:
    """A policy without documents, whose verifier has the root's revocation list."""
    fresh.add_lists(collateral(intel, TeeType.SGX))
    return fresh.policy


Bring = Callable[..., Any]


@pytest.fixture(scope="module")
def bring_tcb(policy: Any, intel: SimulatedIntel) -> Bring:
    """Brings a TCB info; returns the receipt."""

    def bring(*levels: Level, tee: TeeType = TeeType.TDX, dates: Dates, **more: Any) -> Any:
        document = tcb_info(tee, dates, levels, **more) if levels else tcb_info(tee, dates, **more)
        return policy.update_tcb(*signed(document, intel.tcb_signer))

    return bring


@pytest.fixture(scope="module")
def bring_identity(policy: Any, intel: SimulatedIntel) -> Bring:
    """Brings an identity; returns the receipt."""

    def bring(*levels: IsvLevel, tee: TeeType = TeeType.TDX, dates: Dates, **more: Any) -> Any:
        document = identity(tee, dates, levels, **more)
        return policy.update_identity(*signed(document, intel.tcb_signer))

    return bring


@pytest.fixture(scope="module")
def refused(policy: Any, intel: SimulatedIntel) -> Callable[..., None]:
    """Asserts that a document is refused for this reason."""

    def check(reason: str, document: bytes, by: Any = None) -> None:
        method = policy.update_identity if b"QE" in document[:13] else policy.update_tcb
        with brownie.reverts(reason):
            method.call(*signed(document, by or intel.tcb_signer))

    return check
