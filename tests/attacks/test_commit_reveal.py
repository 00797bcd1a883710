"""Attacks on commitments and reveals: the attack corpus, 1 to 10."""

from itertools import product

import boa
import pytest

from offchain.protocol.eip712 import Domain
from tests import reasons
from tests.deployment import TERMS, Sale
from tests.inprocess import account, deploy, ether, models, refuses
from tests.sale import VOIDED, Submission, model


def test_reveal_model__copied_commitment__only_the_original_opens(chain, developer, stranger):
    """1: whoever copies a commitment out of the mempool cannot open it, and does no harm."""
    sale = Sale(chain).create()
    original = model(developer, "original")
    commitment = original.commitment(chain.domain, sale.id)
    paid = sale.task.commit_bond + sale.task.entry_fee
    chain.market.commit_model(sale.id, commitment, sender=stranger, value=paid)
    sale.models.append(original)
    sale.commit(original)
    chain.at(sale.task.commit_deadline)
    with refuses(reasons.WRONG_COMMITMENT):
        chain.market.reveal_model(*original.reveal(sale.id, 0), sender=stranger)
    with refuses(reasons.WRONG_COMMITMENT):
        chain.market.reveal_model(*original.reveal(sale.id, 1), sender=stranger)
    sale.reveal(1)
    assert chain.market.submissions(sale.id, 1) == original.leaf(sale.id, 1)


def test_commit_model__victims_hash_reserved__victim_commits_beside_it(chain, developer, stranger):
    """2: a commitment that somebody entered first does not keep its owner out."""
    sale = Sale(chain).create()
    sale.commit(model(stranger, "filler"))
    victim = model(developer, "victim")
    paid = sale.task.commit_bond + sale.task.entry_fee
    reserved = victim.commitment(chain.domain, sale.id)
    chain.market.commit_model(sale.id, reserved, sender=stranger, value=paid)
    sale.models.append(victim)
    sale.commit(victim).reveal(2).close()
    stands = sale.post((2, 900_000))
    before = ether(developer)
    sale.claim(stands, 0)
    assert ether(developer) - before == sale.task.price(900_000)


def test_commit_model__again__moves_no_deadline(chain, developer):
    """3: another commit, even in the last second, gives nobody more time."""
    sale = Sale(chain).create()
    times = chain.market.progress(sale.id)[1:3]
    sale.commit(model(developer, "first"))
    chain.at(sale.task.commit_deadline - 1)
    sale.commit(model(developer, "second"))
    assert chain.market.progress(sale.id)[1:3] == times
    sale.reveal(0)
    assert chain.market.progress(sale.id)[1:3] == times


# Holds S-15.
def test_reveal_model__stolen_from_the_mempool__useless(chain, developer, stranger):
    """4: a reveal seen before it is mined serves nobody else."""
    sale = Sale(chain).create()
    own = model(developer, "own")
    sale.commit(own).commit(model(stranger, "thief"))
    chain.at(sale.task.commit_deadline)
    seen = own.reveal(sale.id, 0)
    for index in (0, 1):
        with refuses(reasons.WRONG_COMMITMENT):
            chain.market.reveal_model(sale.id, index, *seen[2:], sender=stranger)
    assert chain.market.progress(sale.id).reveals == 0
    sale.reveal(0)
    with refuses(reasons.WRONG_COMMITMENT):
        chain.market.reveal_model(*seen, sender=developer)


def test_commitment__low_entropy_submission__not_to_be_guessed(chain, developer):
    """5: who guesses the whole submission cannot tell, for want of the salt."""
    sale = Sale(chain).create()
    entered = model(developer, "known to all", min_price=7)
    commitment = entered.commitment(chain.domain, sale.id)
    digests = [entered.submission.model_digest, bytes(32)]
    guesses = {
        type(entered)(
            developer,
            Submission(*guess, min_price),
            entered.keyring_digest,
            salt,
            entered.uri,
            entered.envelope,
        ).commitment(chain.domain, sale.id)
        for *guess, min_price in product(
            digests,
            [entered.submission.artifact_digest],
            [entered.submission.envelope_digest],
            range(16),
        )
        for salt in (bytes(32), sale.id, *(n.to_bytes(32, "big") for n in range(16)))
    }
    assert commitment not in guesses
    assert entered.commitment(chain.domain, sale.id) == commitment


def test_settle__the_worse_of_two_commitments_unrevealed__costs_its_bond(chain, developer):
    """6: entering twice and revealing the better costs a bond and a second fee."""
    sale = Sale(chain)
    bond, fee = sale.task.commit_bond, sale.task.entry_fee
    before = ether(developer)
    sale.create().commit(model(developer, "better"), model(developer, "worse")).reveal(0).close()
    stands = sale.post((0, 1_000_000))
    sale.claim(stands, 0)
    sale.settle(stands)
    assert ether(developer) - before == sale.task.price(1_000_000) - bond - 2 * fee
    operator = sale.signing[0].operator
    assert (
        chain.market.credits(sale.task.token, operator) == sale.task.benchmark_fee + bond + 2 * fee
    )


