"""Intel's TCB info and enclave identities, and the status of a machine by Intel's own algorithm.

Documents: Intel PCS API version 4, "Get TCB Info" (version 3) and "Get Quoting Enclave Identity"
(version 2). Algorithm: the same, "TCB status evaluation". Here the whole document is read, for
people and as an oracle. What a contract takes from a document is in ``policy.py``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from offchain.attestation.quote import TeeType

UP_TO_DATE = "UpToDate"
REVOKED = "Revoked"
OUT_OF_DATE = "OutOfDate"
STATUSES = (
    UP_TO_DATE,
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    OUT_OF_DATE,
    "OutOfDateConfigurationNeeded",
    REVOKED,
)
"""Intel's statuses of a TCB level."""

QE_IDS = {TeeType.SGX: "QE", TeeType.TDX: "TD_QE"}
"""The ``id`` of a quoting enclave's identity. Other enclaves of Intel have others: QVE, QAE."""


@dataclass(frozen=True)
class Component:
    """One of the 16 components of a TCB level, and what Intel says that it is."""

    svn: int
    category: str = ""
    """Who delivers its update: ``BIOS`` or ``OS/VMM``."""
    type: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.type, self.category)))


@dataclass(frozen=True)
class TcbLevel:
    """A TCB level of Intel for the machines of one FMSPC."""

    sgx: tuple[Component, ...]
    pce_svn: int
    tdx: tuple[Component, ...]
    """16 components; empty in SGX documents."""
    status: str
    date: str
    """The day from which machines at this level have what Intel had published by then."""
    advisories: tuple[str, ...] = ()

    @property
    def sgx_svns(self) -> bytes:
        """The 16 SVNs that a PCK certificate must reach."""
        return bytes(component.svn for component in self.sgx)

    @property
    def tdx_svns(self) -> bytes:
        """The 16 SVNs that TEE_TCB_SVN must reach; empty in SGX documents."""
        return bytes(component.svn for component in self.tdx)


@dataclass(frozen=True)
class SvnLevel:
    """A TCB level of Intel for a quoting enclave, or for one major version of the TDX module."""

    isv_svn: int
    status: str
    date: str = ""
    advisories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validity:
    """The time of a document: Unix seconds, both ends included."""

    number: int
    """``tcbEvaluationDataNumber``; it rises with every TCB recovery."""
    issued: int
    next_update: int


@dataclass(frozen=True)
class TcbInfo:
    """Intel's TCB info for the machines of one FMSPC; levels are ordered from the newest down."""

    tee_type: TeeType
    fmspc: bytes
    """6 bytes."""
    validity: Validity
    levels: tuple[TcbLevel, ...]
    modules: Mapping[int, tuple[SvnLevel, ...]] = field(default_factory=dict)
    """Levels of TDX modules, by their major versions from 1 on."""


@dataclass(frozen=True)
class QuotingEnclaves:
    """The quoting enclaves of a TEE that a document of Intel's is about, whatever their SVN."""

    tee_type: TeeType
    validity: Validity
    mr_signer: bytes
    isv_prod_id: int
    attributes: bytes
    attributes_mask: bytes
    misc_select: bytes
    misc_select_mask: bytes


@dataclass(frozen=True)
class EnclaveIdentity(QuotingEnclaves):
    """Intel's identity of the quoting enclaves of a TEE; levels from the newest down."""

    levels: tuple[SvnLevel, ...]

    def level_of(self, isv_svn: int) -> SvnLevel | None:
        """Return the first level that an SVN reaches, or None below all of them."""
        return next((each for each in self.levels if isv_svn >= each.isv_svn), None)


# ── Reading ──


def read_tcb_info(content: Mapping[str, Any]) -> TcbInfo:
    """Read TCB info.

    Raises:
        KeyError, TypeError, ValueError: the document has another version or form.
    """
    _expect("version", content["version"], 3)
    _expect("PCE id", content["pceId"], "0000")
    _expect("TCB type", content["tcbType"], 0)
    tee_type = TeeType[content["id"]]
    modules = {
        _module_version(each["id"]): tuple(map(_svn_level, each["tcbLevels"]))
        for each in content.get("tdxModuleIdentities", ())
    }
    return TcbInfo(
        tee_type=tee_type,
        fmspc=bytes.fromhex(content["fmspc"]),
        validity=read_validity(content),
        levels=tuple(map(_level, content["tcbLevels"])),
        modules=modules,
    )


def read_identity(content: Mapping[str, Any]) -> EnclaveIdentity:
    """Read the identity of a quoting enclave.

    Raises:
        KeyError, TypeError, ValueError: the document has another version or form, or is of another
            enclave.
    """
    _expect("version", content["version"], 2)
    kinds = {name: tee_type for tee_type, name in QE_IDS.items()}
    if content["id"] not in kinds:
        raise ValueError(f"identity of enclave {content['id']!r}, expected one of {sorted(kinds)}")
    return EnclaveIdentity(
        tee_type=kinds[content["id"]],
        validity=read_validity(content),
        mr_signer=bytes.fromhex(content["mrsigner"]),
        isv_prod_id=content["isvprodid"],
        attributes=bytes.fromhex(content["attributes"]),
        attributes_mask=bytes.fromhex(content["attributesMask"]),
        misc_select=bytes.fromhex(content["miscselect"]),
        misc_select_mask=bytes.fromhex(content["miscselectMask"]),
        levels=tuple(map(_svn_level, content["tcbLevels"])),
    )


