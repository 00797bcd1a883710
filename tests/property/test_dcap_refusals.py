"""Every row of the table of refusals before its judges: contract, Python, and `dcap-qvl`."""

# Holds S-58, S-59, S-60, S-69.

from collections.abc import Callable, Iterator
from typing import Any

import boa
import pytest

from offchain.attestation.policy import trust_in
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import RejectionReason
from tests.dcap import Attesting, certificate
from tests.dcap_judges import DOCUMENTS, off_chain, on_chain, they_accept, whole, with_certificates
from tests.dcap_refusals import INTEL, MACHINE, SECTIONS, Case, altered, equivalents
from tests.inprocess import deploy
from tests.offchain.attestation.support import AT, BODIES

COLLATERAL_TRUST = {
    tee_type: trust_in(documents.to_bundle(), INTEL.root.public_key, AT)
    for tee_type, documents in DOCUMENTS.items()
}
"""Trust from Intel's documents, for the verifier in Python."""
QUOTE_END = 608
"""Bytes of evidence after header and body."""


def evidence(case: Case) -> bytes:
    """A row's quote as the contract takes it."""
    if case.certificates:
        return with_certificates(case.quote, *map(certificate, case.certificates))
    packed = whole(case.quote, dstack=case.dstack)
    if case.header:
        offset, replacement = case.header
        start = len(packed) - QUOTE_END - len(case.quote.signed)
        return altered(packed, start + offset, replacement)
    return packed


def encoded(case: Case) -> bytes:
    """A row's quote as it is published."""
    encoding = case.quote.encode()
    return altered(encoding, *case.header) if case.header else encoding


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_verify__each_row__is_judged_for_its_reason(
    verifier: Any, section: Callable[[str], Iterator[Case]], name: str
) -> None:
    cases = list(section(name))
    assert len({case.name for case in cases}) == len(cases)
    wrong = {}
    for case in cases:
        ours = off_chain(encoded(case), dstack=case.dstack)
        by_collateral = off_chain(
            encoded(case), COLLATERAL_TRUST[case.quote.tee_type], dstack=case.dstack
        )
        said = on_chain(verifier, evidence(case))
        if case.reason is None:
            right = said == ours and not isinstance(ours, str)
        else:
            right = ours is case.reason and said is (case.contract or case.reason)
        if not right or by_collateral != ours:
            wrong[case.name] = case.reason, said, ours, by_collateral
        accepted = case.disputed != (case.reason is None)
        if not case.dstack and they_accept(encoded(case), case.quote.tee_type) != accepted:
            wrong[case.name, "dcap-qvl"] = case.reason
    assert wrong == {}


POLICY = """# pragma version 0.4.3
from interfaces import ITcbPolicy
@external
@view
def check(_quoted: ITcbPolicy.Quoted) -> bool:
    return {answer}
@external
@view
def grace() -> uint256:
    return 3_650 * 86_400
"""


@pytest.mark.parametrize(
    ("answer", "accepts"), [("True", True), ("False", False), ("_quoted.seam == 0", True)]
)
def test_verify__policy_answers__is_what_it_says(
    attesting: None, answer: str, accepts: bool
) -> None:
    policy = boa.loads(POLICY.format(answer=answer))
    made = Attesting.of_policy(deploy, policy, INTEL.root.public_key)
    made.add_lists(DOCUMENTS[TeeType.SGX])
    quote = MACHINE.quote(BODIES["sgx v3"])
    assert on_chain(made.verifier, whole(quote)) == (
        off_chain(quote) if accepts else RejectionReason.TCB_FLOOR
    )


@pytest.mark.parametrize("name", BODIES)
def test_verify__equivalent_quotes__attest_the_same(verifier: Any, name: str) -> None:
    """Evidence is no nonce: its signatures are malleable, what it attests does not change."""
    expected = off_chain(MACHINE.quote(BODIES[name]))
    assert not isinstance(expected, str)
    for quote in equivalents(name):
        assert off_chain(quote) == on_chain(verifier, whole(quote)) == expected
