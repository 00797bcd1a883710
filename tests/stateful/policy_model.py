"""The policy of machines as interfaces/ITcbPolicy.vyi specifies it.

A document comes as what it says, not as its bytes: reading has tests of its own
(tests/property/test_policy_documents.py).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests.sale import DAY
from tests.stateful.ledger import Call, Ledger, Refused, unless
from tests.stateful.office import Office, because

SGX, TDX = 0, 129
NO_LEVEL = 2**16
"""A PCE SVN or SVN that no machine reaches."""
BEFORE_SIGNATURE = {reasons.DER, reasons.CERTIFICATE_ROLE}
MAX_RAISED = 7
Svns = tuple[int, ...]
Modules = tuple[tuple[int, int], ...]
NO_SVNS: Svns = (0,) * 16


@dataclass(frozen=True)
class Floor:
    """Demands of a document of Intel, raised by the owner; an identity's SVN is `pce_svn`."""

    number: int
    issued: int
    next_update: int
    svns: Svns = NO_SVNS
    pce_svn: int = NO_LEVEL
    tdx_svns: Svns = NO_SVNS
    modules: Modules = ()  # versions and their SVNs

    def raised(self, by: "Raised") -> "Floor":
        least = dict(by.modules)
        return replace(
            self,
            svns=highest(self.svns, by.svns),
            pce_svn=max(self.pce_svn, by.pce_svn),
            tdx_svns=highest(self.tdx_svns, by.tdx_svns),
            modules=tuple((of, max(svn, least.get(of, 0))) for of, svn in self.modules),
        )


@dataclass
class Raised:
    """Demands of the owner beyond Intel's documents."""

    svns: Svns = NO_SVNS
    pce_svn: int = 0
    tdx_svns: Svns = NO_SVNS
    modules: Modules = ()  # the newest first


@dataclass(frozen=True)
class Document:
    """A TCB info of an FMSPC, or an identity, and what is wrong with it."""

    tee: int
    fmspc: bytes | None  # none: an identity
    floor: Floor
    text: bytes
    flaw: str | None = None  # the reason for which it is not read

    @property
    def kind(self) -> str:
        return "identity" if self.fmspc is None else "tcb"


@dataclass(frozen=True)
class Machine:
    """The machine and the quoting enclave of a quote."""

    tee: int
    fmspc: bytes
    svns: Svns
    pce_svn: int
    tdx_svns: tuple[Svns, Svns] = (NO_SVNS, NO_SVNS)
    is_intel_seam: bool = True
    qe_svn: int = 8
    qe_product: int = 1
    qe_debug: bool = False