def read_validity(content: Mapping[str, Any]) -> Validity:
    """Read the number and the time of a document."""
    issued, until = (
        int(datetime.fromisoformat(content[name]).timestamp())
        for name in ("issueDate", "nextUpdate")
    )
    return Validity(content["tcbEvaluationDataNumber"], issued, until)


def _module_version(name: str) -> int:
    """Return the major version of a TDX module, which its name ends with in hex: TDX_03."""
    _expect("TDX module", name[:4], "TDX_")
    return int(name[4:], 16)


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{name} {found!r}, expected {expected!r}")


def _level(level: Mapping[str, Any]) -> TcbLevel:
    tcb = level["tcb"]
    return TcbLevel(
        sgx=_components(tcb["sgxtcbcomponents"]),
        pce_svn=tcb["pcesvn"],
        tdx=_components(tcb["tdxtcbcomponents"]) if "tdxtcbcomponents" in tcb else (),
        **_standing(level),
    )


def _components(components: Iterable[Mapping[str, Any]]) -> tuple[Component, ...]:
    found = tuple(Component(**each) for each in components)
    _expect("number of components", len(found), 16)
    return found


def _svn_level(level: Mapping[str, Any]) -> SvnLevel:
    return SvnLevel(isv_svn=level["tcb"]["isvsvn"], **_standing(level))


def _standing(level: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": level["tcbStatus"],
        "date": level["tcbDate"],
        "advisories": tuple(level.get("advisoryIDs", ())),
    }


# ── Intel's algorithm ──


@dataclass(frozen=True)
class Machine:
    """A machine, as a quote describes it.

    Args:
        svns: the 16 SVNs of its PCK certificate.
        pce_svn: the PCE SVN of its PCK certificate.
        tee_tcb_svn: the 16 bytes of a TD's report body; empty for SGX.
        qe_svn: the SVN of its quoting enclave.
    """

    svns: bytes
    pce_svn: int
    tee_tcb_svn: bytes
    qe_svn: int

    @property
    def module(self) -> int:
        """The major version of the TDX module; zero for SGX."""
        return self.tee_tcb_svn[1] if self.tee_tcb_svn else 0

    def reaches(self, level: TcbLevel) -> bool:
        """Return True if no component is lower than the level's.

        From major version 1 on, the first two components name the TDX module, which has levels of
        its own.
        """
        first = 2 if self.module else 0
        tdx = level.tdx_svns[first:] if self.tee_tcb_svn else b""
        return (
            self.pce_svn >= level.pce_svn
            and at_least(self.svns, level.sgx_svns)
            and at_least(self.tee_tcb_svn[first:], tdx)
        )


@dataclass(frozen=True)
class Evaluation:
    """The levels that a machine is at; None means below every level, or not listed at all."""

    platform: TcbLevel | None
    module: SvnLevel | None
    """Level of the TDX module; also None for SGX and for modules of major version 0."""
    quoting_enclave: SvnLevel | None
    needs_module: bool = False

    @property
    def parts(self) -> tuple[TcbLevel | SvnLevel | None, ...]:
        """The levels that count for this machine."""
        module = (self.module,) if self.needs_module else ()
        return (self.platform, *module, self.quoting_enclave)

    @property
    def status(self) -> str | None:
        """Intel's status of the whole; None where a part is not supported at all."""
        status: str | None = None
        for part in self.parts:
            if part is None:
                return None
            status = _converge(status, part.status) if status else part.status
        return status

    @property
    def advisories(self) -> tuple[str, ...]:
        """The advisories of all parts, in order, each once."""
        found = (name for part in self.parts if part is not None for name in part.advisories)
        return tuple(sorted(set(found)))

    def is_accepted(self, accepted: frozenset[str]) -> bool:
        """Return True if every part has a status that is accepted."""
        return all(part is not None and part.status in accepted for part in self.parts)


def _converge(status: str, part: str) -> str:
    """Combine the status of a machine with that of its TDX module or quoting enclave."""
    if REVOKED in (status, part):
        return REVOKED
    if part != OUT_OF_DATE:
        return status
    return "OutOfDateConfigurationNeeded" if "Configuration" in status else OUT_OF_DATE


def evaluate(info: TcbInfo, identity: EnclaveIdentity, machine: Machine) -> Evaluation:
    """Return the levels of a machine, by the documents of its FMSPC and TEE."""
    levels = info.modules.get(machine.module, ()) if machine.module else ()
    return Evaluation(
        platform=_first(info.levels, machine.reaches),
        module=_first(levels, lambda level: machine.tee_tcb_svn[0] >= level.isv_svn),
        quoting_enclave=identity.level_of(machine.qe_svn),
        needs_module=bool(machine.module),
    )


_L = TypeVar("_L")


def _first(levels: Iterable[_L], reached: Callable[[_L], bool]) -> _L | None:
    return next((level for level in levels if reached(level)), None)


def at_least(have: bytes, least: bytes) -> bool:
    """Return True if no byte is lower than the one at its place in ``least``."""
    return all(a >= b for a, b in zip(have, least, strict=True))
