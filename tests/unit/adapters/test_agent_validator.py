"""The score of an award as a validation response (ERC-8004, a draft), and when there is none."""

import brownie
import pytest
from brownie import AgentRegistries, AgentValidator, accounts

from tests import reasons
from tests.anvil import at, events, refuses
from tests.sale import word

from .conftest import SCORE, award

SALT = word("salt")


@pytest.fixture(scope="module")
def registries(chain):
    return accounts[0].deploy(AgentRegistries)


@pytest.fixture(scope="module")
def validator(chain, registries):
    return accounts[0].deploy(AgentValidator, chain.market, registries)


@pytest.fixture
def ask(registries, validator, sale):
    """Registers an agent of a developer and asks for its validation; returns agent and request."""

    def asked(owner, index=0, validator_address=None, agent=None):
        registries.register({"from": owner})
        made = agent or (1 if registries.ownerOf(1) == owner else 2)
        leaf = sale.chain.submission(sale.task, index)
        request = validator.request_hash(leaf, made, SALT)
        address = validator_address or validator
        registries.validationRequest(address, made, "", request, {"from": owner})
        return made, request

    return asked


def test_respond__final_report__gives_the_score_in_percent(
    sale, validator, registries, ask, developer, stranger
):
    agent, request = ask(developer)
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    sent = validator.respond(award(stands, sale.models[0]), agent, SALT, {"from": stranger})
    assert events(sent) == [
        (
            "ValidationResponse",
            {
                "validatorAddress": validator.address,
                "agentId": agent,
                "requestHash": bytes(request),
                "response": 87,
                "responseURI": "",
                "responseHash": stands.head(),
                "tag": "golden-grain/score",
            },
        )
    ]
    _, agent_id, response, head, tag, _ = registries.getValidationStatus(request)
    assert (agent_id, response, tag) == (agent, 87, validator.TAG())
    assert bytes(head) == sale.chain.head(sale.task)


@pytest.mark.parametrize(("score", "percent"), [(1_000_000, 100), (999_999, 99), (510_000, 51)])
def test_respond__any_score__is_rounded_down(sale, validator, ask, developer, score, percent):
    agent, _ = ask(developer)
    stands = sale.post((0, score))
    at(sale.time_a)
    given = validator.respond(award(stands, sale.models[0]), agent, SALT, {"from": developer})
    assert given.return_value == percent


def test_respond__report_in_its_dispute_window__is_too_early(sale, validator, ask, developer):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    arguments = award(stands, sale.models[0]), agent, SALT, {"from": developer}
    at(sale.time_a - 1)
    with brownie.reverts(reasons.TOO_EARLY):
        validator.respond(*arguments)
    at(sale.time_a)
    validator.respond(*arguments)


def test_respond__disputed_report__waits_for_the_verdict(sale, validator, ask, developer, stranger):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    sale.dispute(stranger)
    disputed = award(stands, sale.models[0]), agent, SALT, {"from": developer}
    refuses(reasons.WRONG_STAGE, validator.respond, *disputed)
    verdict = sale.resolve(stands, (0, 700_000))
    refuses(reasons.WRONG_SALE, validator.respond, *disputed)  # it was overturned
    at(sale.time_a + 1)
    final = award(verdict, sale.models[0]), agent, SALT, {"from": developer}
    assert validator.respond(*final).return_value == 70


def test_respond__settled_task__still_answers(sale, validator, ask, developer):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    sale.claim(stands, 0)
    sale.settle(stands)
    final = award(stands, sale.models[0]), agent, SALT, {"from": developer}
    assert validator.respond(*final).return_value == 87


def test_respond__closed_or_voided_task__has_no_report(sale, validator, ask, developer):
    agent, _ = ask(developer)
    stands = sale.chain.posted(sale.task, sale.measured((0, SCORE)))
    forged = award(stands, sale.models[0]), agent, SALT, {"from": developer}
    refuses(reasons.WRONG_STAGE, validator.respond, *forged)
    sale.void()
    refuses(reasons.WRONG_STAGE, validator.respond, *forged)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (1, 1, reasons.NO_SUCH_AWARD),
        (2, "0x" + 40 * "1", reasons.WRONG_SALE),
        (3, [], reasons.WRONG_SALE),
        (4, word("signed"), reasons.WRONG_SALE),
        (5, "0x" + 40 * "1", reasons.WRONG_SUBMISSION),
        (6, word("envelope"), reasons.WRONG_SUBMISSION),
        (7, 1, reasons.WRONG_SUBMISSION),
        (8, word("payload"), reasons.WRONG_SUBMISSION),
    ],
)
def test_respond__wrong_part_of_an_award__is_refused(
    sale, validator, ask, developer, field, value, reason
):
    agent, _ = ask(developer)
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    wrong = list(award(stands, sale.models[0]))
    wrong[field] = value
    refuses(reason, validator.respond, wrong, agent, SALT, {"from": developer})


# Holds S-101.
def test_respond__agent_of_another__is_refused(sale, validator, registries, ask, developer, rival):
    """A rival asks about the developer's submission, for an agent of its own."""
    agent, _ = ask(rival, index=0)
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    final = award(stands, sale.models[0])
    refuses(reasons.NOT_AGENT_OWNER, validator.respond, final, agent, SALT, {"from": rival})


def test_respond__never_asked__is_refused(sale, validator, ask, developer, stranger):
    agent, _ = ask(developer, validator_address=stranger.address)
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    final = award(stands, sale.models[0])
    refuses(reasons.WRONG_REQUEST, validator.respond, final, agent, SALT, {"from": developer})
    other = validator.respond, final, agent, word("other salt"), {"from": developer}
    refuses(reasons.WRONG_REQUEST, *other)


def test_respond__hash_asked_for_another_agent__is_refused(
    sale, validator, registries, ask, developer, rival
):
    """Somebody used the hash of this agent's request for its own agent: take another salt."""
    for owner in (developer, rival):
        registries.register({"from": owner})
    request = validator.request_hash(sale.chain.submission(sale.task, 0), 1, SALT)
    registries.validationRequest(validator, 2, "", request, {"from": rival})
    stands = sale.post((0, SCORE))
    at(sale.time_a)
    final = award(stands, sale.models[0])
    refuses(reasons.WRONG_REQUEST, validator.respond, final, 1, SALT, {"from": developer})


def test_deploy__account_without_code__is_refused(chain, registries, validator):
    assert validator.market() == chain.market
    assert validator.validation_registry() == registries
    for arguments in ((accounts[9], registries), (chain.market, accounts[9])):
        with brownie.reverts(reasons.NOT_A_CONTRACT):
            accounts[0].deploy(AgentValidator, *arguments)
