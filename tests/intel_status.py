"""Intel's own algorithm, for one machine and one TCB info, apart from contract and `offchain`.

Source: Intel PCS API version 4, "TCB status evaluation", on the parsed JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
