"""The score of an award as a validation response (ERC-8004, a draft), and when there is none."""

import pytest

from offchain.protocol import hashes
from tests import reasons
from tests.attacks.awards import SCORE, award, closed_sale
from tests.inprocess import account, deploy, refuses
from tests.sale import word

SALT = word("salt")
OTHER = "0x" + 40 * "1"


@pytest.fixture(scope="module")
def sale(chain):
    return closed_sale(chain)


@pytest.fixture(scope="module")
def registries():
    return deploy("testing/AgentRegistries")


@pytest.fixture(scope="module")
def validator(chain, registries):
    return deploy("adapters/AgentValidator", chain.market, registries)


@pytest.fixture
def ask(registries, validator, sale):
    """Registers an agent of an account and asks for its validation; returns agent and request."""

    def asked(owner, validator_address=None):
        registries.register(sender=owner)
        leaf = sale.chain.submission(sale.task, 0)
        request = validator.request_hash(leaf, 1, SALT)
        address = validator_address or validator
        registries.validationRequest(address, 1, "", request, sender=owner)
        return 1, request

    return asked


def test_respond__final_report__gives_the_score_in_percent(
    chain, sale, validator, registries, ask, developer, stranger
):
    agent, request = ask(developer)
    stands = sale.post((0, SCORE))
    chain.at(sale.time_a)
    validator.respond(award(stands, sale.models[0]), agent, SALT, sender=stranger)
    (event,) = validator.get_logs()
    assert type(event).__name__ == "ValidationResponse"
    assert event.address == registries.address
    assert (event.validatorAddress, event.agentId) == (validator.address, agent)
    assert (event.requestHash, event.response, event.responseURI) == (request, 87, "")
    assert (event.responseHash, event.tag) == (stands.head(), "golden-grain/score")
    _, agent_id, response, head, tag, _ = registries.getValidationStatus(request)
    assert (agent_id, response, tag) == (agent, 87, validator.TAG())
    assert head == chain.head(sale.task)


@pytest.mark.parametrize(("score", "percent"), [(1_000_000, 100), (999_999, 99), (510_000, 51)])
def test_respond__any_score__is_rounded_down(
    chain, sale, validator, ask, developer, score, percent
):
    agent, _ = ask(developer)
    stands = sale.post((0, score))
    chain.at(sale.time_a)
    final = award(stands, sale.models[0])
    assert validator.respond(final, agent, SALT, sender=developer) == percent


# Holds S-101.
def test_request_hash__of_a_request__binds_place_submission_agent_and_salt(chain, sale, validator):
    """Of two submissions of one developer, the score of one is no answer about the other."""
    types = ["uint256", "address", "bytes32", "uint256", "bytes32"]
    leaf, agent = chain.submission(sale.task, 0), 7
    place = chain.domain.chain_id, chain.domain.market
    expected = hashes.tagged("VALIDATION", types, *place, leaf, agent, SALT)
    assert validator.request_hash(leaf, agent, SALT) == expected


def test_respond__report_in_its_dispute_window__is_too_early(
    chain, sale, validator, ask, developer
):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    arguments = award(stands, sale.models[0]), agent, SALT
    chain.at(sale.time_a - 1)
    with refuses(reasons.TOO_EARLY):
        validator.respond(*arguments, sender=developer)
    chain.at(sale.time_a)
    validator.respond(*arguments, sender=developer)


def test_respond__disputed_report__waits_for_the_verdict(
    chain, sale, validator, ask, developer, stranger
):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    sale.dispute(stranger)
    disputed = award(stands, sale.models[0]), agent, SALT
    with refuses(reasons.WRONG_STAGE):
        validator.respond(*disputed, sender=developer)
    verdict = sale.resolve(stands, (0, 700_000))
    with refuses(reasons.WRONG_SALE):  # it was overturned
        validator.respond(*disputed, sender=developer)
    chain.at(sale.time_a + 1)
    final = award(verdict, sale.models[0])
    assert validator.respond(final, agent, SALT, sender=developer) == 70


def test_respond__settled_task__still_answers(sale, validator, ask, developer):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    sale.claim(stands, 0)
    sale.settle(stands)
    final = award(stands, sale.models[0])
    assert validator.respond(final, agent, SALT, sender=developer) == 87


def test_respond__closed_or_voided_task__has_no_report(sale, validator, ask, developer):
    agent, _ = ask(developer)
    stands = sale.chain.posted(sale.task, sale.measured((0, SCORE)))
    forged = award(stands, sale.models[0]), agent, SALT
    with refuses(reasons.WRONG_STAGE):
        validator.respond(*forged, sender=developer)
    sale.void()
    with refuses(reasons.WRONG_STAGE):
        validator.respond(*forged, sender=developer)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (1, 1, reasons.NO_SUCH_AWARD),
        (2, OTHER, reasons.WRONG_SALE),
        (3, [], reasons.WRONG_SALE),
        (4, word("signed"), reasons.WRONG_SALE),
        (5, OTHER, reasons.WRONG_SUBMISSION),
        (6, word("envelope"), reasons.WRONG_SUBMISSION),
        (7, 1, reasons.WRONG_SUBMISSION),
        (8, word("payload"), reasons.WRONG_SUBMISSION),
    ],
)
def test_respond__wrong_part_of_an_award__is_refused(
    chain, sale, validator, ask, developer, field, value, reason
):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    chain.at(sale.time_a)
    wrong = list(award(stands, sale.models[0]))
    wrong[field] = value
    with refuses(reason):
        validator.respond(wrong, agent, SALT, sender=developer)


# Holds S-101.
def test_respond__agent_of_another__is_refused(chain, sale, validator, ask):
    """A rival asks about the developer's submission, for an agent of its own."""
    agent, _ = ask(account("rival"))
    stands = sale.post((0, SCORE))
    chain.at(sale.time_a)
    with refuses(reasons.NOT_AGENT_OWNER):
        validator.respond(award(stands, sale.models[0]), agent, SALT, sender=account("rival"))


def test_respond__never_asked__is_refused(chain, sale, validator, ask, developer, stranger):
    agent, _ = ask(developer, validator_address=stranger)
    stands = sale.post((0, SCORE))
    chain.at(sale.time_a)
    for salt in (SALT, word("other salt")):
        with refuses(reasons.WRONG_REQUEST):
            validator.respond(award(stands, sale.models[0]), agent, salt, sender=developer)


def test_respond__hash_asked_for_another_agent__is_refused(
    chain, sale, validator, registries, developer
):
    """Somebody used the hash of this agent's request for its own agent: take another salt."""
    for owner in (developer, account("rival")):
        registries.register(sender=owner)
    request = validator.request_hash(chain.submission(sale.task, 0), 1, SALT)
    registries.validationRequest(validator, 2, "", request, sender=account("rival"))
    stands = sale.post((0, SCORE))
    chain.at(sale.time_a)
    with refuses(reasons.WRONG_REQUEST):
        validator.respond(award(stands, sale.models[0]), 1, SALT, sender=developer)


def test_deploy__account_without_code__is_refused(chain, registries, validator, stranger):
    assert validator.market() == chain.market.address
    assert validator.validation_registry() == registries.address
    for arguments in ((stranger, registries), (chain.market, stranger)):
        with refuses(reasons.NOT_A_CONTRACT):
            deploy("adapters/AgentValidator", *arguments)
