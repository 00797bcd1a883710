"""Test what the guardian can do: narrow, at once and for good; and the constructor."""

# Holds S-65.

import pytest
from brownie import ZERO_ADDRESS, reverts

from offchain.attestation.quote import TeeType
from offchain.simulation import FMSPC, collateral
from tests.anvil import events, now
from tests.dcap import BODIES, evidence, identity_arguments, tcb_arguments
from tests.documents import Dates, IsvLevel, Level, identity, signed, tcb_info
from tests.reasons import (
    BAD_FLOOR,
    BAD_GRACE,
    BAD_STATUSES,
    BAD_VERIFIER,
    DOCUMENT_NUMBER,
    QE_STALE,
    QE_SVN,
    TCB_FLOOR,
    TCB_STALE,
    TCB_UNKNOWN,
    TDX_MODULE,
    VERIFIER_SET,
)
from tests.unit.dcap_verifier.support import NOT_OWNER, verify_quote

ALL = b"\xff" * 16
NONE = bytes(16)


@pytest.fixture(scope="module")
def asked(attesting, machine, trust):
    """Asks the verifier about a machine's quote of a body; with a reason, it must refuse."""

    def ask(name, reason=None):
        shown = evidence(machine.quote(BODIES[name]), trust.root_key)
        if reason is None:
            assert verify_quote(attesting.verifier, shown)
            return
        with reverts(reason):
            attesting.verifier.verify_quote.call(shown)

    return ask


def floors(policy, tee=129):
    return [(bytes(each[5]), each[6], bytes(each[7])) for each in policy.kept_floors(tee, FMSPC)]


# ── Constructor ──


@pytest.mark.parametrize("statuses", [1, 3, 5, 15, 49, 63])
def test_init__statuses__stay_for_good(deploy, statuses):
    policy = deploy("TcbPolicy", statuses, 14)
    assert (policy.accepted_statuses(), policy.grace()) == (statuses, 14 * 86_400)
    assert policy.verifier() == ZERO_ADDRESS
    assert policy.least_numbers() == (0, 0)


@pytest.mark.parametrize("statuses", [0, 2, 62, 64, 65, 17, 33, 31, 2**256 - 1])
def test_init__statuses_that_are_no_set__revert(deploy, statuses):
    with reverts(BAD_STATUSES):
        deploy("TcbPolicy", statuses, 14)


def test_init__grace__is_bounded(deploy):
    assert deploy("TcbPolicy", 1, 3_650).grace() == 3_650 * 86_400
    assert deploy("TcbPolicy", 1, 0).grace() == 0
    with reverts(BAD_GRACE):
        deploy("TcbPolicy", 1, 3_651)


def test_set_verifier__once_by_the_owner(deploy, fresh, owner, stranger):
    policy = deploy("TcbPolicy", 1, 14)
    with reverts(NOT_OWNER):
        policy.set_verifier.call(fresh.verifier, {"from": stranger})
    with reverts(BAD_VERIFIER):
        policy.set_verifier.call(ZERO_ADDRESS, {"from": owner})
    receipt = policy.set_verifier(fresh.verifier, {"from": owner})
    assert events(receipt) == [("VerifierSet", {"verifier": fresh.verifier.address})]
    assert policy.verifier() == fresh.verifier.address
    for again in (fresh.verifier, stranger):
        with reverts(VERIFIER_SET):
            policy.set_verifier.call(again, {"from": owner})


# ── Only the owner ──


def test_raise__by_others__reverts(policy, stranger):
    for method, arguments in (
        (policy.raise_floor, (129, FMSPC, ALL, 65_535, ALL)),
        (policy.raise_module, (FMSPC, 1, 255)),
        (policy.raise_qe_svn, (129, 65_535)),
        (policy.raise_least_numbers, (65_535, 65_535)),
        (policy.transfer_ownership, (stranger,)),
    ):
        with reverts(NOT_OWNER):
            method.call(*arguments, {"from": stranger})


def test_transfer_ownership__takes_effect_when_accepted(policy, owner, stranger):
    policy.transfer_ownership(stranger, {"from": owner})
    assert (policy.owner(), policy.pending_owner()) == (owner, stranger)
    policy.accept_ownership({"from": stranger})
    policy.raise_qe_svn(129, 5, {"from": stranger})
    with reverts(NOT_OWNER):
        policy.raise_qe_svn.call(129, 6, {"from": owner})


