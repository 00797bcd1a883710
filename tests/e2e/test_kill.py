"""Provider and operators killed wherever they touch the world: no double report, nothing lost.

A fuse counts what leaves the process, requests to node and enclave and files, and blows before or
after one of them: after a transaction is sent, say, and before its receipt is seen.
"""

from random import Random

import pytest
from brownie import accounts
from web3._utils.http_session_manager import HTTPSessionManager

from offchain.chain import documents
from offchain.chain.market import REPORTED
from offchain.release import open_release
from offchain.service.client import EnclaveClient
from tests.e2e.ground import KEY, close_sale, mine, open_sale
from tests.offchain.market import enclaves, model

MODELS = [model([0, 1, 2, 3]), model(range(20))]


class Killed(BaseException):
    """Nothing in the program catches this."""


class Fuse:
    """Blows at the given event."""

    def __init__(self):
        self.left = None

    def set(self, events):
        self.left = events

    def around(self, function):
        def fused(*arguments, **options):
            self._burn()
            answer = function(*arguments, **options)
            self._burn()
            return answer

        return fused

    def _burn(self):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Killed


@pytest.fixture
def fuse(monkeypatch):
    made = Fuse()
    post = HTTPSessionManager.make_post_request
    monkeypatch.setattr(HTTPSessionManager, "make_post_request", made.around(post))
    monkeypatch.setattr(EnclaveClient, "_ask", made.around(EnclaveClient._ask))
    monkeypatch.setattr(documents, "write_whole", made.around(documents.write_whole))
    return made


@pytest.fixture
def closed(ground):
    sale = open_sale(ground, accounts, MODELS)
    close_sale(sale, accounts)
    mine()
    return sale


def test_release__killed_at_every_file__is_on_one_inventory(closed, fuse):
    inventories, kills = set(), 0
    for events in range(1, 200, 2):
        fuse.set(events)
        try:
            list(closed.provider().release(closed.task_id, without=[1] if not inventories else []))
            break
        except Killed:
            kills += 1
        finally:
            fuse.set(None)
        inventory = closed.published.inventory(closed.task_id)
        inventories |= {inventory} - {None}
    assert kills > 3
    assert len(inventories) == 1
    market, roster = closed.ground.market(), closed.documents.roster
    transcript = market.transcript(market.history(closed.task_id), roster)
    for enclave in enclaves(len(roster))[: closed.task.quorum]:
        release = closed.published.release(closed.task_id, enclave.identity.signing_key)
        commitment = closed.documents.manifest.test_set.key_commitment
        assert open_release(transcript, release, enclave._sealing_private, commitment) == KEY


@pytest.mark.parametrize("seed", range(4))
def test_step__operators_killed_anywhere__post_one_report(closed, fuse, seed):
    random, kills = Random(seed), 0  # noqa: S311 - nothing secret
    list(closed.provider().release(closed.task_id))
    for _ in range(60):
        for seat, peer in ((0, 1), (1, 0)):
            fuse.set(random.randint(1, 100))
            try:
                list(closed.operator(seat, peer, turn=0).step())
            except Killed:
                kills += 1
            finally:
                fuse.set(None)
        if closed.stage() == REPORTED:
            break
        mine(1)
    assert kills > 0
    mine()
    contract = closed.ground.market().contract
    only = {"task_id": closed.task_id}
    posted = contract.events.ReportPosted.get_logs(from_block=0, argument_filters=only)
    assert len(posted) == 1
    for seat, peer in ((0, 1), (1, 0)):
        assert list(closed.operator(seat, peer, turn=0).step()) == []
