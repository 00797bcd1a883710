"""A random play of market, registry and policy beside the reference model.

Every word, every wei, every event and every refusal is the model's, and everybody has a way out.
"""

# Holds I-1, I-2, I-7, I-14, I-37, I-41.

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import boa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests import sale as parts
from tests.inprocess import NO_REASON, UNBONDING, ether
from tests.p256 import p256verify
from tests.sale import CLOSED, DISPUTED, FINAL, HOUR, OPEN, REPORTED, SETTLED, STAGES, VOIDED
from tests.stateful import agreement, guardian, operators, random_documents, random_sales
from tests.stateful.deadlines import NAMES, OFFSETS, SALE, Deadline, Try, deadlines
from tests.stateful.draws import now_and_then, pick, sometimes
from tests.stateful.hostile import CALLS_BACK, FAILING, LOCKED, ODD_MODES, REFUSED, CallBack
from tests.stateful.ledger import BLOCKS, COSTS, ETHER, REFUSES, SAYS_NO
from tests.stateful.random_sales import RandomSale
from tests.stateful.random_tasks import CROWD
from tests.stateful.tally import DONE
from tests.stateful.world import DEAD, GUARDS, ContractAndModel, World
from tests.token_modes import TokenMode

MAX_LIVE = 3
QUICK = settings(max_examples=30, stateful_step_count=40)
WANTED = [
    *(("create_task", "token", str(mode)) for mode in (*FAILING, *ODD_MODES)),
    *(("payment", "fails", why) for why in (SAYS_NO, BLOCKS, NO_REASON, REFUSES, COSTS)),
    *product(CALLS_BACK[:1], ("market", "registry"), (LOCKED, REFUSED, DONE)),
    (CALLS_BACK[1], "market", LOCKED),
    (CALLS_BACK[1], "registry", REFUSED),
    *(("deadline", name, f"{offset:+d} s") for name in NAMES for offset in OFFSETS),
    *(("guardian", function, stage) for function in GUARDS for stage in STAGES[OPEN:]),
]
"""Things that a long play does beside all that the interfaces promise."""

TOKEN_MODES = (
    TokenMode.STANDARD,
    TokenMode.RETURNS_NOTHING,
    *FAILING,
)


ACTIONS = (
    *("create", "go_on", "play_on", "come_close") * 3,
    *("try_anything", "operators_act", "guardian_acts", "documents_come") * 2,
    *("withdraw", "wait", "receivers_change"),
)


MEDDLING: tuple[Try, ...] = (*(2 * [guardian.revoke]), operators.unstake, operators.slash)
CROWDED = random_sales.commit, random_sales.reveal, random_sales.claim
"""Steps that each of many submissions takes."""
PAYING = random_sales.reveal, random_sales.claim, random_sales.settle, random_sales.void