def test_raise__each__is_logged_as_asked(policy):
    svns, tdx_svns = bytes(range(16)), bytes(range(16, 32))
    floor = {"tee": 129, "fmspc": FMSPC, "svns": svns, "pce_svn": 5, "tdx_svns": tdx_svns}
    for receipt, event in (
        (policy.raise_floor(*floor.values()), ("FloorRaised", floor)),
        (
            policy.raise_module(FMSPC, 3, 7),
            ("ModuleRaised", {"fmspc": FMSPC, "version": 3, "svn": 7}),
        ),
        (policy.raise_qe_svn(129, 9), ("QeSvnRaised", {"tee": 129, "svn": 9})),
    ):
        assert events(receipt) == [event]


# ── Floors ──


@pytest.mark.parametrize(
    ("svns", "pce_svn", "tdx_svns", "reason"),
    [
        (bytes([10] * 16), 20, bytes([10, 0, 10]) + bytes(13), None),
        (bytes(15) + b"\x0b", 0, NONE, TCB_FLOOR),
        (b"\x0b" + bytes(15), 0, NONE, TCB_FLOOR),
        (NONE, 21, NONE, TCB_FLOOR),
        (NONE, 0, b"\0\0\x0b" + bytes(13), TCB_FLOOR),
        (NONE, 0, b"\xff\xff" + bytes(14), None),
        (ALL, 65_535, ALL, TCB_FLOOR),
    ],
)
def test_raise_floor__tdx__refuses_at_once_what_is_below(
    attesting, asked, svns, pce_svn, tdx_svns, reason
):
    """The first two of a TDX floor count for TDX modules of version 0 only."""
    asked("tdx v4")
    attesting.policy.raise_floor(129, FMSPC, svns, pce_svn, tdx_svns)
    for name in ("tdx v4", "tdx v5"):
        asked(name, reason)
    asked("sgx v3")


def test_raise_floor__sgx__leaves_tdx(attesting, asked):
    attesting.policy.raise_floor(0, FMSPC, NONE, 21, NONE)
    asked("sgx v3", TCB_FLOOR)
    asked("tdx v4")


# Holds I-44.
def test_raise_floor__holds_for_what_comes_and_never_sinks(policy, bring_tcb):
    first, later = Dates.of(now(), 17), Dates.of(now(), 18)
    policy.raise_floor(129, FMSPC, b"\x0b" + bytes(15), 5, b"\0\0\x0c" + bytes(13))
    bring_tcb(dates=first)
    expected = (b"\x0b" + bytes([10] * 15), 20, b"\x0a\0\x0c" + bytes(13))
    assert floors(policy) == [expected]
    policy.raise_floor(129, FMSPC, NONE, 0, NONE)
    assert floors(policy) == [expected]
    policy.raise_floor(129, FMSPC, bytes(15) + b"\x0d", 30, NONE)
    bring_tcb(Level(svns=(9,) * 16, pce_svn=40), dates=later)
    assert [(svns, pce) for svns, pce, _ in floors(policy)] == [
        (b"\x0b" + bytes([10] * 14) + b"\x0d", 30),
        (b"\x0b" + bytes([9] * 14) + b"\x0d", 40),
    ]


def test_raise_floor__two_documents__raises_both(policy, bring_tcb):
    for number in (17, 18):
        bring_tcb(dates=Dates.of(now(), number))
    policy.raise_floor(129, FMSPC, NONE, 21, b"\0\0\x0c" + bytes(13))
    assert floors(policy) == [(bytes([10] * 16), 21, b"\x0a\0\x0c" + bytes(13))] * 2


def test_raise_floor__of_a_document_that_refuses__refuses_still(policy, bring_tcb):
    bring_tcb(Level(status="OutOfDate"), dates=Dates.of(now()))
    policy.raise_floor(129, FMSPC, NONE, 1, NONE)
    [kept] = policy.kept_floors(129, FMSPC)
    assert not kept[4]


@pytest.mark.parametrize(
    "arguments", [(1, NONE, 0, NONE), (0, NONE, 2**16, NONE), (0, NONE, 0, b"\1" + bytes(15))]
)
def test_raise_floor__malformed__reverts(policy, arguments):
    tee, *rest = arguments
    with reverts(BAD_FLOOR):
        policy.raise_floor.call(tee, FMSPC, *rest)


