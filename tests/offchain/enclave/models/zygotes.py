"""Zygotes with a spy or a fault, each a ``program`` of `Zygote`: role, argument, socket."""

import json
import os
import socket
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from offchain.enclave.models import child, sandbox, zygote
from offchain.protocol.errors import InvalidModel, ModelFault
from tests.offchain.enclave.models import probe


def told(tell: Callable[[], object]) -> None:
    """Have every child refuse its model, with what it finds in its sandbox as the detail."""

    def refuse(*_: object) -> None:
        raise InvalidModel(ModelFault.OUTPUT, json.dumps(tell()))

    child.check_model = refuse


def descriptors(_: str) -> None:
    """Tell the kind of each open descriptor: character device, pipe, file, socket."""

    def kinds() -> str:
        found = ""
        for each in range(512):
            try:
                found += stat.filemode(os.fstat(each).st_mode)[0]
            except OSError:
                continue
        return found

    told(kinds)


def environment(_: str) -> None:
    """Tell the names in the environment."""
    told(lambda: sorted(os.environ))


def reaching_out(path: str) -> None:
    """Tell which attempts of `probe` end otherwise than by PermissionError."""

    def reach() -> dict[str, str]:
        sys.argv[1:] = ["9", path]
        found = {each.__name__: probe.attempt(each) for each in probe.ATTEMPTS}
        return {name: outcome for name, outcome in found.items() if outcome != "PermissionError"}

    told(reach)


def once_dead(path: str) -> None:
    """End with the first child that was ever forked; the next zygote is honest."""
    if not Path(path).exists():
        Path(path).touch()
        always_dead(path)


def always_dead(_: str) -> None:
    """End with the first child."""
    fork = zygote.Zygote._fork

    def fork_and_end(self: zygote.Zygote) -> None:
        fork(self)
        os._exit(3)

    zygote.Zygote._fork = fork_and_end


def confined(_: str) -> None:
    """End with 5 if the zygote itself is denied files and network before its first fork."""

    def probe_and_end(self: zygote.Zygote) -> None:
        denied = [probe.attempt(each) for each in (probe._list, probe._unix_socket)]
        os._exit(5 if denied == ["PermissionError"] * 2 else 6)

    zygote.Zygote.serve = probe_and_end


def threaded(_: str) -> None:
    """Start a thread before the confinement."""
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def unconfined(_: str) -> None:
    """Confine neither itself nor its children."""
    zygote.confine = child.confine = lambda **_: sandbox.Confinement(0, False, False, False)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
    zygote.start(socket.socket(fileno=int(sys.argv[3])))
