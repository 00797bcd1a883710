"""Random documents of a SIMULATED Intel, machines, and what the policy says of both."""

from typing import Any

from hypothesis import strategies as st

from offchain.simulation import FMSPC
from tests import reasons
from tests.sale import HOUR
from tests.stateful.draws import now_and_then, pick, sometimes
from tests.stateful.intel import MODULES, quoted, revocation_list, text_of
from tests.stateful.ledger import Call
from tests.stateful.policy_model import (
    LIFETIME,
    NO_LEVEL,
    NO_SVNS,
    SGX,
    TDX,
    Document,
    Floor,
    Machine,
    Svns,
)
from tests.stateful.world import ContractAndModel

OTHER_FMSPC = bytes.fromhex("00906ED50000")
FLAWS = (
    reasons.DER,
    reasons.CERTIFICATE_ROLE,
    reasons.COLLATERAL_SIGNATURE,
    reasons.DOCUMENT_ID,
    reasons.DOCUMENT_FORM,
)


def svns(data: Any) -> Svns:
    """Near one another, so that machines stand on both sides of floors."""
    first = data.draw(st.integers(3, 5))
    return (first, *NO_SVNS[:7], data.draw(st.integers(3, 5)), *NO_SVNS[:7])


def draw_document(data: Any, both: ContractAndModel) -> Document:
    """A document of today's number or near it; sometimes one that nobody reads."""
    now = both.now
    tee = pick(data, [SGX, SGX, TDX])
    fmspc = pick(data, [None, FMSPC, OTHER_FMSPC])
    kind = "identity" if fmspc is None else "tcb"
    kept = both.policy.floors[tee, fmspc]
    number = kept[-1].number if kept else both.policy.least[kind]
    number = max(0, number + data.draw(st.integers(-2, 2)))
    issued = now + pick(data, [-HOUR, -HOUR, 0, 1, HOUR, -LIFETIME, -2 * LIFETIME])
    if kept and sometimes(data, False, [True]):
        number, issued = kept[-1].number, kept[-1].issued - pick(data, [0, 1])
    said = Floor(number, issued, issued + LIFETIME, pce_svn=data.draw(st.integers(7, 9)))
    if fmspc is not None:
        tdx = {"tdx_svns": svns(data), "modules": MODULES} if tee == TDX else {}
        said = Floor(number, issued, issued + LIFETIME, svns(data), 10, **tdx)
    status = now_and_then(data, "UpToDate", ["OutOfDate"])
    text, flaw = text_of(tee, fmspc, said, status), sometimes(data, None, FLAWS)
    if flaw == reasons.DOCUMENT_ID:
        text = text.replace(b'"id":"', b'"id":"X', 1)
    if flaw == reasons.DOCUMENT_FORM:
        text = text.replace(b",", b", ", 1)
    if status != "UpToDate":
        said = Floor(number, issued, issued + LIFETIME, NO_SVNS, NO_LEVEL, NO_SVNS, said.modules)
    return Document(tee, fmspc, said, text, flaw)


def bring_document(data: Any, both: ContractAndModel) -> None:
    document = draw_document(data, both)
    if data.draw(st.booleans()):
        bring_list(data, both)
    bring(both, document, pick(data, both.world.people))


def bring_list(data: Any, both: ContractAndModel) -> None:
    """A revocation list of the root, for as long as Intel's hold."""
    both.world.policy_verifier.add_crl(*revocation_list(both.now))
    for policy in (both.policy, both.young_policy):
        policy.crl_next_update = both.now + LIFETIME


def bring(both: ContractAndModel, document: Document, sender: str) -> None:
    both.bring("policy", document, sender)
    if document.flaw is None:
        both.documents[document.tee, document.fmspc] = document


def draw_machine(data: Any, both: ContractAndModel) -> Machine:
    tee = pick(data, [SGX, TDX])
    launched = (data.draw(st.integers(1, 5)), pick(data, [0, 1, 3, 9]), *svns(data)[2:])
    tdx = launched, now_and_then(data, launched, [(9, *launched[1:])])
    return Machine(
        tee,
        pick(data, [FMSPC, FMSPC, OTHER_FMSPC]),
        svns(data),
        pick(data, [9, 10, 11]),
        tdx if tee == TDX else (NO_SVNS, NO_SVNS),
        now_and_then(data, True, [False]),
        data.draw(st.integers(7, 9)),
        now_and_then(data, 1 if tee == SGX else 2, [3]),
        now_and_then(data, False, [True]),
    )


def check_machine(data: Any, both: ContractAndModel) -> None:
    machine, of = draw_machine(data, both), now_and_then(data, "policy", ["young policy"])
    contract, model = both.contracts[of]
    expected = model.check(Call(both.now, ""), machine)
    both.compare((of, "check"), expected, lambda: contract.check(quoted(machine)))


STEPS = [bring_document, bring_list, check_machine, check_machine, check_machine]
