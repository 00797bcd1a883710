"""The demo's operators: honest ones, who run what `operate` runs, and tampered ones."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brownie import chain
from eth_keys.datatypes import PrivateKey

from offchain.attestation.evidence import Chain, Known, pack
from offchain.attestation.programs import measurement, program_id
from offchain.attestation.quote import SgxReport, parse
from offchain.enclave.enclave import Enclave
from offchain.operator.client import EnclaveClient
from offchain.operator.fees import Earnings
from offchain.operator.operator import Operator
from offchain.operator.upkeep import Upkeep
from offchain.protocol.eip712 import Domain
from offchain.protocol.reports import Cosignature, Report, sign
from offchain.protocol.task import RosterEntry
from offchain.simulation import Machine, sgx_report
from offchain.simulation.device import SimulatedDevice
from scripts.deploy import Deployment
from scripts.lib.local_chain import send

WORKERS = 2
"""Submissions that an enclave of the demo measures at a time."""


@dataclass(kw_only=True)
class HonestOperator:
    """Has its enclave in a process of its own, and does what `golden-grain operate` does."""

    name: str
    operator: Operator
    upkeep: Upkeep
    earnings: Earnings

    def step(self) -> Iterator[str]:
        """Act on every task."""
        return self.operator.step()


@dataclass(kw_only=True)
class DishonestOperator:
    """Has broken its machine's TEE, for the demo: its enclave signs whatever it wants."""

    name: str
    account: Any
    made: Deployment
    machine: Machine
    enclave: "TamperedEnclave"
    program: SgxReport = field(default_factory=lambda: sgx_report(bytes(64)))

    @property
    def entry(self) -> RosterEntry:
        """The enclave's public keys."""
        return self.enclave.identity

    @property
    def platform(self) -> bytes:
        """The machine, as the registry knows it (bytes32)."""
        found, _ = self._certificates(self.machine.quote(self.program).encode())
        return found.pck_record.platform

    @property
    def stake(self) -> int:
        """Wei."""
        return int(self.made.registry.operator(self.account)[0])

    @property
    def measurement(self) -> bytes:
        """The measurement that tasks name (bytes32): the operators' program under the verifier."""
        return measurement(self.made.verifier.address, program_id(sgx_report(bytes(64))))

    def evidence(self, block_number: int) -> bytes:
        """Return a fresh quote for this operator and its enclave, as the verifier takes it."""
        report_data = self.made.registry.report_data(
            self.account, self.entry.signing_key, self.entry.sealing_key, block_number
        )
        quote = SimulatedDevice(self.machine, self.program).quote(bytes(report_data) + bytes(32))
        return pack(parse(quote), *self._certificates(quote))

    def register(self, stake: int) -> Any:
        """Stake, then register the enclave through the on-chain verifier; return the receipt."""
        send(self.made.registry.stake, account=self.account, value=stake)
        number = chain.height - 1
        return self.present(self.evidence(number), number)

    def present(self, evidence: bytes, block_number: int) -> Any:
        """Offer evidence to the registry; return the receipt, or raise the contract's refusal."""
        return send(
            self.made.registry.register_enclave,
            self.made.verifier,
            evidence,
            self.entry.signing_key,
            self.entry.sealing_key,
            block_number,
            account=self.account,
        )

    def in_debug_mode(self) -> "DishonestOperator":
        """Return the same enclave in debug mode, which lets its operator read its memory."""
        attributes = b"\x07" + self.program.attributes[1:]
        return replace(self, program=replace(self.program, attributes=attributes))

    def forge(self, report: Report, domain: Domain) -> Cosignature:
        """Sign a report that was never measured."""
        return self.enclave.forge(report, domain, self.platform)

    def _certificates(self, quote: bytes) -> tuple[Chain, Known]:
        """Return the machine's certificates, and what the verifier has cached of them."""
        root = b"".join(bytes(word) for word in self.made.verifier.root())
        found = Chain.of(parse(quote), root)
        return found, found.known_by(lambda id_: bytes(self.made.verifier.certificate(id_)))


class TamperedEnclave(Enclave):
    """An enclave that signs without measuring."""

    @classmethod
    def boot(cls, random: Callable[[int], bytes]) -> "TamperedEnclave":
        return cls(PrivateKey(random(32)), random(32))

    def forge(self, report: Report, domain: Domain, platform: bytes) -> Cosignature:
        return sign(report.digest(domain), self._signing_key, platform)


@contextmanager
def served(folder: Path, machine: str) -> Iterator[EnclaveClient]:
    """Serve an enclave on a SIMULATED machine by a process that ends with the block."""
    command = [sys.executable, "-m", "offchain", "serve", "--machine", machine]
    files = ["--artifacts", str(folder / machine), "--journal", str(folder / f"{machine}.jsonl")]
    process = subprocess.Popen(  # noqa: S603 - this project's own command
        [*command, *files, "--workers", str(WORKERS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        if process.stdout is None or not (line := process.stdout.readline()):
            raise RuntimeError(
                f"service for {machine} ended with {process.wait()}, expected its url"
            )
        with EnclaveClient(json.loads(line)["url"]) as client:
            yield client
    finally:
        process.terminate()
        process.wait()