# ── TDX modules ──


@pytest.mark.parametrize(("svn", "reason"), [(10, None), (11, TCB_FLOOR), (255, TCB_FLOOR)])
def test_raise_module__refuses_at_once_what_is_below(attesting, asked, svn, reason):
    attesting.policy.raise_module(FMSPC, 1, svn)
    asked("tdx v4", reason)
    asked("sgx v3")


def test_raise_module__holds_for_what_comes(policy, bring_tcb):
    policy.raise_module(FMSPC, 1, 12)
    policy.raise_module(FMSPC, 5, 1)
    policy.raise_module(FMSPC, 1, 11)
    bring_tcb(dates=Dates.of(now()))
    [kept] = policy.kept_floors(129, FMSPC)
    assert [tuple(each) for each in kept[8]] == [(3, 3), (1, 12)]
    assert floors(policy) == [(bytes([10] * 16), 20, b"\x0a\0\x0a" + bytes(13))]
    policy.raise_module(FMSPC, 3, 4)
    [kept] = policy.kept_floors(129, FMSPC)
    assert [tuple(each) for each in kept[8]] == [(3, 4), (1, 12)]


def test_raise_module__after_a_floor__keeps_what_was_raised(policy, bring_tcb):
    policy.raise_floor(129, FMSPC, NONE, 0, b"\0\0\x0c" + bytes(13))
    policy.raise_module(FMSPC, 1, 12)
    bring_tcb(dates=Dates.of(now()))
    assert floors(policy) == [(bytes([10] * 16), 20, b"\x0a\0\x0c" + bytes(13))]


def test_raise_module__at_most_7_versions(policy):
    for version in range(1, 8):
        policy.raise_module(FMSPC, version, 1)
    with reverts(BAD_FLOOR):
        policy.raise_module.call(FMSPC, 8, 1)
    policy.raise_module.call(FMSPC, 7, 2)


@pytest.mark.parametrize(("version", "svn"), [(0, 1), (256, 1), (1, 256)])
def test_raise_module__malformed__reverts(policy, version, svn):
    with reverts(BAD_FLOOR):
        policy.raise_module.call(FMSPC, version, svn)


def test_update_tcb__module_without_an_accepted_level__is_refused(attesting, asked, intel):
    modules = {"01": (IsvLevel(4, "OutOfDate"),), "03": (IsvLevel(1),)}
    later = Dates(now(), now() + 10**6, 18)
    document = tcb_info(TeeType.TDX, later, modules=modules)
    attesting.policy.update_tcb(*signed(document, intel.tcb_signer))
    asked("tdx v4")  # by the older number
    attesting.policy.raise_least_numbers(18, 0)
    asked("tdx v4", TDX_MODULE)


# ── Quoting enclaves ──


@pytest.mark.parametrize(("tee", "names"), [(0, ["sgx v3"]), (129, ["tdx v4", "tdx v5"])])
def test_raise_qe_svn__refuses_at_once_what_is_below(attesting, asked, tee, names):
    least = attesting.policy.kept_identities(tee)[0][7]
    attesting.policy.raise_qe_svn(tee, least)
    for name in names:
        asked(name)
    attesting.policy.raise_qe_svn(tee, least + 100)
    for name in BODIES:
        asked(name, QE_SVN if name in names else None)


# Holds I-44.
def test_raise_qe_svn__holds_for_what_comes_and_never_sinks(policy, bring_identity):
    policy.raise_qe_svn(129, 7)
    policy.raise_qe_svn(129, 6)
    bring_identity(IsvLevel(4), dates=Dates.of(now()))
    assert policy.kept_identities(129)[0][7] == 7


