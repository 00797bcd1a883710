"""Random histories of a registry beside the reference: every word, every wei, every refusal."""

# Holds I-2, I-17, I-36, I-37, I-41, S-37, S-39, S-40, S-44.

from collections.abc import Callable
from contextlib import nullcontext
from itertools import combinations, product
from typing import Any

import boa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.inprocess import ether
from tests.sale import DAY, ETHER
from tests.stateful.registry_deployment import (
    CHALLENGER,
    KEYS,
    NOBODY,
    OPERATORS,
    OWNER,
    PLATFORM_STAKE,
    PLATFORMS,
    PROVER,
    SEALING_KEYS,
    RegistryDeployment,
    binding,
    packed,
)
from tests.stateful.registry_reference import (
    MAX_LIFETIME,
    UNBONDING,
    Bound,
    Enrolment,
    Hold,
    Reason,
    Reference,
    Signature,
)

operators, platforms = st.sampled_from(OPERATORS), st.sampled_from(PLATFORMS)
keys, sealing_keys = st.sampled_from(KEYS), st.sampled_from(SEALING_KEYS)
few = st.integers(0, 9).map(lambda n: n == 9)
"""True one time in ten."""


class Registry(RuleBasedStateMachine):
    def __init__(self, deployment: RegistryDeployment) -> None:
        super().__init__()
        self.deployment, self.registry = deployment, deployment.registry
        self.reference = Reference(PLATFORM_STAKE)
        first = self.reference.verifiers[deployment.verifiers[0]]
        first.ready_at = first.added_at = self.now
        self.burned_before = ether(NOBODY)

    @initialize(populated=st.booleans())
    def start(self, populated: bool) -> None:
        """Half of the histories begin with an enclave of each operator on a machine of its own."""
        measurement = next(iter(self.deployment.attested))
        for n, operator in enumerate(OPERATORS if populated else []):
            self.stake(operator, 2 * ETHER)
            bound = Bound(operator, PLATFORMS[n], SEALING_KEYS[0])
            self._register(measurement, KEYS[n], bound, MAX_LIFETIME)

    # ── Contract and reference side by side ──

    @property
    def now(self) -> int:
        return int(boa.env.timestamp)

    def _expect(self, refusal: Reason, call: Callable[[], Any]) -> Any:
        """The contract refuses for the reference's reason, or does not refuse."""
        with boa.reverts(refusal) if refusal else nullcontext():
            return call()

    def _measurement(self, data: Any) -> bytes:
        """Mostly one under which an enclave is registered."""
        used = sorted({measurement for measurement, _ in self.reference.enclaves})
        every = sorted(self.deployment.attested)
        drawn: bytes = data.draw(st.sampled_from(every if data.draw(few) else used or every))
        return drawn

    def _signature(self, data: Any, measurement: bytes, key: str) -> Signature:
        """Mostly of the enclave as it is registered."""
        enclave = self.reference.enclaves.get((measurement, key))
        if enclave is None or data.draw(few):
            return Signature(key, data.draw(sealing_keys), data.draw(platforms))
        return Signature(key, enclave.bound.sealing_key, enclave.bound.platform)

    def _signing(self, data: Any, measurement: bytes) -> Any:
        """Mostly a key that is registered under the measurement."""
        known = [key for key in KEYS if (measurement, key) in self.reference.enclaves]
        return keys if data.draw(few) else st.sampled_from(known or KEYS)

    # ── Time ──

    @rule(seconds=st.sampled_from([1, DAY, 5 * DAY]))
    def wait(self, seconds: int) -> None:
        boa.env.timestamp = self.now + seconds

    @rule(data=st.data(), late=st.sampled_from([-1, 0, 1]))
    def wait_until_something_changes(self, data: Any, late: int) -> None:
        """Around an expiry, the end of an unbonding, of a hold, of a verifier's delay."""
        times = {enclave.expiry for enclave in self.reference.enclaves.values()}
        times |= {operator.unlocks_at for operator in self.reference.operators.values()}
        times |= {hold.until for hold in self.reference.platforms.values()}
        times |= {verifier.ready_at for verifier in self.reference.verifiers.values()}
        coming = sorted(time + late for time in times if time + late > self.now)
        if coming:
            boa.env.timestamp = data.draw(st.sampled_from(coming[:3]))

    # ── Stake ──

    @rule(operator=operators, amount=st.sampled_from([0, 1, 3, ETHER, 2 * ETHER]))
    def stake(self, operator: str, amount: int) -> None:
        refusal = self.reference.stake(operator, amount)
        self._expect(refusal, lambda: self.registry.stake(sender=operator, value=amount))

    @rule(operator=operators)
    def request_unstake(self, operator: str) -> None:
        refusal = self.reference.request_unstake(operator, self.now)
        self._expect(refusal, lambda: self.registry.request_unstake(sender=operator))

    @rule(operator=operators)
    def unstake(self, operator: str) -> None:
        owed, before = self.reference.operators[operator].stake, ether(CHALLENGER)
        refusal = self.reference.unstake(operator, self.now)
        self._expect(refusal, lambda: self.registry.unstake(CHALLENGER, sender=operator))
        assert ether(CHALLENGER) - before == (0 if refusal else owed)

    @rule(operator=operators, stakes_again=st.booleans())
    def leave(self, operator: str, stakes_again: bool) -> None:
        self.request_unstake(operator)
        boa.env.timestamp = max(self.now, self.reference.operators[operator].unlocks_at)
        self.unstake(operator)
        if stakes_again:
            self.stake(operator, ETHER)

    @rule(operator=operators)
    def burn_stake(self, operator: str) -> None:
        condemned = [each for each in OPERATORS if self.reference.operators[each].condemned_at]
        operator = condemned[0] if condemned else operator
        refusal = self.reference.burn_stake(operator, self.now)
        self._expect(refusal, lambda: self.registry.burn_stake(operator, sender=CHALLENGER))

    @rule(
        operator=operators,
        amount=st.sampled_from([0, 1, ETHER // 2, 10 * ETHER]),
        beneficiary=st.sampled_from([CHALLENGER, *OPERATORS]),
    )
    def slash(self, operator: str, amount: int, beneficiary: str) -> None:
        taken = self.reference.slash(operator, amount, beneficiary)
        market = self.deployment.market.address
        assert self.registry.slash(operator, amount, beneficiary, sender=market) == taken

    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        owed_to = [account for account, owed in self.reference.credits.items() if owed]
        account = data.draw(st.sampled_from(owed_to or OPERATORS))
        owed, before = self.reference.credits[account], ether(account)
        refusal = self.reference.withdraw(account)
        self._expect(refusal, lambda: self.registry.withdraw(account, sender=account))
        assert ether(account) - before == owed

    @rule(operator=operators, uri=st.sampled_from(["", "one", 256 * "u"]))
    def announce(self, operator: str, uri: str) -> None:
        refusal = self.reference.announce(operator)
        self._expect(refusal, lambda: self.registry.announce(uri, sender=operator))

    # ── Enclaves ──

    @rule(
        data=st.data(),
        key=keys,
        bound=st.builds(Bound, operators, platforms, sealing_keys),
        lifetime=st.sampled_from([0, 1, DAY, MAX_LIFETIME, 2 * MAX_LIFETIME]),
    )
    def register(self, data: Any, key: str, bound: Bound, lifetime: int) -> None:
        measurement = data.draw(st.sampled_from(sorted(self.deployment.attested)))
        self._register(measurement, key, bound, lifetime)

    @rule(data=st.data(), key=keys, sealing_key=sealing_keys, platform=platforms)
    def register_what_suits(self, data: Any, key: str, sealing_key: str, platform: bytes) -> None:
        """By whoever holds the platform, or may take it."""
        holder = self.reference.holder(platform, self.now)
        operator = holder or data.draw(operators)
        self.stake(operator, ETHER)
        bound = Bound(operator, platform, sealing_key)
        self._register(self._measurement(data), key, bound, MAX_LIFETIME)

    @precondition(lambda self: self.reference.enclaves)
    @rule(data=st.data(), lifetime=st.sampled_from([DAY, MAX_LIFETIME]))
    def renew(self, data: Any, lifetime: int) -> None:
        known = sorted(self.reference.enclaves)
        measurement, key = data.draw(st.sampled_from(known))
        bound = self.reference.enclaves[measurement, key].bound
        self._register(measurement, key, bound, lifetime)

    def _register(self, measurement: bytes, key: str, bound: Bound, lifetime: int) -> None:
        expiry, verifier = self.now + lifetime, self.deployment.attested[measurement][0]
        enrolment = Enrolment(key, bound, measurement, verifier, expiry)
        before = self._active()
        refusal = self.reference.register(enrolment, self.now)
        registered = self._expect(
            refusal, lambda: self.deployment.register(measurement, key, bound, expiry)
        )
        assert registered == (None if refusal else measurement)
        for unseated in before - self._active() - {(measurement, key)}:
            lost = self.reference.enclaves[unseated].bound
            assert not refusal
            assert (unseated[0], lost.operator, lost.platform) == (measurement, *bound[:2])

    def _active(self) -> set[tuple[bytes, str]]:
        """Measurement and key of every enclave that may sign; `every_word_agrees` with it."""
        return {
            (measurement, key)
            for (measurement, key), enclave in self.reference.enclaves.items()
            if self.reference.is_active(
                measurement,
                Signature(key, enclave.bound.sealing_key, enclave.bound.platform),
                self.now,
            )
        }

    # ── Owner ──

    @rule(data=st.data())
    def revoke(self, data: Any) -> None:
        """Now and then: what is revoked stays so, and little would be left to try."""
        if not data.draw(few):
            return
        measurement, key, platform = self._measurement(data), data.draw(keys), data.draw(platforms)
        verifier = data.draw(st.sampled_from(self.deployment.verifiers))
        registry, sender = self.registry, {"sender": OWNER}
        subject, call = data.draw(
            st.sampled_from(
                [
                    (
                        (measurement, key),
                        lambda: registry.revoke_enclave(key, measurement, **sender),
                    ),
                    (platform, lambda: registry.revoke_platform(platform, **sender)),
                    (measurement, lambda: registry.revoke_measurement(measurement, **sender)),
                    (verifier, lambda: registry.revoke_verifier(verifier, **sender)),
                ]
            )
        )
        self._expect(self.reference.revoke(subject, self.now), call)

    @rule(n=st.integers(0, 1), adds=st.booleans())
    def propose_or_add_verifier(self, n: int, adds: bool) -> None:
        verifier = self.deployment.verifiers[n]
        if adds:
            refusal = self.reference.add_verifier(verifier, self.now)
            self._expect(refusal, lambda: self.registry.add_verifier(verifier, sender=PROVER))
        else:
            refusal = self.reference.propose_verifier(verifier, self.now)
            self._expect(refusal, lambda: self.registry.propose_verifier(verifier, sender=OWNER))

    @rule(data=st.data(), text=st.sampled_from(["", "one", "another"]))
    def describe_measurement(self, data: Any, text: str) -> None:
        measurement = data.draw(st.sampled_from(sorted(self.deployment.attested)))
        named, said = self.deployment.attested[measurement], (text.encode().ljust(32, b"\0"), text)
        describe = self.registry.describe_measurement
        refusal = self.reference.describe(measurement, *said)
        made = self._expect(refusal, lambda: describe(*named, *said, sender=OWNER))
        assert made == (None if refusal else measurement)
        for each in self.deployment.attested:
            expected = self.reference.descriptions.get(each, (bytes(32), ""))
            assert tuple(self.registry.description(each)) == expected

    # ── Signatures ──

    @rule(
        data=st.data(),
        size=st.integers(1, 3),
        min_stake=st.sampled_from([0, 1, ETHER]),
        excluded=st.lists(operators, max_size=1),
    )
    def check_quorum(self, data: Any, size: int, min_stake: int, excluded: list[str]) -> None:
        measurement = self._measurement(data)
        chosen = data.draw(st.sets(self._signing(data, measurement), min_size=1, max_size=size))
        by = [self._signature(data, measurement, key) for key in KEYS if key in chosen]
        expected = measurement, min_stake, by, excluded
        refusal = self.reference.check_quorum(*expected, self.now)
        found = self._expect(refusal, lambda: self.deployment.check_quorum(*expected))
        if not refusal:
            assert found == [
                (each.signing_key, self.reference.platforms[each.platform].operator, each.platform)
                for each in by
            ]

    @rule(data=st.data(), ago=st.sampled_from([0, 1, DAY, 5 * DAY, 30 * DAY]))
    def revoked_since(self, data: Any, ago: int) -> None:
        measurement, time = self._measurement(data), self.now - ago
        pairs = data.draw(st.lists(st.tuples(keys, platforms), max_size=3))
        signers = [(key, NOBODY, platform) for key, platform in pairs]
        expected = self.reference.revoked_since(measurement, pairs, time)
        assert self.registry.revoked_since(signers, measurement, time) == expected

    @rule(data=st.data())
    def prove_equivocation(self, data: Any) -> None:
        measurement = self._measurement(data)
        signing = self._signing(data, measurement)
        first = self._signature(data, measurement, data.draw(signing))
        second = data.draw(st.sampled_from([first.signing_key, data.draw(signing)]))
        by = first, self._signature(data, measurement, second)
        signer = self.reference.enclaves.get((measurement, first.signing_key))
        operator = data.draw(operators)
        if signer and not data.draw(few):
            operator = signer.bound.operator
        refusal = self.reference.prove_equivocation(measurement, by, operator, PROVER, self.now)
        self._expect(refusal, lambda: self.deployment.prove_equivocation(measurement, by, operator))

    # ── What always holds ──

    @invariant()
    def every_wei_is_somebodys(self) -> None:
        stakes = sum(each.stake for each in self.reference.operators.values())
        owed = sum(self.reference.credits.values())
        assert ether(self.registry.address) == stakes + owed
        assert ether(NOBODY) - self.burned_before == self.reference.burned

    @invariant()
    def every_word_agrees(self) -> None:
        reference, read, revoked = (
            self.reference,
            self.deployment.words.read,
            self.reference.revoked,
        )
        for operator in OPERATORS:
            of_operator = reference.operators[operator]
            expected = packed(
                of_operator.stake | of_operator.platforms << 128,
                of_operator.condemned_at,
                of_operator.unlocks_at,
                of_operator.epoch,
            )
            assert read("records.operators", operator) == expected
        for owed_to in (CHALLENGER, PROVER, *OPERATORS):
            assert read("staking.credit_of", owed_to) == reference.credits[owed_to]
        for measurement, platform in product(self.deployment.attested, PLATFORMS):
            latest = reference.latest.get((measurement, platform), NOBODY)
            assert read("records.latest_keys", measurement, platform) == int(latest, 16)
        for platform in PLATFORMS:
            hold = reference.platforms.get(platform, Hold(NOBODY, 0, 0))
            expected = packed(int(hold.operator, 16), revoked.get(platform), hold.until, hold.epoch)
            assert read("records.platforms", platform) == expected
        for verifier in self.deployment.verifiers:
            times = reference.verifiers[verifier]
            expected = packed(times.added_at, revoked.get(verifier), times.ready_at, 0)
            assert read("records.verifiers", verifier) == expected
        for measurement in self.deployment.attested:
            attested_by = reference.measurements.get(measurement, NOBODY)
            expected = packed(int(attested_by, 16), revoked.get(measurement), 0, 0)
            assert read("records.measurements", measurement) == expected
            for key in KEYS:
                enclave = reference.enclaves.get((measurement, key))
                bound = (binding(enclave.bound), enclave.expiry) if enclave else (0, 0)
                at = revoked.get((measurement, key))
                expected = packed(bound[0], at, bound[1], enclave.epoch if enclave else 0)
                assert read("records.enclaves", measurement, key) == expected

    # Holds I-36.
    @invariant()
    def an_active_enclave_is_alone_on_a_platform_that_its_operator_holds(self) -> None:
        active = []
        for (measurement, key), enclave in self.reference.enclaves.items():
            operator, platform, sealing_key = enclave.bound
            by = Signature(key, sealing_key, platform)
            found = self.registry.is_active(key, sealing_key, platform, measurement)
            assert found == self.reference.is_active(measurement, by, self.now)
            if found:
                active.append((operator, platform, measurement))
                assert self.reference.holder(platform, self.now) == operator
                assert self.reference.platforms[platform].until >= enclave.expiry + UNBONDING
        for (operator, platform, program), (another, elsewhere, other) in combinations(active, 2):
            assert platform != elsewhere or (operator == another and program != other)


@pytest.fixture(scope="module")
def deployment() -> RegistryDeployment:
    return RegistryDeployment()


def test_registry__any_history__agrees_with_the_reference(deployment):
    run_state_machine_as_test(
        lambda: Registry(deployment), settings=settings(max_examples=60, stateful_step_count=50)
    )