class PolicyModel(Office):
    """A policy that accepts what is up to date; it may know its verifier."""

    def __init__(self, address: str, ledger: Ledger, owner: str, grace: int) -> None:
        super().__init__(address, ledger, owner)
        self.grace, self.verifier = grace, ZERO_ADDRESS
        self.crl_next_update = 0
        self.floors: defaultdict[tuple[int, bytes | None], list[Floor]] = defaultdict(list)
        self.raises: defaultdict[tuple[int, bytes | None], Raised] = defaultdict(Raised)
        self.least = {"tcb": 0, "identity": 0}

    # ── Documents ──

    def update(self, call: Call, document: Document) -> Refused | None:
        if self.verifier == ZERO_ADDRESS:
            return because(reasons.NO_VERIFIER)
        current = self.crl_next_update > 0 and call.now <= self.crl_next_update + self.grace
        before = document.flaw if document.flaw in BEFORE_SIGNATURE else None
        if no := unless((current, reasons.CRL_STALE), (not before, before or "")):
            return no
        if document.flaw:
            return because(document.flaw)
        new, place = document.floor, (document.tee, document.fmspc)
        if new.issued > call.now:
            return because(reasons.DOCUMENT_NOT_YET_VALID)
        if self._is_stale(new, call.now):
            return because(reasons.DOCUMENT_STALE)
        kept = self.floors[place]
        if any(each.number == new.number and each.issued > new.issued for each in kept):
            return because(reasons.DOCUMENT_SUPERSEDED)
        others = [
            each
            for each in kept
            if each.number != new.number and self._is_live(document.kind, each, call.now)
        ]
        newer = [each for each in others if each.number > new.number]
        if new.number < self.least[document.kind] or len(newer) == 2:
            return because(reasons.DOCUMENT_NUMBER)
        both = sorted([*others, new.raised(self.raises[place])], key=lambda each: each.number)
        self.floors[place] = both[-2:]
        said = {"number": new.number, "digest": sha256(document.text).digest()}
        if document.fmspc is None:
            self._emit("IdentityUpdated", tee=document.tee, **said)
        else:
            self._emit("TcbUpdated", tee=document.tee, fmspc=document.fmspc, **said)
        return None

    # ── Owner ──

    def set_verifier(self, call: Call, verifier: str) -> Refused | None:
        no = self._unless_owner(call) or unless(
            (self.verifier == ZERO_ADDRESS, reasons.VERIFIER_SET),
            (verifier != ZERO_ADDRESS, reasons.BAD_VERIFIER),
        )
        if not no:
            self.verifier = verifier
            self._emit("VerifierSet", verifier=verifier)
        return no

    def raise_floor(
        self, call: Call, tee: int, fmspc: bytes, svns: bytes, pce_svn: int, tdx_svns: bytes
    ) -> Refused | None:
        fits = tee == TDX or (tee == SGX and not any(tdx_svns))
        no = self._unless_owner(call) or unless((fits and pce_svn < 2**16, reasons.BAD_FLOOR))
        if not no:
            raised = self.raises[tee, fmspc]
            raised.svns = highest(raised.svns, svns)
            raised.pce_svn = max(raised.pce_svn, pce_svn)
            raised.tdx_svns = highest(raised.tdx_svns, tdx_svns)
            self._raise((tee, fmspc))
            of = {"tee": tee, "fmspc": fmspc}
            self._emit("FloorRaised", **of, svns=svns, pce_svn=pce_svn, tdx_svns=tdx_svns)
        return no

    def raise_module(self, call: Call, fmspc: bytes, version: int, svn: int) -> Refused | None:
        raised = self.raises[TDX, fmspc]
        known = dict(raised.modules)
        fits = 1 <= version < 256 and svn < 256 and len({*known, version}) <= MAX_RAISED
        no = self._unless_owner(call) or unless((fits, reasons.BAD_FLOOR))
        if not no:
            new = () if version in known else ((version, svn),)
            raised.modules = tuple(
                (each, max(kept, svn) if each == version else kept)
                for each, kept in [*new, *raised.modules]
            )
            self._raise((TDX, fmspc))
            self._emit("ModuleRaised", fmspc=fmspc, version=version, svn=svn)
        return no

    def raise_qe_svn(self, call: Call, tee: int, svn: int) -> Refused | None:
        fits = tee in (SGX, TDX) and svn < 2**16
        no = self._unless_owner(call) or unless((fits, reasons.BAD_FLOOR))
        if not no:
            self.raises[tee, None].pce_svn = max(self.raises[tee, None].pce_svn, svn)
            self._raise((tee, None))
            self._emit("QeSvnRaised", tee=tee, svn=self.raises[tee, None].pce_svn)
        return no

    def raise_least_numbers(self, call: Call, tcb: int, identity: int) -> Refused | None:
        rise = tcb >= self.least["tcb"] and identity >= self.least["identity"]
        fits = rise and max(tcb, identity) < 2**16
        no = self._unless_owner(call) or unless((fits, reasons.BAD_FLOOR))
        if not no:
            self.least = {"tcb": tcb, "identity": identity}
            self._emit("LeastNumbersRaised", **self.least)
        return no

    def _raise(self, place: tuple[int, bytes | None]) -> None:
        self.floors[place] = [each.raised(self.raises[place]) for each in self.floors[place]]

    # ── For the verifier ──

    def check(self, call: Call, machine: Machine) -> Refused | bool:
        """Say whether a quote's machine is good enough."""
        if machine.qe_debug:
            return Refused(frozenset([reasons.QE_DEBUG]))
        product = 2 if machine.tee == TDX else 1
        refusal = self._judge(
            [
                None
                if not self._is_live("identity", each, call.now)
                else reasons.QE_IDENTITY
                if machine.qe_product != product
                else reasons.QE_SVN
                if machine.qe_svn < each.pce_svn
                else ""
                for each in self.floors[machine.tee, None]
            ],
            reasons.QE_UNKNOWN,
            reasons.QE_STALE,
        ) or self._judge(
            [
                fault(each, machine) if self._is_live("tcb", each, call.now) else None
                for each in self.floors[machine.tee, machine.fmspc]
            ],
            reasons.TCB_UNKNOWN,
            reasons.TCB_STALE,
        )
        return Refused(frozenset([refusal])) if refusal else True

    def _judge(self, verdicts: Sequence[str | None], unknown: str, stale: str) -> str:
        """Return why the newest that is live refuses; nothing when one accepts."""
        live = [verdict for verdict in verdicts if verdict is not None]
        if "" in live:
            return ""
        return live[-1] if live else stale if verdicts else unknown

    def _is_stale(self, floor: Floor, now: int) -> bool:
        return now > floor.next_update + self.grace

    def _is_live(self, kind: str, floor: Floor, now: int) -> bool:
        return not self._is_stale(floor, now) and floor.number >= self.least[kind]


def fault(floor: Floor, machine: Machine) -> str:
    """Why a machine does not meet a floor; nothing when it does."""
    meets = reaches(machine.svns, floor.svns) and machine.pce_svn >= floor.pce_svn
    if machine.tee == TDX:
        if not machine.is_intel_seam:
            return reasons.TDX_MODULE
        for moment in machine.tdx_svns:
            svn, version = moment[:2]
            least = dict(reversed(floor.modules)).get(version)
            if version and least is None:
                return reasons.TDX_MODULE
            first = 2 if version else 0
            meets &= svn >= (least or 0) if version else True
            meets &= reaches(moment[first:], floor.tdx_svns[first:])
    return "" if meets else reasons.TCB_FLOOR


def reaches(svns: Sequence[int], floor: Sequence[int]) -> bool:
    return all(mine >= least for mine, least in zip(svns, floor, strict=True))


def highest(one: Sequence[int], other: Sequence[int]) -> Svns:
    """Each component as high as in either."""
    return tuple(map(max, one, other))


LIFETIME = 30 * DAY
"""From issue to next update of Intel's documents."""
