"""A verifier where P256VERIFY is missing, breaks, or answers otherwise: it fails closed."""

# Holds S-56.

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from boa.vm.py_evm import deregister_raw_precompile, register_raw_precompile
from eth.exceptions import Revert

from offchain.attestation.evidence import Known
from offchain.attestation.quote import TeeType
from offchain.simulation import Machine, SimulatedIntel, collateral
from offchain.simulation import trust as simulated_trust
from tests.dcap import BODIES, REPORT_DATA, Attesting, evidence
from tests.inprocess import deploy, refuses
from tests.p256 import ADDRESS, p256verify
from tests.reasons import CERTIFICATE_SIGNATURE, NO_PRECOMPILE, QE_SIGNATURE

INTEL = SimulatedIntel.from_seed(b"p256")
TRUST = simulated_trust(INTEL)
QUOTE = Machine.simulate(INTEL, "machine").quote(BODIES["sgx v3"])
WHOLE = evidence(QUOTE, TRUST.root_key)
KNOWN = evidence(QUOTE, TRUST.root_key, Known.PCK)
ONE = bytes(31) + b"\1"
WRONG = {
    "nothing": b"",
    "zero": bytes(32),
    "two": bytes(31) + b"\2",
    "all ones": b"\xff" * 32,
    "little-endian one": b"\1" + bytes(31),
    "one byte": b"\1",
    "31 bytes": ONE[1:],
}


@contextmanager
def answering(answer: bytes | None) -> Iterator[None]:
    """The precompile gives this answer to everything; None: it reverts, with a one."""

    def respond(computation: Any) -> Any:
        if answer is None:
            computation.output = ONE
            raise Revert(ONE)
        computation.output = answer
        return computation

    register_raw_precompile(ADDRESS, respond, force=True)
    try:
        yield
    finally:
        deregister_raw_precompile(ADDRESS)


@pytest.fixture
def verifier() -> Any:
    """A verifier deployed while the precompile was there, which knows a machine."""
    with p256verify():
        made = Attesting.deploy(deploy, TRUST.root_key)
        deployed = made.bring(*(collateral(INTEL, tee_type) for tee_type in TeeType)).verifier
        deployed.verify(WHOLE, REPORT_DATA)
        assert deployed.verify(KNOWN, REPORT_DATA)
    return deployed


def test_init__without_the_precompile__reverts() -> None:
    with refuses(NO_PRECOMPILE):
        Attesting.deploy(deploy, TRUST.root_key)


@pytest.mark.parametrize("answer", [*WRONG.values(), None], ids=[*WRONG, "revert"])
def test_init__precompile_that_answers_otherwise__reverts(answer: bytes | None) -> None:
    with answering(answer), refuses(NO_PRECOMPILE):
        Attesting.deploy(deploy, TRUST.root_key)


def test_verify__precompile_gone__reverts(verifier: Any) -> None:
    with refuses(CERTIFICATE_SIGNATURE):
        verifier.verify(WHOLE, REPORT_DATA)
    with refuses(QE_SIGNATURE):
        verifier.verify(KNOWN, REPORT_DATA)


@pytest.mark.parametrize("answer", [*WRONG.values(), None], ids=[*WRONG, "revert"])
def test_verify__precompile_that_answers_otherwise__reverts(
    verifier: Any, answer: bytes | None
) -> None:
    with answering(answer):
        with refuses(CERTIFICATE_SIGNATURE):
            verifier.verify(WHOLE, REPORT_DATA)
        with refuses(QE_SIGNATURE):
            verifier.verify(KNOWN, REPORT_DATA)


def test_verify__precompile_that_says_yes__is_what_the_tests_above_replace(verifier: Any) -> None:
    """The control: with a one for everything, forged signatures pass."""
    forged = KNOWN[:-96] + bytes(64) + KNOWN[-32:]
    with answering(ONE):
        assert verifier.verify(forged, REPORT_DATA)
    with p256verify(), refuses(QE_SIGNATURE):
        verifier.verify(forged, REPORT_DATA)
