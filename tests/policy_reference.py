"""What a document of Intel's asks for, and Intel's own algorithm: both apart from the contract.

`read_tcb` and `read_identity` are the grammar of docs/SPEC.md as regular expressions over bytes.
`status` is the algorithm of Intel's PCS API ("TCB status evaluation"), on the parsed JSON.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.documents import STATUSES

UNREACHABLE = 2**16


class WrongId(ValueError):
    """The document is of another kind."""


class WrongForm(ValueError):
    """The document is not in Intel's layout."""


@dataclass(frozen=True)
class Floor:
    """What the contract must keep of a TCB info."""

    tee: int
    fmspc: bytes
    number: int
    issued: int
    next_update: int
    accepted: bool
    svns: bytes
    pce_svn: int
    tdx_svns: bytes
    modules: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Identity:
    """What the contract must keep of an identity."""

    tee: int
    number: int
    issued: int
    next_update: int
    accepted: bool
    mr_signer: bytes
    product: int
    min_svn: int
    attributes: bytes
    attributes_mask: bytes
    misc_select: bytes
    misc_select_mask: bytes


NUMBER = rb"(0|[1-9][0-9]{0,4})"
DATE = rb'"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)"'
DATES = rb'"issueDate":' + DATE + rb',"nextUpdate":' + DATE
STATUS = b"(" + b"|".join(sorted(map(str.encode, STATUSES), key=len, reverse=True)) + b")"
END = rb'\},"tcbDate":".{20}","tcbStatus":"' + STATUS + rb'"(?:,"advisoryIDs":\[[^\]]{0,2047}\])?\}'
COMPONENT = rb'\{"svn":(0|[1-9][0-9]{0,2})(?:,"category":"[^}]{0,126}")?\}'
COMPONENTS = rb"\[" + rb",".join([COMPONENT] * 16) + rb"\]"
ISV_LEVEL = rb'\{"tcb":\{"isvsvn":' + NUMBER + END
SEAM = rb'"mrsigner":"(HEX{96})","attributes":"(HEX{16})","attributesMask":"(HEX{16})"'
MODULE = rb'\{"id":"TDX_(HEX{2})",' + SEAM + rb',"tcbLevels":\['
TCB_HEAD = (
    rb'\{"id":"(SGX|TDX)","version":3,' + DATES + rb',"fmspc":"(HEX{12})","pceId":"0000",'
    rb'"tcbType":0,"tcbEvaluationDataNumber":' + NUMBER
)
IDENTITY_HEAD = (
    rb'\{"id":"(QE|TD_QE)","version":2,' + DATES + rb',"tcbEvaluationDataNumber":' + NUMBER
    + rb',"miscselect":"(HEX{8})","miscselectMask":"(HEX{8})","attributes":"(HEX{32})",'
    rb'"attributesMask":"(HEX{32})","mrsigner":"(HEX{64})","isvprodid":' + NUMBER
    + rb',"tcbLevels":\['
)  # fmt: skip


class Reader:
    """A place in a document."""

    def __init__(self, text: bytes) -> None:
        self.text, self.at = text, 0

    def maybe(self, pattern: bytes) -> tuple[bytes, ...] | None:
        found = re.compile(pattern.replace(b"HEX", b"[0-9a-fA-F]"), re.DOTALL).match(
            self.text, self.at
        )
        if found is None:
            return None
        self.at = found.end()
        return found.groups()

    def take(self, pattern: bytes) -> tuple[bytes, ...]:
        found = self.maybe(pattern)
        if found is None:
            raise WrongForm(f"{self.text[self.at : self.at + 40]!r} at {self.at}")
        return found

    def number(self, digits: bytes, most: int = 65_535) -> int:
        if int(digits) > most:
            raise WrongForm(f"{digits!r} above {most}")
        return int(digits)

    def list(self, pattern: bytes) -> list[tuple[bytes, ...]]:
        """A list's items up to its end; at most 64."""
        items = [self.take(pattern)]
        while self.maybe(rb",") is not None:
            items.append(self.take(pattern))
        self.take(rb"\]")
        if len(items) > 64:
            raise WrongForm(f"{len(items)} items")
        return items

    def end(self) -> None:
        if self.at != len(self.text):
            raise WrongForm(f"{len(self.text) - self.at} bytes after the end")


def unix(date: bytes) -> int:
    """The contract's calendar: of 2000 to 2049, where each month may have 31 days."""
    year, month, day, hour, minute, second = map(int, re.findall(rb"\d+", date))
    if year >= 2050 or not (1 <= month <= 12 and 1 <= day <= 31):
        raise WrongForm(f"{date!r}")
    if hour > 23 or minute > 59 or second > 59:
        raise WrongForm(f"{date!r}")
    first = datetime(year, month, 1, hour, minute, second, tzinfo=UTC)
    return int(first.timestamp()) + (day - 1) * 86_400


def last_accepted(statuses: Sequence[bytes], accepted: int) -> int | None:
    """The place of the last level before the first whose status is not accepted."""
    count = 0
    for status in statuses:
        if not STATUSES[status.decode()] & accepted:
            break
        count += 1
    return count - 1 if count else None


def least_svn(reader: Reader, accepted: int) -> int:
    levels = reader.list(ISV_LEVEL)
    svns = [reader.number(svn) for svn, _ in levels]
    last = last_accepted([status for _, status in levels], accepted)
    return UNREACHABLE if last is None else svns[last]


