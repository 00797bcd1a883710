"""Floors from Intel's signed documents, which are read strictly in their one layout.

Intel writes its documents without whitespace and with their members in one order (PCS API version
4). Anything else is refused. The floor is the last level, from the top down, before the first one
whose status is not accepted: in Intel's list the first level that a machine reaches counts, so
whoever reaches this one is at an accepted level. The grammar is that of docs/SPEC.md and of
``contracts/TcbPolicy.vy``, written independently; ``tcb.py`` reads documents for people.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile

from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.tcb import STATUSES, Validity
from offchain.attestation.trust import QeFloor, Seam, TcbFloor, masked

_DATE = r"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
_NUMBER = r"(0|[1-9]\d{0,4})"
_DATES = rf'"issueDate":"{_DATE}","nextUpdate":"{_DATE}"'
_EVALUATION = rf'"tcbEvaluationDataNumber":{_NUMBER}'
_SEAM = '"mrsigner":"(HEX{96})","attributes":"(HEX{16})","attributesMask":"(HEX{16})"'
_STATUS = f'"({"|".join(sorted(STATUSES, key=len, reverse=True))})"'
_STANDING = rf'"tcbDate":".{{20}}","tcbStatus":{_STATUS}(?:,"advisoryIDs":\[[^\]]{{0,2047}}\])?'
_COMPONENT = r'\{"svn":(0|[1-9]\d{0,2})(?:,"category":"[^}]{0,126}")?\}'
_COMPONENTS = rf"\[{','.join([_COMPONENT] * 16)}\]"


def _pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern, in which HEX is one hexadecimal digit of either case."""
    return re.compile(text.replace("HEX", "[0-9a-fA-F]"), re.DOTALL | re.ASCII)


_ID = _pattern(r'\{"id":"(SGX|TDX|QE|TD_QE)"')
_TCB_HEAD = _pattern(
    rf',"version":3,{_DATES},"fmspc":"(HEX{{12}})","pceId":"0000","tcbType":0,{_EVALUATION},'
)
_IDENTITY_HEAD = _pattern(
    rf',"version":2,{_DATES},{_EVALUATION},"miscselect":"(HEX{{8}})","miscselectMask":"(HEX{{8}})",'
    r'"attributes":"(HEX{32})","attributesMask":"(HEX{32})",'
    rf'"mrsigner":"(HEX{{64}})","isvprodid":{_NUMBER},'
)
_MODULE = _pattern(rf'"tdxModule":\{{{_SEAM}\}},"tdxModuleIdentities":\[')
_MODULE_IDENTITY = _pattern(rf'\{{"id":"TDX_(HEX{{2}})",{_SEAM},')
_LEVELS = _pattern(r'"tcbLevels":\[')
_SVN_LEVEL = _pattern(rf'\{{"tcb":\{{"isvsvn":{_NUMBER}\}},{_STANDING}\}}')
_SGX_LEVEL = _pattern(
    rf'\{{"tcb":\{{"sgxtcbcomponents":{_COMPONENTS},"pcesvn":{_NUMBER}\}},{_STANDING}\}}'
)
_TDX_LEVEL = _pattern(
    rf'\{{"tcb":\{{"sgxtcbcomponents":{_COMPONENTS},"pcesvn":{_NUMBER},'
    rf'"tdxtcbcomponents":{_COMPONENTS}\}},{_STANDING}\}}'
)
_NEXT, _CLOSE_LIST, _CLOSE = _pattern(","), _pattern(r"\]"), _pattern(r"\}")

MAX_DOCUMENT = 16_384
"""Bytes of the longest document that the contract takes."""
_MAX_LEVELS = 64
_MAX_MODULES = 7
_NO_MODULES: tuple[tuple[int, int], ...] = ()
_KINDS = {"QE": TeeType.SGX, "TD_QE": TeeType.TDX}


class _Walker:
    """A cursor over a document, which refuses whatever is not at its place."""

    def __init__(self, text: str) -> None:
        # One character for each byte, because the contract counts bytes.
        self._text = text.encode().decode("latin-1")
        self._at = 0
        if len(self._text) > MAX_DOCUMENT:
            raise _malformed(f"{len(self._text)} bytes, expected at most {MAX_DOCUMENT}")

    def take(self, pattern: re.Pattern[str], what: str) -> tuple[str, ...]:
        """Return the groups of what stands here, and go on behind it."""
        match = pattern.match(self._text, self._at)
        if match is None:
            found = self._text[self._at : self._at + 60]
            raise _malformed(f"{found!r} at {self._at}, expected {what}")
        self._at = match.end()
        return match.groups()

    def id(self, *expected: str) -> str:
        """Return the document's id, with which it begins."""
        match = _ID.match(self._text)
        if match is None or match[1] not in expected:
            raise QuoteRejected(
                RejectionReason.DOCUMENT_ID, f"{self._text[:20]!r}, expected one of {expected}"
            )
        self._at = match.end()
        return match[1]

    def has_next(self) -> bool:
        """Return True behind a comma, and False behind the end of a list."""
        if _NEXT.match(self._text, self._at):
            self._at += 1
            return True
        self.take(_CLOSE_LIST, "the end of a list")
        return False

    def levels(self, pattern: re.Pattern[str], accepted: frozenset[str]) -> tuple[str, ...] | None:
        """Walk levels to the end of their object; return the last accepted one, or None."""
        self.take(_LEVELS, "levels")
        found = [self.take(pattern, "a level")]
        while self.has_next():
            found.append(self.take(pattern, "a level"))
        self.take(_CLOSE, "the end of an object")
        if len(found) > _MAX_LEVELS:
            raise _malformed(f"{len(found)} levels, expected at most {_MAX_LEVELS}")
        _check_numbers(found)
        good = list(takewhile(lambda level: level[-1] in accepted, found))
        return good[-1] if good else None

    def end(self) -> None:
        """Refuse what stands after the end."""
        if self._at != len(self._text):
            raise _malformed(f"{len(self._text) - self._at} bytes after the end, expected none")


