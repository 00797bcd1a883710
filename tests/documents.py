"""Documents as Intel writes them, every part of them settable, and signed for `TcbPolicy`.

Written from Intel's documents in ../shared/vectors, apart from the simulated Intel of `offchain`,
so that tests can make what Intel never would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offchain.attestation.quote import TeeType
from offchain.simulation import FMSPC, Identity, issuing
from tests.dcap import UpdateArguments, certificate, words

DAY = 86_400
CATEGORIES = {0: "BIOS", 1: "OS/VMM"}
TYPES = {1: "SGX Late Microcode Update"}
DATE = "2024-03-13T00:00:00Z"


@dataclass(frozen=True)
class Level:
    """A level of a TCB info."""

    svns: Sequence[int] = (10,) * 16
    pce_svn: int = 20
    tdx_svns: Sequence[int] = (10, 0, 10) + (0,) * 13
    status: str = "UpToDate"
    advisories: Sequence[str] = ()


@dataclass(frozen=True)
class IsvLevel:
    """A level of a quoting enclave or of a TDX module."""

    svn: int
    status: str = "UpToDate"
    advisories: Sequence[str] = ()


@dataclass(frozen=True)
class Seam:
    """Signer and attributes of a TDX module, as a document gives them."""

    signer: bytes = bytes(48)
    attributes: bytes = bytes(8)
    mask: bytes = b"\xff" * 8

    def text(self) -> str:
        return (
            f'"mrsigner":"{self.signer.hex().upper()}","attributes":"{self.attributes.hex()}",'
            f'"attributesMask":"{self.mask.hex().upper()}"'
        )


@dataclass(frozen=True)
class Dates:
    """When a document was issued, until when it holds, and its evaluation number."""

    issued: int
    next_update: int
    number: int = 17

    @classmethod
    def of(cls, now: int, number: int = 17) -> "Dates":
        """A document of an hour ago, good for 30 days."""
        return cls(now - 3_600, now - 3_600 + 30 * DAY, number)

    def text(self) -> str:
        return f'"issueDate":"{date(self.issued)}","nextUpdate":"{date(self.next_update)}"'


MODULES: Mapping[str, Sequence[IsvLevel]] = {
    "03": (IsvLevel(3),),
    "01": (IsvLevel(10), IsvLevel(2, "OutOfDate", ("INTEL-SA-01036", "INTEL-SA-01099"))),
}
LEVELS = (
    Level(),
    Level(
        (5,) * 16,
        10,
        (5, 0, 5) + (0,) * 13,
        "OutOfDate",
        ("INTEL-SA-00106", "INTEL-SA-00115", "INTEL-SA-00135"),
    ),
)


def date(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tcb_info(
    tee_type: TeeType,
    dates: Dates,
    levels: Sequence[Level] = LEVELS,
    *,
    fmspc: bytes = FMSPC,
    modules: Mapping[str, Sequence[IsvLevel]] = MODULES,
    seam: Seam = Seam(),
) -> bytes:
    """A TCB info, as text to sign."""
    is_tdx = tee_type is TeeType.TDX

    def level(of: Level) -> str:
        tdx = f',"tdxtcbcomponents":{_components(of.tdx_svns)}' if is_tdx else ""
        return (
            f'{{"tcb":{{"sgxtcbcomponents":{_components(of.svns)},"pcesvn":{of.pce_svn}{tdx}'
            + _end_of_level(of.status, of.advisories)
        )

    identities = ",".join(
        f'{{"id":"TDX_{version}",{seam.text()},"tcbLevels":{_isv_levels(of_version)}}}'
        for version, of_version in modules.items()
    )
    tdx = f',"tdxModule":{{{seam.text()}}},"tdxModuleIdentities":[{identities}]' if is_tdx else ""
    return (
        f'{{"id":"{tee_type.name}","version":3,{dates.text()},"fmspc":"{fmspc.hex().upper()}",'
        f'"pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":{dates.number}{tdx},'
        f'"tcbLevels":[{",".join(map(level, levels))}]}}'
    ).encode()


def identity(
    tee_type: TeeType, dates: Dates, levels: Sequence[IsvLevel] = (), **members: Any
) -> bytes:
    """The identity of Intel's quoting enclave, as text to sign; members replace its own."""
    values = {**QUOTING[tee_type], **members}
    return (
        f'{{"id":"{values["id"]}","version":2,{dates.text()},'
        f'"tcbEvaluationDataNumber":{dates.number},"miscselect":"{values["misc_select"]}",'
        f'"miscselectMask":"{values["misc_select_mask"]}","attributes":"{values["attributes"]}",'
        f'"attributesMask":"{values["attributes_mask"]}","mrsigner":"{values["mr_signer"]}",'
        f'"isvprodid":{values["product"]},'
        f'"tcbLevels":{_isv_levels(levels or (IsvLevel(values["svn"]),))}}}'
    ).encode()


_COMMON = {
    "misc_select": "00000000",
    "misc_select_mask": "FFFFFFFF",
    "attributes": "11000000000000000000000000000000",
    "attributes_mask": "FBFFFFFFFFFFFFFF0000000000000000",
}
QUOTING: dict[TeeType, dict[str, Any]] = {
    TeeType.SGX: {
        "id": "QE",
        **_COMMON,
        "mr_signer": "8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF",
        "product": 1,
        "svn": 8,
    },
    TeeType.TDX: {
        "id": "TD_QE",
        **_COMMON,
        "mr_signer": "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5",
        "product": 2,
        "svn": 4,
    },
}


def signed(document: bytes, by: Identity) -> UpdateArguments:
    """The arguments of an update, with the signature of a TCB signer."""
    return document, words(issuing.sign(by.key, document)), certificate(by)


def _components(svns: Sequence[int]) -> str:
    def component(place: int, svn: int) -> str:
        category = f',"category":"{CATEGORIES[place]}"' if place in CATEGORIES else ""
        kind = f',"type":"{TYPES[place]}"' if place in TYPES else ""
        return f'{{"svn":{svn}{category}{kind}}}'

    return f"[{','.join(component(*each) for each in enumerate(svns))}]"


def _isv_levels(levels: Sequence[IsvLevel]) -> str:
    texts = (
        f'{{"tcb":{{"isvsvn":{of.svn}' + _end_of_level(of.status, of.advisories) for of in levels
    )
    return f"[{','.join(texts)}]"


def _end_of_level(status: str, advisories: Sequence[str]) -> str:
    listed = ",".join(f'"{each}"' for each in advisories)
    more = f',"advisoryIDs":[{listed}]' if advisories else ""
    return f'}},"tcbDate":"{DATE}","tcbStatus":"{status}"{more}}}'
