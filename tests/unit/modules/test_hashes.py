"""The contract's half of the golden vectors: a submission's way to a payout, digest by digest."""

# Holds I-18.

import pytest
from brownie import ExposedSale, accounts

from tests import sale


@pytest.fixture(scope="module")
def exposed(module_isolation, in_place):
    return in_place(accounts[1].deploy(ExposedSale), ExposedSale)


@pytest.mark.parametrize("place", range(3))
def test_submission__golden__goes_from_commitment_to_leaf(exposed, golden, place):
    row, task_id = golden["reveals"][place], golden["task_id"]
    model, artifact, envelope, min_price = submission = sale.Submission(**row["submission"])
    digest, developer = row["submission_digest"], row["developer"]
    assert exposed.submission(submission) == digest
    assert exposed.commitment(task_id, developer, digest, row["salt"]) == row["commitment"]
    assert exposed.committed(row["commitment"]) == row["committed"]
    payload = exposed.payload(model, artifact, row["keyring_digest"])
    assert payload == row["payload"]
    leaf = exposed.leaf(task_id, int(row["index"]), developer, envelope, min_price, payload)
    assert leaf == row["leaf"]


def test_seed__golden_reveals__is_the_enclaves(exposed, golden):
    head = bytes(32)
    for row in golden["reveals"]:
        head = exposed.after_reveal(head, row["leaf"], row["salt"])
        assert head == row["head"]
    closing = golden["closing"]
    seed = exposed.seed(head, closing["prevrandao"], closing["parent_hash"])
    assert seed == closing["seed"]


def test_head__golden_report_and_dispute__are_the_enclaves(exposed, golden):
    reported = golden["reported"]
    signers = [sale.Signer(**signer) for signer in reported["signers"]]
    signed = exposed.signed(reported["report_digest"], signers)
    assert signed == reported["signed"]
    head = exposed.after_report(golden["task"]["token"], reported["payout_words"], signed)
    assert head == reported["head_after_report"]
    dispute = exposed.after_dispute(head, reported["challenger"])
    assert dispute == reported["head_after_dispute"]


def test_payouts__golden_awards__are_the_enclaves(exposed, golden, terms):
    reported = golden["reported"]
    payouts = exposed.payouts_of(terms, reported["award_words"], 3)
    assert [str(payout) for payout in payouts] == reported["payout_words"]


def test_payouts__golden_walks__are_taken(exposed, golden, terms):
    """The enclave's walk never gives awards that the market refuses."""
    for row in golden["walks"]:
        pairs = [(int(award["index"]), int(award["score"])) for award in row["awards"]]
        task = terms._replace(
            budget=row["budget"], max_awards=row["max_awards"], curve=row["curve_words"]
        )
        words = sale.awards(*pairs)
        payouts = exposed.payouts_of(task, words, 10)
        expected = [score << 32 | index for index, score in pairs]
        assert [payout >> 128 for payout in payouts] == expected