class Play(RuleBasedStateMachine):
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
        self._hostile_calls(data)
        self.receivers_change(data)
        self.create(data)
        for sale in self.sales:
            self._go_on(data, sale, entered)
            self._play_on(data, sale, 2)

    @rule(data=st.data(), action=st.sampled_from(ACTIONS))
    def somebody_acts(self, data: Any, action: str) -> None:
        """One rule for all: of several, Hypothesis would leave many out of each play."""
        getattr(self, action)(data)

    def create(self, data: Any) -> None:
        if len(self._live()) < MAX_LIVE:
            self.nonce += 1
            sale = random_sales.create(data, self.both, self.nonce)
            if sale:
                self.sales.append(sale)

    def go_on(self, data: Any) -> None:
        """Take the step that the stage of a task suggests."""
        for sale in self._some_sale(data):
            self._go_on(data, sale, data.draw(st.integers(1, 6)))

    def play_on(self, data: Any) -> None:
        """Wait for the next time of a task, and go on with it."""
        for sale in self._some_sale(data):
            self._play_on(data, sale, data.draw(st.integers(1, 3)))

    def try_anything(self, data: Any) -> None:
        for sale in self._some_sale(data):
            pick(data, random_sales.ALL)(data, self.both, sale)

    def withdraw(self, data: Any) -> None:
        random_sales.withdraw(data, self.both)

    # ── Time ──

    def come_close(self, data: Any) -> None:
        """A second before a deadline, at it, a second after it: the next of a sale, mostly."""
        coming = deadlines(self.both, self.sales)
        of_sales = [each for each in coming if each.name in SALE]
        name = pick(data, sorted({each.name for each in coming}) or NAMES)
        named = [each for each in coming if each.name == name]
        self._approach(data, sometimes(data, of_sales or named, [named]))

    def _approach(self, data: Any, coming: list[Deadline]) -> None:
        """Come close to the first of these deadlines, and try around it."""
        for deadline in coming[:1]:
            for offset in pick(data, [OFFSETS, *((each,) for each in OFFSETS)]):
                if deadline.time + offset >= self.chain.now:
                    self.chain.at(deadline.time + offset)
                    self.world.tally.add("deadline", deadline.name, f"{offset:+d} s")
                    for attempt in deadline.tries:
                        attempt(data, self.both)

    # ── The world ──

    def wait(self, data: Any) -> None:
        self._wait_for(self.chain.now + pick(data, [0, 1, HOUR]))
        number = data.draw(st.integers(0, 3))
        boa.env.evm.patch.prevrandao = parts.word(f"randomness {number}")
        boa.env.evm.patch.prev_hashes = [parts.word(f"block {number}")] * 256

    def receivers_change(self, data: Any) -> None:
        """How the hostile token and the hostile account pay and are paid, and whom they call."""
        hostile, on = self.both.hostile, data.draw(st.booleans())
        pick(
            data,
            [
                lambda: self._token_changes(data),
                lambda: hostile.set_refusal(on),
                lambda: hostile.set_cost(on),
                lambda: self._hostile_calls(data),
            ],
        )()

    def _token_changes(self, data: Any) -> None:
        hostile, world = self.both.hostile, self.world
        hostile.set_mode(pick(data, TOKEN_MODES))
        paid = pick(data, [*world.providers, *world.developers])
        hostile.set_blocked(paid, data.draw(st.booleans()))

    def _hostile_calls(self, data: Any) -> None:
        """Whenever it is paid, the account or the token calls this from now on, or nobody."""
        world, hostile = self.world, self.both.hostile
        who = pick(data, [world.hostile, world.configurable])
        calls = [
            CallBack("market", "withdraw", (ETHER, world.refuser)),
            CallBack("registry", "request_unstake", ()),
        ]
        call = now_and_then(data, pick(data, calls), [None])
        if call is None:
            hostile.stay_quiet(who)
            return
        hostile.set_mode(TokenMode.STANDARD)
        hostile.set_refusal(False)
        self.both.call_back(who, call)
        if who is world.hostile:
            self.both.act("registry", "stake", sender=world.refuser, value=10**18)
            operators.withdraw(data, self.both, to=world.refuser)

    def operators_act(self, data: Any) -> None:
        self._some_of(data, operators.STEPS)

    def guardian_acts(self, data: Any) -> None:
        self._some_of(data, guardian.STEPS)

    def documents_come(self, data: Any) -> None:
        self._some_of(data, random_documents.STEPS)

    # ── What always holds ──

    # Holds I-3, I-7, I-8, I-10, I-11.
    @invariant()
    def contract_and_model_agree(self) -> None:
        agreement.check_all(self.both)

    # Holds I-17, I-36.
    @invariant()
    def an_active_enclave_is_alone_on_a_platform_that_its_operator_holds(self) -> None:
        agreement.check_active(self.both)

    # Holds I-1, I-2.
    @invariant()
    def both_hold_what_they_owe(self) -> None:
        agreement.check_solvency(self.both)

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
        self.both.hostile.set_mode(TokenMode.STANDARD)
        for (token, owner), amount in list(self.both.market.credits.items()):
            if amount:
                assert self.both.act("market", "withdraw", token, DEAD, sender=owner) == amount
        for token in self.world.tokens:
            assert self.world.balance(token, str(self.world.market.address)) == 0
        self._everybody_leaves_the_registry()

    # ── Internal ──

    def _end(self, sale: RandomSale) -> None:
        stranger = self.world.strangers[1]
        state, task = random_sales.state(self.both, sale), sale.task
        if state.stage == DISPUTED:
            self._wait_for(state.time_a)
            self.both.act(
                "market", "expire_dispute", *sale.first.expire(sale.challenger), sender=stranger
            )
        if state.stage in (OPEN, CLOSED):
            self._wait_for(task.report_deadline if state.reveals else task.reveal_deadline)
            self.both.act("market", "void", task, sender=stranger)
        if state.stage in (REPORTED, FINAL):
            self._wait_for(state.time_b)
            self.both.act("market", "settle", *sale.stands.settle(), sender=stranger)
        if state.stage == VOIDED:
            for index in sale.revealed:
                if state.words[index] != bytes(32):
                    args = sale.models[index].share(task, index)
                    self.both.act("market", "claim_share", *args, sender=stranger)
        assert state.stage in (SETTLED, VOIDED)

    def _everybody_leaves_the_registry(self) -> None:
        states = self.both.registry.reference.operators
        staying = [each for each, state in states.items() if state.stake]
        for operator in staying:
            if not states[operator].unlocks_at:
                self.both.act("registry", "request_unstake", sender=operator)
        self._wait_for(self.chain.now + UNBONDING)
        for operator in staying:
            if states[operator].condemned_at:
                self.both.act("registry", "burn_stake", operator, sender=self.world.strangers[1])
            else:
                self.both.act("registry", "unstake", DEAD, sender=operator)
        for owner in [each for each, owed in self.both.registry.reference.credits.items() if owed]:
            self.both.act("registry", "withdraw", DEAD, sender=owner)
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
            if step is random_sales.dispute and data.draw(st.booleans()):
                return  # so that half of the reports come to their claims
            if step in (random_sales.post, random_sales.resolve):
                operators.renew_expired(data, self.both)
            if step in PAYING:
                changes = self._token_changes, self._hostile_calls, self.receivers_change
                sometimes(data, lambda _: None, changes)(data)
            if step:
                crowd = sale.task.max_submissions == CROWD and step in CROWDED
                for _ in range(CROWD if crowd else 1):
                    step(data, self.both, sale)

    def _some_sale(self, data: Any) -> list[RandomSale]:
        """One that has not ended, mostly; none where there is none."""
        sales = self._live() or self.sales
        return [pick(data, now_and_then(data, sales, [self.sales]))] if sales else []

    def _some_of(self, data: Any, steps: Sequence[Try]) -> None:
        for _ in range(data.draw(st.integers(1, 3))):
            pick(data, steps)(data, self.both)

    def _play_on(self, data: Any, sale: RandomSale, stages: int) -> None:
        for _ in range(stages):
            if random_sales.state(self.both, sale).stage >= CLOSED:
                sometimes(data, operators.renew_expired, MEDDLING)(data, self.both)
            if random_sales.state(self.both, sale).stage == FINAL:  # a stage that few sales reach
                guardian.revoke(data, self.both)
            self._approach(data, deadlines(self.both, [sale], of_sales_alone=True))
            self._go_on(data, sale, 4)

    def _wait_for(self, time: int) -> None:
        self.chain.at(max(time, self.chain.now))


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with p256verify():
        yield World()


# Holds S-1, S-20, S-33.
def test_play__of_everybody__as_the_model_says(world):
    run_state_machine_as_test(lambda: Play(world), settings=QUICK)