def test_close_reveals__somebody_never_reveals__sale_goes_on(chain, developer, stranger):
    """7: a committed model that is never revealed stops nobody, and can be revealed no more."""
    sale = Sale(chain).create().commit(model(stranger, "silent"), model(developer, "revealed"))
    sale.reveal(1).close()
    with refuses(reasons.WRONG_STAGE):
        chain.market.reveal_model(*sale.models[0].reveal(sale.id, 0), sender=stranger)
    stands = sale.post((1, 700_000))
    sale.claim(stands, 0)
    sale.settle(stands)
    people = (sale.provider, sale.signing[0].operator)
    assert ether(chain.market.address) == chain.credited(sale.task.token, people)


# Holds S-17.
def test_close_reveals__last_revealer__does_not_know_the_seed(chain):
    """8: the last to reveal chooses a head, not the seed: later randomness is in it."""
    sale = Sale(chain).create().commit(*models("first", "last")).reveal(0, 1)
    chain.at(sale.task.reveal_deadline)
    seeds = set()
    for randomness in range(4):
        with boa.env.anchor():
            boa.env.evm.patch.prevrandao = randomness.to_bytes(32, "big")
            seeds.add(sale.market.close_reveals(sale.id))
    assert len(seeds) == 4


def test_void__last_revealer_withholds__loses_its_bond_and_stops_nothing(chain):
    """8: with the reveal withheld the bond is gone, and the others' head stands."""
    sale = Sale(chain).create().commit(*models("first", "last")).reveal(0)
    head = sale.market.head(sale.id)
    sale.close()
    assert sale.market.head(sale.id) == sale.seed != head
    sale.void(sender=sale.provider)
    assert sale.stage == VOIDED
    sale.share(0)
    pot = sale.task.commit_bond + 2 * sale.task.entry_fee
    share = sale.task.benchmark_fee + pot
    assert sale.market.credits(sale.task.token, sale.models[0].developer) == share


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_commit_model__around_the_commit_deadline__only_before(chain, developer, late):
    """9: one second decides, and the same second opens the reveals."""
    sale = Sale(chain).create().commit(model(developer, "early"))
    chain.at(sale.task.commit_deadline + late)
    if late < 0:
        sale.commit(model(developer, "late"))
        with refuses(reasons.TOO_EARLY):
            chain.market.reveal_model(*sale.models[0].reveal(sale.id, 0), sender=developer)
    else:
        with refuses(reasons.TOO_LATE):
            sale.commit(model(developer, "late"))
        sale.reveal(0)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_reveal_model__around_the_reveal_deadline__only_before(chain, developer, late):
    """9: one second decides, and the same second allows the close."""
    sale = Sale(chain).create().commit(*models("one", "two")).reveal(0)
    chain.at(sale.task.reveal_deadline + late)
    if late < 0:
        with refuses(reasons.TOO_EARLY):
            chain.market.close_reveals(sale.id)
        sale.reveal(1)
    else:
        with refuses(reasons.TOO_LATE):
            sale.reveal(1)
        sale.close()


def test_reveal_model__commitment_of_another_place__wrong_commitment(chain, developer):
    """10: a commitment made for another chain, market, task or sender opens nowhere else."""
    sale, other = Sale(chain).create(), Sale(chain, nonce=1)
    entered = model(developer, "entered")
    second = deploy("ModelMarket", chain.registry, *TERMS)
    elsewhere = {
        "chain": (Domain(chain.domain.chain_id + 1, chain.domain.market), sale.id),
        "market": (Domain(chain.domain.chain_id, str(second.address)), sale.id),
        "task": (chain.domain, other.id),
    }
    paid = sale.task.commit_bond + sale.task.entry_fee
    for domain, task_id in elsewhere.values():
        foreign = entered.commitment(domain, task_id)
        chain.market.commit_model(sale.id, foreign, sender=developer, value=paid)
    chain.at(sale.task.commit_deadline)
    for index in range(len(elsewhere)):
        with refuses(reasons.WRONG_COMMITMENT):
            chain.market.reveal_model(*entered.reveal(sale.id, index), sender=developer)


# Holds I-25.
def test_claim_share__leaf_committed_as_such__was_never_revealed(chain, stranger):
    """A word that reads as a leaf, entered as a commitment, gets no share: it was not revealed."""
    sale = Sale(chain, provider=stranger, benchmark_fee=10**18).create()
    Sale(chain, nonce=1).create()
    honest = model(stranger, "revealed")
    sale.commit(honest)
    forged = [model(stranger, f"forged {n}") for n in range(3)]
    paid = sale.task.commit_bond + sale.task.entry_fee
    for entered in forged:
        leaf = entered.leaf(sale.id, len(sale.models))
        chain.market.commit_model(sale.id, leaf, sender=stranger, value=paid)
        sale.models.append(entered)
    sale.reveal(0)
    sale.void()
    sale.share(0)
    for index in (1, 2, 3):
        with refuses(reasons.WRONG_SUBMISSION):
            sale.share(index)


def test_claim_award__leaf_committed_as_such__sells_nothing(chain, stranger):
    """The same word is no award's leaf either, should a report name its index."""
    sale = Sale(chain).create().commit(model(account("honest"), "honest"))
    forged = model(stranger, "forged")
    paid = sale.task.commit_bond + sale.task.entry_fee
    chain.market.commit_model(sale.id, forged.leaf(sale.id, 1), sender=stranger, value=paid)
    sale.models.append(forged)
    stands = sale.reveal(0).close().post((1, 900_000))
    with refuses(reasons.WRONG_SUBMISSION):
        sale.claim(stands, 0)
