"""A commitment binds chain, market, task, developer, every part of the submission, and the salt."""

# Holds I-16.

from dataclasses import replace

import boa
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.eip712 import Domain
from tests import reasons
from tests.deployment import Sale
from tests.inprocess import account, refuses
from tests.sale import Model, Submission

WORDS = st.binary(min_size=32, max_size=32)
PLACES = ("chain", "market", "task", "developer")


@st.composite
def entered(draw) -> Model:
    """Any model of one developer."""
    digests = draw(st.tuples(WORDS, WORDS, WORDS))
    floor = draw(st.integers(0, 2**256 - 1))
    salt, keyring = draw(WORDS), draw(WORDS)
    return Model(account("developer"), Submission(*digests, floor), keyring, salt, "", b"")


def elsewhere(sale: Sale, model: Model, place: str) -> bytes:
    """The commitment to the same model with something else in one place."""
    domain, task_id = sale.chain.domain, sale.id
    if place == "chain":
        return model.commitment(Domain(domain.chain_id + 1, domain.market), task_id)
    if place == "market":
        return model.commitment(Domain(domain.chain_id, account("market")), task_id)
    if place == "task":
        return model.commitment(domain, bytes(32))
    return replace(model, developer=account("stranger")).commitment(domain, task_id)


@given(model=entered(), index=st.integers(0, 3))
def test_reveal_model__just_what_was_committed__opens(chain, model, index):
    sale = Sale(chain).create()
    fillers = [replace(model, salt=bytes([n]) * 32) for n in range(index)]
    sale.commit(*fillers, model).reveal(index)
    assert chain.market.submissions(sale.id, index) == model.leaf(sale.id, index)
    with refuses(reasons.WRONG_COMMITMENT):
        sale.reveal(index)


@given(model=entered(), place=st.sampled_from(PLACES))
def test_reveal_model__committed_in_another_place__does_not_open(chain, model, place):
    sale = Sale(chain).create()
    paid = sale.task.commit_bond + sale.task.entry_fee
    commitment = elsewhere(sale, model, place)
    chain.market.commit_model(sale.id, commitment, sender=model.developer, value=paid)
    sale.models.append(model)
    with refuses(reasons.WRONG_COMMITMENT):
        sale.reveal(0)


@given(
    model=entered(), field=st.sampled_from([*Submission._fields, "salt"]), bit=st.integers(0, 255)
)
def test_reveal_model__one_bit_altered__does_not_open(chain, model, field, bit):
    sale = Sale(chain).create().commit(model)
    if field == "salt":
        altered = replace(model, salt=flipped(model.salt, bit))
    else:
        value = getattr(model.submission, field)
        changed = model.submission._replace(**{field: flipped(value, bit)})
        altered = replace(model, submission=changed)
    sale.models = [altered]
    with refuses(reasons.WRONG_COMMITMENT):
        sale.reveal(0)


def flipped(value: bytes | int, bit: int) -> bytes | int:
    if isinstance(value, int):
        return value ^ 1 << bit
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(32, "big")


@given(model=entered())
def test_reveal_model__chain_forked_since__does_not_open(chain, model):
    sale = Sale(chain).create().commit(model)
    boa.env.evm.patch.chain_id += 1
    with refuses(reasons.WRONG_COMMITMENT):
        sale.reveal(0)
