"""The simulated Intel: deterministic bytes, labels in all names, a root other than Intel's."""

from dataclasses import replace

import pytest

from offchain.attestation.quote import TeeType
from offchain.attestation.trust import INTEL_ROOT_KEY, Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.attestation.x509 import load_chain
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel, collateral
from tests.offchain.attestation.support import BODIES, outcome


def test_from_seed__same_seed__makes_the_same_bytes() -> None:
    first, second = (SimulatedIntel.from_seed(b"seed") for _ in range(2))
    for body in BODIES.values():
        quotes = [Machine.simulate(intel, "m").quote(body) for intel in (first, second)]
        assert quotes[0].encode() == quotes[1].encode()
    assert collateral(first, TeeType.TDX) == collateral(second, TeeType.TDX)


def test_from_seed__other_seed_or_label__makes_other_keys_and_platforms() -> None:
    intel, other = SimulatedIntel.from_seed(b"seed"), SimulatedIntel.from_seed(b"other")
    machines = [
        Machine.simulate(intel, "a"),
        Machine.simulate(intel, "b"),
        Machine.simulate(other, "a"),
    ]
    quotes = [machine.quote(BODIES["sgx v3"]) for machine in machines]
    assert len({quote.attestation_key for quote in quotes}) == 3
    assert len({machine.pck.public_key for machine in machines}) == 3
    assert (
        len(
            {
                intel.machine_values("a").ppid,
                intel.machine_values("b").ppid,
                other.machine_values("a").ppid,
            }
        )
        == 3
    )


def test_from_seed__any_seed__is_not_intel() -> None:
    assert SimulatedIntel.from_seed(DEVELOPMENT_SEED).root.public_key != INTEL_ROOT_KEY


def test_certificates__every_name__says_simulated(intel: SimulatedIntel, machine: Machine) -> None:
    quote = machine.quote(BODIES["sgx v3"])
    for certificate in load_chain(quote.pck_chain):
        for name in (certificate.subject, certificate.issuer):
            assert all("SIMULATED" in str(attribute.value) for attribute in name)
    assert len(load_chain(quote.pck_chain)) == 3


@pytest.mark.parametrize("name", BODIES)
def test_quote__other_authentication_data__is_bound(
    machine: Machine, trust: Trust, name: str
) -> None:
    quote = machine.quote(BODIES[name], qe_auth=b"\xff" * 32)
    assert isinstance(outcome(quote, trust), VerifiedQuote)


def test_issue_pck__two_keys_of_one_machine__are_one_platform(
    intel: SimulatedIntel, trust: Trust
) -> None:
    values = intel.machine_values("one")
    verdicts = [
        outcome(Machine.simulate(intel, label, values).quote(BODIES["sgx v3"]), trust)
        for label in ("first key", "second key")
    ]
    assert all(isinstance(verdict, VerifiedQuote) for verdict in verdicts)
    assert len({v.platform for v in verdicts if isinstance(v, VerifiedQuote)}) == 1
    assert len({v.pck.key for v in verdicts if isinstance(v, VerifiedQuote)}) == 2


def test_issue_pck__validity_and_serial_given__are_in_the_certificate(
    intel: SimulatedIntel,
) -> None:
    pck = intel.issue_pck("short", not_before=10**9, not_after=2 * 10**9, serial=7)
    certificate = load_chain(Machine.with_pck(intel, "short", pck).chain)[0]
    assert certificate.serial_number == 7
    assert certificate.not_valid_before_utc.timestamp() == 10**9
    assert certificate.not_valid_after_utc.timestamp() == 2 * 10**9


def test_repr__keys_and_seed__are_not_shown(intel: SimulatedIntel, machine: Machine) -> None:
    shown = repr(intel) + repr(machine)
    assert "seed" not in shown
    assert "PrivateKey" not in shown


def test_quote__private_values__do_not_travel(machine: Machine) -> None:
    quote = machine.quote(BODIES["sgx v3"])
    assert replace(quote) == quote
