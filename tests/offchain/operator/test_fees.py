"""The tasks for which an operator works."""

from dataclasses import replace

import pytest

from offchain.operator.fees import Offer
from offchain.protocol.encoding import ZERO_ADDRESS
from tests.offchain.honest import HONEST
from tests.vectors.generate import address

TASK = HONEST.transcript.task
TOKEN = address("token")


def test_accepts__without_limits__takes_every_task():
    assert Offer().accepts(TASK)
    assert Offer().accepts(replace(TASK, token=TOKEN, benchmark_fee=0))


def test_accepts__providers__takes_theirs_alone():
    assert Offer(frozenset([TASK.provider])).accepts(TASK)
    assert not Offer(frozenset([address("another provider")])).accepts(TASK)


@pytest.mark.parametrize(("fee", "accepted"), [(4, False), (5, True), (6, True)])
def test_accepts__least_fee__is_a_bound_that_counts(fee, accepted):
    offer = Offer(fees={ZERO_ADDRESS: 5})
    assert offer.accepts(replace(TASK, benchmark_fee=fee)) is accepted
    assert not offer.accepts(replace(TASK, token=TOKEN, benchmark_fee=10**30))
    assert Offer(fees={TOKEN: 0}).accepts(replace(TASK, token=TOKEN, benchmark_fee=0))