# Holds I-44.
@pytest.mark.parametrize("tee", TeeType)
def test_raise__two_documents_kept__raises_both(policy, bring_tcb, bring_identity, tee):
    for number in (17, 18):
        bring_tcb(tee=tee, dates=Dates.of(now(), number))
        bring_identity(IsvLevel(4), tee=tee, dates=Dates.of(now(), number))
    policy.raise_floor(int(tee), FMSPC, b"\x0b" + bytes(15), 30, NONE)
    policy.raise_qe_svn(int(tee), 9)
    kept = [(svns[0], pce_svn) for svns, pce_svn, _ in floors(policy, int(tee))]
    assert kept == [(11, 30)] * 2
    assert [each[7] for each in policy.kept_identities(int(tee))] == [9, 9]
    if tee is TeeType.TDX:
        policy.raise_module(FMSPC, 1, 12)
        for each in policy.kept_floors(129, FMSPC):
            assert (1, 12) in [tuple(module) for module in each[8]]


@pytest.mark.parametrize(("tee", "svn"), [(1, 1), (129, 2**16)])
def test_raise_qe_svn__malformed__reverts(policy, tee, svn):
    with reverts(BAD_FLOOR):
        policy.raise_qe_svn.call(tee, svn)


# ── Numbers ──


def test_raise_least_numbers__older_documents_count_no_more(attesting, asked):
    attesting.policy.raise_least_numbers(17, 17)
    for name in BODIES:
        asked(name)
    attesting.policy.raise_least_numbers(18, 17)
    for name in BODIES:
        asked(name, TCB_STALE)
    attesting.policy.raise_least_numbers(18, 18)
    for name in BODIES:
        asked(name, QE_STALE)


def test_raise_least_numbers__older_documents_cannot_be_brought(policy, refused):
    receipt = policy.raise_least_numbers(18, 5)
    assert events(receipt) == [("LeastNumbersRaised", {"tcb": 18, "identity": 5})]
    assert policy.least_numbers() == (18, 5)
    refused(DOCUMENT_NUMBER, tcb_info(TeeType.TDX, Dates.of(now(), 17)))


@pytest.mark.parametrize("least", [(18, 5), (5, 18)], ids=["of tcb infos", "of identities"])
def test_raise_least_numbers__of_one_kind__leaves_the_other(
    policy, bring_tcb, bring_identity, refused, least
):
    """Whichever kind is narrowed, what is kept of the other one counts, and it can be renewed.

    Of the narrowed kind, the next document drops what counts no more.
    """
    dates = Dates.of(now(), 17)
    bring_tcb(dates=dates)
    bring_identity(IsvLevel(8), dates=dates)
    policy.raise_least_numbers(*least)
    [floor], [quoting] = policy.kept_floors(129, FMSPC), policy.kept_identities(129)
    assert (floor[3], quoting[3]) == (least[0] == 5, least[1] == 5)
    if least[0] == 18:
        bring_identity(IsvLevel(8), dates=dates)
        refused(DOCUMENT_NUMBER, tcb_info(TeeType.TDX, dates))
    else:
        bring_tcb(dates=dates)
        refused(DOCUMENT_NUMBER, identity(TeeType.TDX, dates, [IsvLevel(8)]))
    later = Dates.of(now(), 18)
    bring_tcb(dates=later)
    bring_identity(IsvLevel(8), dates=later)
    kept = policy.kept_floors(129, FMSPC), policy.kept_identities(129)
    assert [[each[0] for each in of_kind] for of_kind in kept] == [
        [18] if number == 18 else [17, 18] for number in least
    ]


@pytest.mark.parametrize("numbers", [(17, 5), (18, 4), (2**16, 5), (18, 2**16)])
def test_raise_least_numbers__lower_or_too_high__reverts(policy, numbers):
    policy.raise_least_numbers(17, 5)
    policy.raise_least_numbers(18, 5)
    with reverts(BAD_FLOOR):
        policy.raise_least_numbers.call(*numbers)


# ── What a document is for ──


# Holds I-43.
@pytest.mark.parametrize(("brought", "refuses"), [(TeeType.SGX, "tdx v4"), (TeeType.TDX, "sgx v3")])
def test_check__document_of_the_other_tee__does_not_count(
    fresh, intel, machine, trust, brought, refuses
):
    both = [collateral(intel, tee) for tee in TeeType]
    fresh.add_lists(both[0])
    for each in both:
        fresh.policy.update_identity(*identity_arguments(each))
    fresh.policy.update_tcb(*tcb_arguments(collateral(intel, brought)))
    with reverts(TCB_UNKNOWN):
        fresh.verifier.verify_quote.call(evidence(machine.quote(BODIES[refuses]), trust.root_key))