def seam_of(groups: Sequence[bytes]) -> tuple[bytes, ...]:
    signer, attributes, mask = (bytes.fromhex(group.decode()) for group in groups)
    if any(a & ~m & 255 for a, m in zip(attributes, mask, strict=True)):
        raise WrongForm("attributes beyond their mask")
    return signer, attributes, mask


def read_tcb(text: bytes, accepted: int) -> Floor:
    if text[:11] not in (b'{"id":"SGX"', b'{"id":"TDX"'):
        raise WrongId(text[:20])
    reader = Reader(text)
    kind, issued, next_update, fmspc, number = reader.take(TCB_HEAD)
    dates = unix(issued), unix(next_update)
    evaluation = reader.number(number)
    is_tdx = kind == b"TDX"
    modules: list[tuple[int, int]] = []
    if is_tdx:
        seam = seam_of(reader.take(rb',"tdxModule":\{' + SEAM + rb'\},"tdxModuleIdentities":\['))
        for _ in range(7):
            version, *identity = reader.take(MODULE)
            if seam_of(identity) != seam:
                raise WrongForm("another identity of a module")
            least = least_svn(reader, accepted)
            reader.take(rb"\}")
            if least <= 255 and int(version, 16):
                modules.append((int(version, 16), least))
            if reader.maybe(rb",") is None:
                break
        reader.take(rb"\]")
    reader.take(rb',"tcbLevels":\[')
    tdx = rb',"tdxtcbcomponents":' + COMPONENTS if is_tdx else b""
    pattern = rb'\{"tcb":\{"sgxtcbcomponents":' + COMPONENTS + rb',"pcesvn":' + NUMBER + tdx + END
    levels = reader.list(pattern)
    reader.take(rb"\}")
    reader.end()
    values = [
        (
            bytes(reader.number(svn, 255) for svn in level[:16]),
            reader.number(level[16]),
            bytes(reader.number(svn, 255) for svn in level[17:-1]) or bytes(16),
        )
        for level in levels
    ]
    last = last_accepted([level[-1] for level in levels], accepted)
    kept = (bytes(16), UNREACHABLE, bytes(16)) if last is None else values[last]
    return Floor(
        129 if is_tdx else 0,
        bytes.fromhex(fmspc.decode()),
        evaluation,
        *dates,
        last is not None,
        *kept,
        tuple(modules),
    )


def read_identity(text: bytes, accepted: int) -> Identity:
    if not text.startswith((b'{"id":"QE"', b'{"id":"TD_QE"')):
        raise WrongId(text[:20])
    reader = Reader(text)
    kind, issued, next_update, number, *hexes, product = reader.take(IDENTITY_HEAD)
    misc, misc_mask, attributes, attributes_mask, signer = (
        bytes.fromhex(each.decode()) for each in hexes
    )
    for value, mask in ((misc, misc_mask), (attributes, attributes_mask)):
        if any(v & ~m & 255 for v, m in zip(value, mask, strict=True)):
            raise WrongForm("bits beyond their mask")
    dates = unix(issued), unix(next_update)
    values = reader.number(number), reader.number(product)
    least = least_svn(reader, accepted)
    reader.take(rb"\}")
    reader.end()
    return Identity(
        129 if kind == b"TD_QE" else 0,
        values[0],
        *dates,
        least != UNREACHABLE,
        signer,
        values[1],
        least,
        attributes,
        attributes_mask,
        misc,
        misc_mask,
    )


# ── Intel's algorithm ──


@dataclass(frozen=True)
class Machine:
    svns: bytes
    pce_svn: int
    tdx_svns: bytes = b""
    """TEE_TCB_SVN; empty for SGX."""

    @property
    def tcb(self) -> int:
        return self.pce_svn << 128 | int.from_bytes(self.svns, "big")


def status(document: Mapping[str, Any], machine: Machine) -> str | None:
    """Intel's status of a machine, its TDX module's with it; None below every level.

    Take the first level that the machine is at or above. From major version 1 on, a TDX module is
    judged by its own levels, and out of date it makes the whole out of date.
    """
    version = machine.tdx_svns[1] if machine.tdx_svns else 0
    first = 2 if version else 0

    def reached(level: Mapping[str, Any]) -> bool:
        tcb = level["tcb"]
        return (
            at_least(machine.svns, tcb["sgxtcbcomponents"])
            and machine.pce_svn >= tcb["pcesvn"]
            and at_least(machine.tdx_svns[first:], tcb.get("tdxtcbcomponents", [])[first:])
        )

    platform = next((e["tcbStatus"] for e in document["tcbLevels"] if reached(e)), None)
    if platform is None or not version:
        return platform
    modules = [e for e in document["tdxModuleIdentities"] if int(e["id"][4:], 16) == version]
    levels = modules[0]["tcbLevels"] if modules else []
    svn = machine.tdx_svns[0]
    module = next((e["tcbStatus"] for e in levels if svn >= e["tcb"]["isvsvn"]), None)
    if module in (None, "Revoked"):
        return module
    if module == "OutOfDate":
        configured = "Configuration" not in platform
        return "OutOfDate" if configured else "OutOfDateConfigurationNeeded"
    return platform


def at_least(have: bytes, components: Sequence[Mapping[str, int]]) -> bool:
    return all(a >= b["svn"] for a, b in zip(have, components, strict=True))
