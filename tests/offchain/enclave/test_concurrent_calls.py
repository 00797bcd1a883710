"""Concurrent calls of an enclave: one measurement and one signature per task and round."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, BrokenBarrierError, Event
from typing import TypeVar

import pytest

from offchain.enclave.enclave import Enclave, _Run
from offchain.enclave.models.runner import SecondPass
from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.messages import Proposal, Signed
from tests.offchain.market import ROWS, TOOLS, Offer, enclaves, make_market, model, run
from tests.vectors.generate import word

MARKET = make_market(
    [Offer(model(range(4))), Offer(model(range(4, 10)))],
    manifest={"sample_size": ROWS, "minimum_gain": 25_000},
    tolerance=25_000,
)
TASK_ID = MARKET.transcript.task_id
T = TypeVar("T")


@pytest.fixture
def enclave() -> Enclave:
    return enclaves()[0]


class Meeting:
    """A barrier that records if two threads are inside at the same time."""

    def __init__(self) -> None:
        self._barrier, self.happened = Barrier(2), False

    def __call__(self) -> None:
        try:
            self._barrier.wait(0.2)
            self.happened = True
        except BrokenBarrierError:
            pass


def at_once(*calls: Callable[[], T]) -> list[T | InvalidRequest]:
    """Run the calls concurrently; return the result or the refusal of each."""

    def outcome(call: Callable[[], T]) -> T | InvalidRequest:
        try:
            return call()
        except InvalidRequest as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(outcome, calls))


def test_measure__two_inventories_at_once__one_is_measured_and_the_other_refused(
    enclave: Enclave,
) -> None:
    meeting, measured = Meeting(), []

    def counting(*arguments: object, submission: int, second: SecondPass) -> object:
        measured.append(submission)
        meeting()
        return run(*arguments, submission=submission, second=second)  # type: ignore[arg-type]

    tools = replace(TOOLS, run=counting)
    outcomes = at_once(
        *(
            lambda inventory=inventory: enclave.measure(MARKET.bundle(enclave, inventory), tools)
            for inventory in ([0], [1])
        )
    )
    assert not meeting.happened
    assert len(measured) == 1
    (refused,) = (each for each in outcomes if each is not None)
    assert refused.reason is RequestFault.MEASURED_OTHERWISE


def test_cosign__two_proposals_at_once__one_is_signed_and_the_other_refused(
    enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    enclave.measure(MARKET.bundle(enclave), TOOLS)
    own, meeting, sign = enclave.propose(TASK_ID, 0), Meeting(), _Run.sign

    def slow(*arguments: object) -> Signed:
        meeting()
        return sign(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(_Run, "sign", slow)
    other = Proposal((replace(own.results[0], score=880_000), *own.results[1:]), own.chosen)
    platform = word("platform")
    outcomes = at_once(
        lambda: enclave.cosign(TASK_ID, 0, own, platform),
        lambda: enclave.cosign(TASK_ID, 0, other, platform),
    )
    assert not meeting.happened
    refused = [each for each in outcomes if isinstance(each, InvalidRequest)]
    assert [each.reason for each in refused] == [RequestFault.SIGNED_OTHERWISE]


def test_cosign__while_another_task_is_measured__does_not_wait(enclave: Enclave) -> None:
    enclave.measure(MARKET.bundle(enclave), TOOLS)
    reached, leave = Event(), Event()

    def waiting(*arguments: object, submission: int, second: SecondPass) -> object:
        reached.set()
        assert leave.wait(30)
        return run(*arguments, submission=submission, second=second)  # type: ignore[arg-type]

    other = make_market([Offer()], nonce=8)
    with ThreadPoolExecutor(1) as thread:
        measuring = thread.submit(
            enclave.measure, other.bundle(enclave), replace(TOOLS, run=waiting)
        )
        assert reached.wait(30)
        proposal = enclave.propose(TASK_ID, 0)
        assert enclave.cosign(TASK_ID, 0, proposal, word("platform")).report.task_id == TASK_ID
        assert not measuring.done()
        leave.set()
        measuring.result()
