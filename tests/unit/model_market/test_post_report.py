"""post_report: who signed, what it awards, and what the awards cost."""

# Holds S-19.

import pytest

from tests import sale
from tests.anvil import STAKE, answers, at, events, now, refuses
from tests.reasons import (
    BAD_AWARDS,
    BAD_ROSTER,
    BAD_SIGNATURE,
    NOT_IN_ROSTER,
    OPERATOR_INACTIVE,
    TOO_LATE,
    TOO_LITTLE_STAKE,
    WRONG_QUORUM,
    WRONG_ROSTER,
    WRONG_STAGE,
)
from tests.sale import DAY, ETHER, REPORTED, awards

MODELS = 9
"""Submissions of the task: more than it can award."""


@pytest.fixture(scope="module")
def entered(chain, provider, developer):
    """Makes a task with nine revealed submissions; gives it with its seed."""

    def enter(**terms):
        task = chain.task(provider, **terms)
        models = [sale.model(developer.address, f"model {n}") for n in range(MODELS)]
        chain.create(task)
        chain.commit(task, *models)
        chain.reveal(task, *enumerate(models))
        return task, chain.close(task)

    return enter


@pytest.fixture(scope="module")
def closed(entered):
    """One signature, at most three awards of 1 to 6 ether, 10 ether in all."""
    return entered()


@pytest.fixture(scope="module")
def task(closed):
    return closed[0]


@pytest.fixture(scope="module")
def report(chain, closed):
    task, seed = closed
    return chain.report(task, seed, (4, 900_000), (2, 500_001))


@pytest.fixture(scope="module")
def posting(chain, stranger):
    """The arguments that post a report, signed by the first enclaves of the roster or by others."""

    def arguments(task, report, by=None, roster=None):
        signing = chain.signing(task) if by is None else by
        cosignatures = sale.cosign(report.digest(chain.domain), signing)
        entries = chain.roster if roster is None else roster
        return *sale.post(task, entries, report, cosignatures), {"from": stranger}

    return arguments


@pytest.fixture(scope="module")
def post(market, posting):

    return lambda task, report, **how: market.post_report(*posting(task, report, **how))


@pytest.fixture(scope="module")
def refused(market, posting):
    """Asserts that a report is refused for a reason."""

    def check(reason, task, report, **how):
        refuses(reason, market.post_report, *posting(task, report, **how))

    return check


# ── Success ──


def test_post_report__by_anyone__fixes_awards_prices_and_signers(
    chain, task, report, post, balances
):
    progress, before = chain.progress(task), balances()
    transaction = post(task, report)
    signers = sale.signers(chain.signing(task))
    first, second = report.entries()
    payouts = (first << 128 | 5 * ETHER, second << 128 | ETHER + 10**13)
    opens = transaction.timestamp + task.dispute_window
    assert chain.progress(task) == progress._replace(
        stage=REPORTED, time_a=opens, time_b=opens + task.claim_window, awards=2
    )
    posted = sale.Posted(task, report, chain.domain, list(payouts), signers)
    assert chain.head(task) == posted.head()
    assert before.moved() == {}
    fixed = {
        "task_id": report.task_id,
        "inventory": report.inventory,
        "results": report.results,
        "choices": report.choices,
        "payouts": payouts,
        "signers": tuple(sale.endorsements(report.digest(chain.domain), chain.signing(task))),
    }
    assert events(transaction) == [("ReportPosted", fixed)]


def test_post_report__by_anyone__answers_the_digest(chain, market, task, report, posting):
    answer = answers(market.post_report, *posting(task, report))
    assert bytes(answer) == report.digest(chain.domain)


def test_post_report__of_nothing__awards_nothing(chain, closed, post):
    task, seed = closed
    report = chain.report(task, seed)
    transaction = post(task, report)
    assert chain.progress(task).awards == 0
    assert events(transaction)[0][1]["payouts"] == ()
    assert chain.head(task) == chain.posted(task, report).head()


def test_post_report__three_signers_eight_awards__are_on_record(chain, entered, post):
    task, seed = entered(
        quorum=3, max_awards=8, budget=80 * ETHER, curve=sale.curve((1, ETHER), (9, 9 * ETHER))
    )
    pairs = [(8 - n, 9 - n) for n in range(8)]
    report = chain.report(task, seed, *pairs)
    transaction = post(task, report)
    fields, digest = events(transaction)[0][1], report.digest(chain.domain)
    assert fields["signers"] == tuple(sale.endorsements(digest, chain.enclaves[:3]))
    assert fields["choices"] == report.choices >= 2**140  # all eight of them
    assert [payout % 2**128 for payout in fields["payouts"]] == [(9 - n) * ETHER for n in range(8)]
    assert [payout >> 128 for payout in fields["payouts"]] == report.entries()
    assert chain.progress(task).awards == 8
    assert chain.head(task) == chain.posted(task, report).head()


def test_post_report__by_any_enclaves_of_the_roster__is_taken(chain, task, report, post):
    signing = chain.enclaves[-1:]
    transaction = post(task, report, by=signing)
    signed = sale.endorsements(report.digest(chain.domain), signing)
    assert events(transaction)[0][1]["signers"] == tuple(signed)


