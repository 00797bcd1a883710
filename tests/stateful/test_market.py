"""Random sales beside the reference model: every word, every wei, and a way out for everybody."""

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

from tests import sale as parts
from tests.inprocess import UNBONDING, ether
from tests.sale import CLOSED, DISPUTED, FINAL, HOUR, OPEN, REPORTED, SETTLED, VOIDED
from tests.stateful import operators, plays
from tests.stateful.ledger import Refused
from tests.stateful.plays import Play, now_and_then, pick
from tests.stateful.world import DEAD, Twin, World

MAX_LIVE = 2


class Market(RuleBasedStateMachine):
    """Anything that anybody may try, most of it what the stage of a task suggests."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.chain = world, world.chain
        self.twin = Twin(world)
        self.plays: list[Play] = []
        self.nonce = 0

    # ── Tasks ──

    @initialize(data=st.data(), entered=st.integers(0, 4))
    def a_sale_is_under_way(self, data: Any, entered: int) -> None:
        """Random steps alone would seldom come as far as a report."""
        self.create(data)
        for play in self.plays:
            self._go_on(data, play, entered)
            for time in (play.task.commit_deadline, play.task.reveal_deadline):
                self._wait_for(time)
                self._go_on(data, play, entered)

    @precondition(lambda self: len(self._live()) < MAX_LIVE)
    @rule(data=st.data())
    def create(self, data: Any) -> None:
        self.nonce += 1
        play = plays.create(data, self.twin, self.nonce)
        if play:
            self.plays.append(play)

    @precondition(lambda self: self.plays)
    @rule(data=st.data())
    def create_again(self, data: Any) -> None:
        task = pick(data, self.plays).task
        value = plays.escrow(task)
        again = self.twin.act("create_task", task, sender=task.provider, value=value)
        assert isinstance(again, Refused)

    @precondition(lambda self: self.plays)
    @rule(data=st.data(), steps=st.integers(1, 4))
    def go_on(self, data: Any, steps: int) -> None:
        """What the stage of a task suggests."""
        self._go_on(data, pick(data, self._live() or self.plays), steps)

    @precondition(lambda self: self._live())
    @rule(data=st.data(), late=st.sampled_from([-1, 0, 0, 0, 1]))
    def skip(self, data: Any, late: int) -> None:
        """To the next time that matters to a task, or a second off; and go on with it."""
        now = self.chain.now
        times = {play.id: plays.next_time(self.twin, play) or now for play in self._live()}
        soonest = min(self._live(), key=lambda play: times[play.id])
        play = now_and_then(data, soonest, self._live())
        self._wait_for(times[play.id] + late)
        self._go_on(data, play, 3)

    @precondition(lambda self: self.plays)
    @rule(data=st.data(), step=st.sampled_from(plays.ALL))
    def try_anything(self, data: Any, step: plays.Step) -> None:
        step(data, self.twin, pick(data, self.plays))

    @precondition(lambda self: any(self.twin.market.credits.values()))
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        owed = [each for each, amount in self.twin.market.credits.items() if amount]
        token, owner = pick(data, owed)
        to = now_and_then(data, owner, [*self.world.people, str(self.world.market.address)])
        caller = now_and_then(data, owner, self.world.people)
        self.twin.act("withdraw", token, to, sender=caller)

    go_on_too = go_on
    skip_too = skip

    # ── The world ──

    @rule(seconds=st.sampled_from([0, 1, HOUR]), word=st.integers(0, 3))
    def wait(self, seconds: int, word: int) -> None:
        self._wait_for(self.chain.now + seconds)
        boa.env.evm.patch.prevrandao = parts.word(f"randomness {word}")
        boa.env.evm.patch.prev_hashes = [parts.word(f"block {word}")] * 256

    @rule(data=st.data(), what=st.sampled_from(["honest", "silent", "refuses", "reverts", "block"]))
    def token_changes(self, data: Any, what: str) -> None:
        if what == "block":
            self.twin.set_blocked(pick(data, self.world.people), data.draw(st.booleans()))
        else:
            self.twin.set_mood(what)

    @rule(data=st.data())
    def operator_acts(self, data: Any) -> None:
        steps = [operators.stake, operators.unstake, operators.renew, operators.equivocate]
        pick(data, [*steps, operators.withdraw, operators.burn])(data, self.twin)

    @rule(data=st.data())
    def owner_revokes(self, data: Any) -> None:
        now_and_then(data, operators.renew, [operators.revoke])(data, self.twin)

    # ── What always holds ──

    @invariant()
    def contract_and_model_agree(self) -> None:
        self.twin.check_wallets()
        self.twin.check_books()
        self.twin.check_tasks()
        self.twin.check_registry()

    @invariant()
    def both_hold_what_they_owe(self) -> None:
        self.twin.check_solvency()

    def teardown(self) -> None:
        """Time and strangers end every task; what is left is credits, and their owners withdraw."""
        for play in self.plays:
            self._end(play)
        self.contract_and_model_agree()
        self.both_hold_what_they_owe()
        for token in self.world.tokens:
            credited = sum(
                amount for (of, _), amount in self.twin.market.credits.items() if of == token
            )
            assert self.world.balance(token, str(self.world.market.address)) == credited
        self.twin.set_mood("honest")
        for (token, owner), amount in list(self.twin.market.credits.items()):
            if amount:
                assert self.twin.act("withdraw", token, DEAD, sender=owner) == amount
        for token in self.world.tokens:
            assert self.world.balance(token, str(self.world.market.address)) == 0
        self._everybody_leaves_the_registry()

    # ── Internal ──

    def _end(self, play: Play) -> None:
        stranger = self.world.strangers[1]
        state, task = plays.state(self.twin, play), play.task
        if state.stage == DISPUTED:
            self._wait_for(state.time_a)
            self.twin.act("expire_dispute", *play.first.expire(play.challenger), sender=stranger)
        if state.stage in (OPEN, CLOSED):
            self._wait_for(task.report_deadline if state.reveals else task.reveal_deadline)
            self.twin.act("void", task, sender=stranger)
        if state.stage in (REPORTED, FINAL):
            self._wait_for(state.time_b)
            self.twin.act("settle", *play.stands.settle(), sender=stranger)
        if state.stage == VOIDED:
            for index in play.revealed:
                if state.words[index] != bytes(32):
                    args = play.models[index].share(task, index)
                    self.twin.act("claim_share", *args, sender=stranger)
        assert state.stage in (SETTLED, VOIDED)

    def _everybody_leaves_the_registry(self) -> None:
        states = self.twin.registry.reference.operators
        staying = [each for each, state in states.items() if state.stake]
        for operator in staying:
            if not states[operator].unlocks_at:
                self.twin.act_on_registry("request_unstake", sender=operator)
        self._wait_for(self.chain.now + UNBONDING)
        for operator in staying:
            if states[operator].condemned_at:
                self.twin.act_on_registry("burn_stake", operator, sender=self.world.strangers[1])
            else:
                self.twin.act_on_registry("unstake", DEAD, sender=operator)
        for owner in [each for each, owed in self.twin.registry.reference.credits.items() if owed]:
            self.twin.act_on_registry("withdraw", DEAD, sender=owner)
        assert ether(str(self.world.registry.address)) == 0

    def _live(self) -> list[Play]:
        """The tasks that have not ended."""
        over = (SETTLED, VOIDED)
        return [each for each in self.plays if plays.state(self.twin, each).stage not in over]

    def _go_on(self, data: Any, play: Play, steps: int) -> None:
        for _ in range(steps):
            step = plays.suggested(self.twin, play)
            if step:
                step(data, self.twin, play)

    def _wait_for(self, time: int) -> None:
        self.chain.at(max(time, self.chain.now))


@pytest.fixture(scope="session")
def world() -> World:
    return World()


def test_market__random_sales__as_the_model_says(world):
    run_state_machine_as_test(lambda: Market(world), settings=settings.default)