def walk_tcb_info(text: str, accepted: frozenset[str]) -> TcbFloor:
    """Return the floor that follows from a TCB info.

    Args:
        text: exactly as signed.
        accepted: statuses of Intel that count as good.

    Raises:
        QuoteRejected: the text is another document, or not in Intel's layout.
    """
    walker = _Walker(text)
    tee_type = TeeType[walker.id("SGX", "TDX")]
    issued, until, fmspc, number = walker.take(_TCB_HEAD, "the head of a TCB info")
    validity = _validity(number, issued, until)
    seam, modules = Seam(), _NO_MODULES
    if tee_type is TeeType.TDX:
        seam, modules = _modules(walker, accepted)
    level = walker.levels(_TDX_LEVEL if tee_type is TeeType.TDX else _SGX_LEVEL, accepted)
    walker.end()
    svns = [int(each) for each in level[:-1]] if level else []
    return TcbFloor(
        tee_type=tee_type,
        fmspc=bytes.fromhex(fmspc),
        validity=validity,
        svns=bytes(svns[:16]),
        pce_svn=svns[16] if svns else 0,
        tdx_svns=bytes(svns[17:]),
        modules=modules,
        seam=seam,
    )


def walk_identity(text: str, accepted: frozenset[str]) -> QeFloor:
    """Return the quoting enclaves that an enclave identity accepts.

    Args:
        text: exactly as signed.
        accepted: statuses of Intel that count as good.

    Raises:
        QuoteRejected: the text is another document, such as the identity of Intel's QVE or QAE, or
            not in Intel's layout.
    """
    walker = _Walker(text)
    tee_type = _KINDS[walker.id(*_KINDS)]
    issued, until, number, *hexes, product = walker.take(_IDENTITY_HEAD, "the head of an identity")
    misc_select, misc_mask, attributes, attributes_mask, mr_signer = map(bytes.fromhex, hexes)
    _check_masked(misc_select, misc_mask)
    _check_masked(attributes, attributes_mask)
    validity = _validity(number, issued, until)
    level = walker.levels(_SVN_LEVEL, accepted)
    walker.end()
    return QeFloor(
        tee_type=tee_type,
        validity=validity,
        mr_signer=mr_signer,
        isv_prod_id=_number(product),
        attributes=attributes,
        attributes_mask=attributes_mask,
        misc_select=misc_select,
        misc_select_mask=misc_mask,
        min_isv_svn=int(level[0]) if level else None,
    )


def _modules(walker: _Walker, accepted: frozenset[str]) -> tuple[Seam, tuple[tuple[int, int], ...]]:
    """Return the one identity of all TDX modules, and version and least SVN of each good one."""
    seam, found = _seam(walker.take(_MODULE, "the TDX module and its identities")), []
    is_open = True
    count = 0
    while is_open:
        version, *of_version = walker.take(_MODULE_IDENTITY, "the identity of a TDX module")
        if _seam(of_version) != seam:
            raise _malformed(f"identity {of_version} of TDX_{version}, expected {seam}")
        level = walker.levels(_SVN_LEVEL, accepted)
        if level is not None and int(level[0]) < 256 and int(version, 16):
            found.append((int(version, 16), int(level[0])))
        is_open = walker.has_next()
        count += 1
    if count > _MAX_MODULES:
        raise _malformed(f"{count} TDX modules, expected at most {_MAX_MODULES}")
    walker.take(_NEXT, "levels")
    return seam, tuple(found)


def _seam(groups: Sequence[str]) -> Seam:
    mr_signer, attributes, mask = map(bytes.fromhex, groups)
    _check_masked(attributes, mask)
    return Seam(mr_signer, attributes, mask)


def _check_masked(value: bytes, mask: bytes) -> None:
    if masked(value, mask) != value:
        raise _malformed(f"bits {value.hex()} outside of their mask {mask.hex()}")


def _check_numbers(levels: Iterable[tuple[str, ...]]) -> None:
    """Refuse a component above a byte, and a PCE SVN or SVN above 16 bits."""
    for *svns, _ in levels:
        for place, svn in enumerate(svns):
            is_component = len(svns) > 1 and place != 16
            _number(svn, 255 if is_component else 65_535)


def _number(digits: str, most: int = 65_535) -> int:
    value = int(digits)
    if value > most:
        raise _malformed(f"number {value}, expected at most {most}")
    return value


def _validity(number: str, issued: str, until: str) -> Validity:
    return Validity(_number(number), _unix(issued), _unix(until))


def _unix(date: str) -> int:
    """Return a date of 2000 to 2049; as in certificates, every month may have 31 days."""
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:10])
    if year > 2049 or not 1 <= day <= 31:
        raise _malformed(f"date {date}, expected one of 2000 to 2049")
    try:
        hour, minute, second = int(date[11:13]), int(date[14:16]), int(date[17:19])
        first = datetime(year, month, 1, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise _malformed(f"date {date}: {error}") from error
    return int(first.timestamp()) + (day - 1) * 86_400


def _malformed(detail: str) -> QuoteRejected:
    return QuoteRejected(RejectionReason.DOCUMENT_FORM, detail)