def test_post_report__signed_score_moved_by_the_poster__is_refused(chain, task, report, market):
    cosignatures = sale.cosign(report.digest(chain.domain), chain.signing(task))
    moved = report._replace(awards=awards((4, 900_001), (2, 500_001)))
    refuses(
        NOT_IN_ROSTER,
        market.post_report,
        *sale.post(task, chain.roster, moved, cosignatures),
        {"from": task.provider},
    )


# ── Deadline and stage ──


def test_post_report__second_before_the_deadline__is_taken(chain, task, report, post):
    at(task.report_deadline - 1)
    post(task, report)
    assert chain.progress(task).stage == REPORTED


@pytest.mark.parametrize("late", [0, 1])
def test_post_report__from_the_deadline_on__is_refused(task, report, late, refused):
    at(task.report_deadline + late)
    refused(TOO_LATE, task, report)


def test_post_report__reveals_not_closed__is_refused(chain, provider, model, refused):
    task = chain.task(provider, nonce=1)
    chain.create(task)
    chain.commit(task, model)
    chain.reveal(task, (0, model))
    report = chain.report(task, chain.head(task), (0, 900_000))
    refused(WRONG_STAGE, task, report)


def test_post_report__twice__is_refused(task, report, post, refused):
    post(task, report)
    refused(WRONG_STAGE, task, report)


def test_post_report__of_altered_terms__is_refused(task, report, refused):
    """Other terms are another task, which nobody created."""
    refused(WRONG_STAGE, task._replace(max_awards=8), report)


# ── What it has to name ──


@pytest.mark.parametrize(
    "changed",
    [
        {"task_id": sale.word("other")},
        {"round": 1},
        {"seed": sale.word("other")},
        {"seed": bytes(32)},
    ],
    ids=["task", "panel's round", "seed", "no seed"],
)
def test_post_report__signed_of_another__is_refused(task, report, changed, refused):
    """The market knows task, round and seed, so the signature is of a key that nobody has."""
    refused(NOT_IN_ROSTER, task, report._replace(**changed))


def test_post_report__hash_of_other_terms__is_of_another_task(chain, market, task, report):
    cosignatures = sale.cosign(report.digest(chain.domain), chain.signing(task))
    terms, _, *rest = sale.post(task, chain.roster, report, cosignatures)
    refuses(
        WRONG_STAGE, market.post_report, terms, sale.word("others"), *rest, {"from": task.provider}
    )


@pytest.mark.parametrize("count", [0, 2, 3])
def test_post_report__not_as_many_signatures_as_the_quorum__is_refused(
    chain, task, report, count, refused
):
    refused(WRONG_QUORUM, task, report, by=chain.enclaves[:count])


@pytest.mark.parametrize("count", [1, 2])
def test_post_report__fewer_signatures_than_three__are_refused(chain, entered, count, refused):
    task, seed = entered(quorum=3)
    report = chain.report(task, seed, (0, 900_000))
    refused(WRONG_QUORUM, task, report, by=chain.enclaves[:count])


def test_post_report__another_roster__is_refused(chain, task, report, refused):
    refused(WRONG_ROSTER, task, report, roster=chain.roster[:-1])


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_post_report__roster_without_room_for_a_panel__is_refused(chain, entered, quorum, refused):
    short = chain.roster[: 3 * quorum]
    task, seed = entered(quorum=quorum, roster=sale.roster_digest(short))
    report = chain.report(task, seed, (0, 900_000))
    refused(BAD_ROSTER, task, report, roster=short)


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_post_report__roster_with_just_room_for_a_panel__is_taken(chain, entered, post, quorum):
    just = chain.roster[: 3 * quorum + 1]
    task, seed = entered(quorum=quorum, roster=sale.roster_digest(just))
    post(task, chain.report(task, seed, (0, 900_000)), roster=just)
    assert chain.progress(task).stage == REPORTED


def disordered(roster):
    return {
        "falling": [*roster[:3], roster[4], roster[3]],
        "an enclave twice": [*roster[:4], roster[3]],
        "the zero key": [sale.RosterEntry(sale.ZERO_ADDRESS, sale.word("any")), *roster[:4]],
    }


@pytest.mark.parametrize("fault", ["falling", "an enclave twice", "the zero key"])
def test_post_report__roster_that_does_not_rise__is_refused(chain, entered, fault, refused):
    roster = disordered(chain.roster)[fault]
    task, seed = entered(roster=sale.roster_digest(roster))
    report = chain.report(task, seed, (0, 900_000))
    refused(BAD_ROSTER, task, report, roster=roster)


# ── What the registry says ──


def test_post_report__signature_of_nobody__is_refused(chain, task, report, market, stranger):
    nobody = sale.Cosignature(bytes(32), bytes(32), chain.enclaves[0].platform)
    refuses(
        BAD_SIGNATURE,
        market.post_report,
        *sale.post(task, chain.roster, report, [nobody]),
        {"from": stranger},
    )


def test_post_report__signer_outside_the_roster__is_refused(chain, task, report, refused):
    outsider = sale.enclave("outsider", chain.enclaves[0].operator)
    refused(NOT_IN_ROSTER, task, report, by=[outsider])


