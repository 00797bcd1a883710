"""Advice for the operator of a machine: its status by Intel's documents, what it has to update."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeVar

from offchain.attestation import sgx_extension
from offchain.attestation.bundle import Bundle
from offchain.attestation.quote import Quote, TdReport
from offchain.attestation.tcb import (
    Component,
    EnclaveIdentity,
    Evaluation,
    Machine,
    SvnLevel,
    TcbInfo,
    TcbLevel,
    evaluate,
    read_identity,
    read_tcb_info,
)
from offchain.attestation.x509 import load_chain, read_certificate

_Level = TypeVar("_Level", TcbLevel, SvnLevel)


@dataclass(frozen=True)
class Shortfall:
    """A part of a machine that is below the level that it needs.

    Args:
        part: what it is, in Intel's words.
        have: its SVN.
        least: the SVN that it needs.
        remedy: what brings it there.
        date: the day of the level, as Intel writes it.
    """

    part: str
    have: int
    least: int
    remedy: str
    date: str

    def __str__(self) -> str:
        return (
            f"{self.part} is {self.have}, needs {self.least}: "
            f"needs {self.remedy} of {self.date[:10]} or later"
        )


@dataclass(frozen=True)
class Standing:
    """A machine beside the documents of one number."""

    info: TcbInfo
    identity: EnclaveIdentity
    evaluation: Evaluation
    shortfalls: tuple[Shortfall, ...]
    """The parts that keep it from an accepted status, as far as Intel lists one."""
    is_accepted: bool

    def lines(self) -> Iterator[str]:
        """Yield the status, and each shortfall, as text for people."""
        platform, found = self.evaluation.platform, self.evaluation
        numbers = f"{self.info.tee_type.name} TCB info {self.info.validity.number}"
        status = found.status or "below every level that Intel lists"
        since = f" since {platform.date[:10]}" if platform else ""
        listed = f" ({', '.join(found.advisories)})" if found.advisories else ""
        yield f"{numbers}: {status}{since}{listed}"
        for part, level in (("TDX module", found.module), ("QE", found.quoting_enclave)):
            if level is not None:
                yield f"{part}: {level.status} since {level.date[:10]}"
        yield from map(str, self.shortfalls)
        if not self.is_accepted and not self.shortfalls:
            yield (
                f"FMSPC {self.info.fmspc.hex()}: Intel lists no level of an accepted status, the "
                f"newest is {self.info.levels[0].status}: no update helps"
            )


def standing(
    info: TcbInfo, identity: EnclaveIdentity, machine: Machine, accepted: frozenset[str]
) -> Standing:
    """Compare a machine with the documents of its FMSPC and TEE."""
    evaluation = evaluate(info, identity, machine)
    return Standing(
        info,
        identity,
        evaluation,
        tuple(_shortfalls(info, identity, machine, accepted)),
        evaluation.is_accepted(accepted),
    )


def last_accepted(levels: tuple[_Level, ...], accepted: frozenset[str]) -> _Level | None:
    """Return the last level, from the top down, before the first unaccepted one, or None.

    Whoever reaches it is at an accepted level: in Intel's list the first level reached counts.
    """
    prefix = tuple(takewhile(lambda level: level.status in accepted, levels))
    return prefix[-1] if prefix else None


def _shortfalls(
    info: TcbInfo, identity: EnclaveIdentity, machine: Machine, accepted: frozenset[str]
) -> Iterator[Shortfall]:
    level = last_accepted(info.levels, accepted)
    if level is not None:
        first = 2 if machine.module else 0
        parts = [
            ("SGX", machine.svns, level.sgx, 0),
            ("TDX", machine.tee_tcb_svn, level.tdx, first),
        ]
        for kind, have, least, start in parts:
            for place in range(start, len(have)):
                if have[place] < least[place].svn:
                    yield _component(kind, place, have[place], least[place], level.date)
        if machine.pce_svn < level.pce_svn:
            yield Shortfall(
                "PCE", machine.pce_svn, level.pce_svn, "Intel's PCE (SGX PSW)", level.date
            )
    if machine.module:
        yield from _module(info, machine, accepted)
    qe = last_accepted(identity.levels, accepted)
    if qe is not None and machine.qe_svn < qe.isv_svn:
        yield Shortfall("QE", machine.qe_svn, qe.isv_svn, "Intel's quoting enclave", qe.date)


def _module(info: TcbInfo, machine: Machine, accepted: frozenset[str]) -> Iterator[Shortfall]:
    name = f"TDX module of version {machine.module}"
    level = last_accepted(info.modules.get(machine.module, ()), accepted)
    if level is not None and machine.tee_tcb_svn[0] < level.isv_svn:
        have = machine.tee_tcb_svn[0]
        yield Shortfall(name, have, level.isv_svn, "a TDX module", level.date)


def _component(kind: str, place: int, have: int, least: Component, date: str) -> Shortfall:
    named = f" ({least})" if str(least) else ""
    if "Microcode" in least.type:
        early = least.category == "BIOS"
        remedy = "a BIOS update with microcode" if early else "a microcode update"
    elif least.category == "BIOS":
        remedy = "a BIOS update"
    elif least.type:
        remedy = f"an update of the {least.type}"
    else:
        remedy = "a BIOS or microcode update"
    return Shortfall(f"{kind} component {place}{named}", have, least.svn, remedy, date)


def machine_of(quote: Quote) -> Machine:
    """Return what a quote says of its machine, unverified.

    Raises:
        QuoteRejected: the PCK certificate is malformed.
    """
    sgx = sgx_extension.read(read_certificate(load_chain(quote.pck_chain)[0]).sgx)
    tdx = quote.body.tee_tcb_svn if isinstance(quote.body, TdReport) else b""
    return Machine(sgx.svns, sgx.pce_svn, tdx, quote.qe_report.isv_svn)


def standings(bundle: Bundle, quote: Quote, accepted: frozenset[str]) -> tuple[Standing, ...]:
    """Return a quote's machine beside each TCB info of its FMSPC and TEE, by rising number.

    Beside each stands the identity of the quoting enclave with the newest number and date.

    Args:
        bundle: verified documents.
        quote: of the machine.
        accepted: TCB statuses in Intel's names.

    Raises:
        KeyError, TypeError, ValueError: a document has another version or form.
    """
    sgx = sgx_extension.read(read_certificate(load_chain(quote.pck_chain)[0]).sgx)
    contents = [document.content for document in bundle.documents]
    infos = [read_tcb_info(each) for each in contents if "fmspc" in each]
    identities = [read_identity(each) for each in contents if "fmspc" not in each]
    mine = [each for each in infos if (each.fmspc, each.tee_type) == (sgx.fmspc, quote.tee_type)]
    quoting = [each for each in identities if each.tee_type is quote.tee_type]
    if not quoting:
        return ()
    newest = max(quoting, key=lambda each: (each.validity.number, each.validity.issued))
    mine.sort(key=lambda each: (each.validity.number, each.validity.issued))
    return tuple(standing(info, newest, machine_of(quote), accepted) for info in mine)
