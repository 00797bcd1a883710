"""Random sales beside the reference model: every word, every wei, and a way out for everybody."""

# Holds I-1, I-7, I-14.

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
from tests.stateful import operators, random_sales
from tests.stateful.ledger import Refused
from tests.stateful.random_sales import RandomSale, now_and_then, pick
from tests.stateful.world import DEAD, ContractAndModel, World
from tests.token_modes import TokenMode

MAX_LIVE = 2

TOKEN_MODES = (
    TokenMode.STANDARD,
    TokenMode.RETURNS_NOTHING,
    TokenMode.RETURNS_FALSE,
    TokenMode.REVERTS,
)


class Market(RuleBasedStateMachine):
    """Anything that anybody may try, most of it what the stage of a task suggests."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.chain = world, world.chain
        self.both = ContractAndModel(world)
        self.sales: list[RandomSale] = []
        self.nonce = 0

    # ── Tasks ──

    @initialize(data=st.data(), entered=st.integers(0, 4))
    def a_sale_is_under_way(self, data: Any, entered: int) -> None:
        """Random steps alone would seldom come as far as a report."""
        self.create(data)
        for sale in self.sales:
            self._go_on(data, sale, entered)
            for time in (sale.task.commit_deadline, sale.task.reveal_deadline):
                self._wait_for(time)
                self._go_on(data, sale, entered)

    @precondition(lambda self: len(self._live()) < MAX_LIVE)
    @rule(data=st.data())
    def create(self, data: Any) -> None:
        self.nonce += 1
        sale = random_sales.create(data, self.both, self.nonce)
        if sale:
            self.sales.append(sale)

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def create_again(self, data: Any) -> None:
        task = pick(data, self.sales).task
        value = task.escrow()
        again = self.both.act("create_task", task, "", sender=task.provider, value=value)
        assert isinstance(again, Refused)

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), steps=st.integers(1, 4))
    def go_on(self, data: Any, steps: int) -> None:
        """Take the step that the stage of a task suggests."""
        self._go_on(data, pick(data, self._live() or self.sales), steps)

    @precondition(lambda self: self._live())
    @rule(data=st.data(), late=st.sampled_from([-1, 0, 0, 0, 1]))
    def skip(self, data: Any, late: int) -> None:
        """To the next time that matters to a task, or a second off; and go on with it."""
        now = self.chain.now
        times = {sale.id: random_sales.next_time(self.both, sale) or now for sale in self._live()}
        soonest = min(self._live(), key=lambda sale: times[sale.id])
        sale = now_and_then(data, soonest, self._live())
        self._wait_for(times[sale.id] + late)
        self._go_on(data, sale, 3)

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), step=st.sampled_from(random_sales.ALL))
    def try_anything(self, data: Any, step: random_sales.Step) -> None:
        step(data, self.both, pick(data, self.sales))

    @precondition(lambda self: any(self.both.market.credits.values()))
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        owed = [each for each, amount in self.both.market.credits.items() if amount]
        token, owner = pick(data, owed)
        to = now_and_then(data, owner, [*self.world.people, str(self.world.market.address)])
        caller = now_and_then(data, owner, self.world.people)
        self.both.act("withdraw", token, to, sender=caller)

    go_on_too = go_on
    skip_too = skip

    # ── The world ──

    @rule(seconds=st.sampled_from([0, 1, HOUR]), word=st.integers(0, 3))
    def wait(self, seconds: int, word: int) -> None:
        self._wait_for(self.chain.now + seconds)
        boa.env.evm.patch.prevrandao = parts.word(f"randomness {word}")
        boa.env.evm.patch.prev_hashes = [parts.word(f"block {word}")] * 256

    @rule(data=st.data(), mode=st.sampled_from([*TOKEN_MODES, None]))
    def token_changes(self, data: Any, mode: TokenMode | None) -> None:
        if mode is None:
            self.both.set_blocked(pick(data, self.world.people), data.draw(st.booleans()))
        else:
            self.both.set_mode(mode)

    @rule(data=st.data())
    def operator_acts(self, data: Any) -> None:
        steps = [operators.stake, operators.unstake, operators.renew, operators.restart]
        steps += [operators.equivocate, operators.withdraw, operators.burn]
        pick(data, steps)(data, self.both)

    @rule(data=st.data())
    def owner_revokes(self, data: Any) -> None:
        now_and_then(data, operators.renew, [operators.revoke])(data, self.both)

    # ── What always holds ──

    # Holds I-3, I-7, I-8, I-10, I-11.
    @invariant()
    def contract_and_model_agree(self) -> None:
        self.both.check_wallets()
        self.both.check_books()
        self.both.check_tasks()
        self.both.check_registry()

    # Holds I-1, I-2.
    @invariant()
    def both_hold_what_they_owe(self) -> None:
        self.both.check_solvency()

    # Holds I-14.
    def teardown(self) -> None:
        """Time and strangers end every task; what is left is credits, and their owners withdraw."""
        for sale in self.sales:
            self._end(sale)
        self.contract_and_model_agree()
        self.both_hold_what_they_owe()
        for token in self.world.tokens:
            credited = sum(
                amount for (of, _), amount in self.both.market.credits.items() if of == token
            )
            assert self.world.balance(token, str(self.world.market.address)) == credited
        self.both.set_mode(TokenMode.STANDARD)
        for (token, owner), amount in list(self.both.market.credits.items()):
            if amount:
                assert self.both.act("withdraw", token, DEAD, sender=owner) == amount
        for token in self.world.tokens:
            assert self.world.balance(token, str(self.world.market.address)) == 0
        self._everybody_leaves_the_registry()

    # ── Internal ──

    def _end(self, sale: RandomSale) -> None:
        stranger = self.world.strangers[1]
        state, task = random_sales.state(self.both, sale), sale.task
        if state.stage == DISPUTED:
            self._wait_for(state.time_a)
            self.both.act("expire_dispute", *sale.first.expire(sale.challenger), sender=stranger)
        if state.stage in (OPEN, CLOSED):
            self._wait_for(task.report_deadline if state.reveals else task.reveal_deadline)
            self.both.act("void", task, sender=stranger)
        if state.stage in (REPORTED, FINAL):
            self._wait_for(state.time_b)
            self.both.act("settle", *sale.stands.settle(), sender=stranger)
        if state.stage == VOIDED:
            for index in sale.revealed:
                if state.words[index] != bytes(32):
                    args = sale.models[index].share(task, index)
                    self.both.act("claim_share", *args, sender=stranger)
        assert state.stage in (SETTLED, VOIDED)

    def _everybody_leaves_the_registry(self) -> None:
        states = self.both.registry.reference.operators
        staying = [each for each, state in states.items() if state.stake]
        for operator in staying:
            if not states[operator].unlocks_at:
                self.both.act_on_registry("request_unstake", sender=operator)
        self._wait_for(self.chain.now + UNBONDING)
        for operator in staying:
            if states[operator].condemned_at:
                self.both.act_on_registry("burn_stake", operator, sender=self.world.strangers[1])
            else:
                self.both.act_on_registry("unstake", DEAD, sender=operator)
        for owner in [each for each, owed in self.both.registry.reference.credits.items() if owed]:
            self.both.act_on_registry("withdraw", DEAD, sender=owner)
        assert ether(str(self.world.registry.address)) == 0

    def _live(self) -> list[RandomSale]:
        """The tasks that have not ended."""
        over = (SETTLED, VOIDED)
        return [
            each for each in self.sales if random_sales.state(self.both, each).stage not in over
        ]

    def _go_on(self, data: Any, sale: RandomSale, steps: int) -> None:
        for _ in range(steps):
            step = random_sales.suggested(self.both, sale)
            if step:
                step(data, self.both, sale)

    def _wait_for(self, time: int) -> None:
        self.chain.at(max(time, self.chain.now))


@pytest.fixture(scope="session")
def world() -> World:
    return World()


# Holds S-1, S-20, S-33.
def test_market__random_sales__as_the_model_says(world):
    run_state_machine_as_test(lambda: Market(world), settings=settings.default)