def test_post_report__signatures_in_the_wrong_order__are_refused(chain, entered, market, stranger):
    task, seed = entered(quorum=2)
    report = chain.report(task, seed, (0, 900_000))
    falling = sale.cosign(report.digest(chain.domain), chain.signing(task))[::-1]
    refuses(
        NOT_IN_ROSTER,
        market.post_report,
        *sale.post(task, chain.roster, report, falling),
        {"from": stranger},
    )


def test_post_report__operator_unstaking__is_refused(chain, task, report, refused):
    chain.registry.request_unstake({"from": chain.enclaves[0].operator})
    refused(OPERATOR_INACTIVE, task, report)


@pytest.mark.parametrize("missing", [0, 1])
def test_post_report__stake__is_at_least_what_the_task_wants(
    chain, entered, post, missing, refused
):
    task, seed = entered(min_stake=STAKE + missing)
    report = chain.report(task, seed, (0, 900_000))
    if missing:
        refused(TOO_LITTLE_STAKE, task, report)
    else:
        post(task, report)
        assert chain.progress(task).stage == REPORTED


# ── Awards ──

BEST, GOOD, FAIR = 700_000, 600_000, 500_000
"""Of 3, 2 and 1 ether."""

VALID = {
    "the last index": [(MODELS - 1, GOOD)],
    "falling scores": [(0, BEST), (1, GOOD), (2, FAIR)],
    "ties by rising index": [(1, GOOD), (4, GOOD), (5, GOOD)],
    "scores a point apart": [(3, GOOD + 1), (2, GOOD), (1, GOOD - 1)],
    "the best score of all, and a tie": [(7, 1_000_000), (0, BEST), (1, FAIR)],
}

INVALID = {
    "rising scores": awards((0, GOOD), (1, BEST)),
    "ties by falling index": awards((4, GOOD), (1, GOOD)),
    "an award twice": awards((0, GOOD), (0, GOOD)),
    "an index twice": awards((0, BEST), (0, GOOD)),
    "an index twice, apart": awards((0, BEST), (1, GOOD), (0, FAIR)),
    "an index that nobody committed": awards((MODELS, GOOD)),
    "the largest index": awards((2**32 - 1, GOOD)),
    "a score above the scale": awards((0, 1_000_001)),
    "the largest score": awards((0, 2**32 - 1)),
    "a score below the curve": awards((0, FAIR - 1)),
    "a score of nothing": awards((1, 0)),
    "a gap": awards((0, BEST), (0, 0), (1, GOOD)),
    "only after a gap": awards((0, 0), (0, BEST)),
    "only in the last place": awards(*[(0, 0)] * 7, (0, BEST)),
    "a gap between words": awards((0, BEST), *[(0, 0)] * 3, (1, GOOD)),
    "a gap at the start of a word": awards((0, BEST), *[(0, 0)] * 4, (1, GOOD)),
    "more than max_awards": awards((0, FAIR), (1, FAIR), (2, FAIR), (3, FAIR)),
    "a point above the budget": awards((0, 1_000_000), (1, BEST), (2, FAIR + 1)),
}


@pytest.mark.parametrize("pairs", VALID.values(), ids=VALID)
def test_post_report__awards_in_order__are_taken(chain, closed, post, pairs):
    task, seed = closed
    report = chain.report(task, seed, *pairs)
    post(task, report)
    assert chain.progress(task).awards == len(pairs)
    assert chain.head(task) == chain.posted(task, report).head()


@pytest.mark.parametrize("words", INVALID.values(), ids=INVALID)
def test_post_report__awards_out_of_order__are_refused(task, report, words, refused):
    refused(BAD_AWARDS, task, report._replace(awards=words))


@pytest.mark.parametrize("budget", [10 * ETHER, 10 * ETHER - 1])
def test_post_report__awards_of_ten_ether__fit_a_budget_of_ten(
    chain, entered, post, budget, refused
):
    task, seed = entered(budget=budget)
    report = chain.report(task, seed, (0, 1_000_000), (1, BEST), (2, FAIR))
    if budget < 10 * ETHER:
        refused(BAD_AWARDS, task, report)
    else:
        post(task, report)
        assert chain.progress(task).awards == 3


def test_post_report__index_committed_and_not_revealed__is_taken(
    chain, provider, model, straggler_model, post
):
    """Enclaves do not award it; if they did, nobody could claim it."""
    task = chain.task(provider, nonce=1)
    chain.create(task)
    chain.commit(task, model, straggler_model)
    chain.reveal(task, (0, model))
    seed = chain.close(task)
    post(task, chain.report(task, seed, (1, 900_000)))
    assert chain.progress(task).awards == 1


@pytest.mark.parametrize("window", [DAY, 7 * DAY])
def test_post_report__windows_of_the_task__set_the_times(chain, entered, post, window):
    task, seed = entered(dispute_window=window, claim_window=8 * DAY - window)
    post(task, chain.report(task, seed))
    assert chain.progress(task).time_a == now() + window
    assert chain.progress(task).time_b == now() + 8 * DAY
