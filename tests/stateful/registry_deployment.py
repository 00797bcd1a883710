"""A registry on titanoboa, and the operators, keys, machines and programs of its histories."""

from typing import Any

import boa
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.protocol.eip712 import Domain
from offchain.protocol.keys import public_key
from tests import sale as parts
from tests.deployment import TERMS
from tests.inprocess import account, deploy
from tests.sale import ETHER, Cosignature, RosterEntry, word
from tests.signing import address, sign_compact, signing_key
from tests.stateful.registry_reference import Bound, Signature
from tests.stateful.words import Words

OPERATORS = [account(f"operator {n}") for n in range(3)]
OWNER, CHALLENGER, PROVER = account("guardian"), account("challenger"), account("prover")
NOBODY = "0x" + "00" * 20
SECRETS = {address(key): key for key in (signing_key(f"enclave {n}") for n in range(4))}
KEYS = sorted(SECRETS, key=lambda key: int(key, 16))
SEALING_KEYS = [public_key(word(f"sealing key {n}")) for n in range(2)]
PLATFORMS = [word(f"platform {n}") for n in range(3)]
PROGRAMS = [word(f"program {n}") for n in range(2)]
DIGEST = word("digest")
PLATFORM_STAKE = ETHER


def binding(bound: Bound) -> int:
    """Return what a record keeps of operator, platform and sealing key: 160 bits of their hash."""
    return int.from_bytes(keccak(encode(["address", "bytes32", "bytes32"], bound))[12:], "big")


def packed(value: int, revoked_at: int | None, until: int, epoch: int) -> int:
    """A word of the registry, as contracts/modules/registry/records.vy lays it out."""
    return value | (revoked_at or 0) << 160 | until << 200 | epoch << 240


class RegistryDeployment:
    """A registry with two verifiers, one of them added, and a market that may slash.

    For each measurement there is a task, and two contradicting reports of it.
    """

    def __init__(self) -> None:
        self.verifiers = [str(deploy("testing/MockVerifier").address) for _ in range(2)]
        self.registry = deploy("EnclaveRegistry", OWNER, self.verifiers[0], PLATFORM_STAKE)
        self.words = Words(self.registry)
        self.market = deploy("ModelMarket", self.registry, *TERMS)
        self.registry.set_market(self.market, sender=OWNER)
        self.attested = {
            keccak(encode(["address", "bytes32"], [verifier, program])): (verifier, program)
            for verifier in self.verifiers
            for program in PROGRAMS
        }
        self.domain = Domain(self.market.eip712Domain()[3], str(self.market.address))
        self.stories = {each: self._two_stories(each) for each in self.attested}

    def _two_stories(self, measurement: bytes) -> tuple[parts.Task, list[parts.Report]]:
        task = parts.task(PROVER, [], measurement, boa.env.timestamp)
        task_id = task.id(self.domain)
        return task, [parts.report(task_id, word("seed"), (n, 500_000)) for n in range(2)]

    def register(self, measurement: bytes, key: str, bound: Bound, expiry: int) -> bytes:
        """Registers an enclave; the measurement that the registry gives."""
        verifier, program = self.attested[measurement]
        block = boa.env.evm.patch.block_number - 1
        report_data = self.registry.report_data(bound.operator, key, bound.sealing_key, block)
        types = ["bytes32", "bytes32", "uint256", "bytes32"]
        evidence = encode(types, [program, bound.platform, expiry, report_data])
        registered: bytes = self.registry.register_enclave(
            verifier, evidence, key, bound.sealing_key, block, sender=bound.operator
        )
        return registered

    def check_quorum(
        self, measurement: bytes, min_stake: int, by: list[Signature], excluded: list[str]
    ) -> list[tuple[Any, ...]]:
        """The signers, with a roster of nobody else."""
        roster = [RosterEntry(each.signing_key, each.sealing_key) for each in by]
        signed = [cosignature(each, DIGEST) for each in by]
        out = [parts.Signer(KEYS[0], each, PLATFORMS[0]) for each in excluded]
        found = self.registry.check_quorum(DIGEST, measurement, min_stake, roster, signed, out)
        return [tuple(each) for each in found]

    def prove_equivocation(
        self, measurement: bytes, by: tuple[Signature, Signature], operator: str
    ) -> int:
        """Each of the two signed one story; the sealing key is that of the first."""
        task, reports = self.stories[measurement]
        signed = [
            cosignature(each, report.digest(self.domain))
            for each, report in zip(by, reports, strict=True)
        ]
        of = operator, by[0].sealing_key
        taken: int = self.registry.prove_equivocation(task, reports, signed, *of, sender=PROVER)
        return taken


def cosignature(by: Signature, digest: bytes) -> Cosignature:
    return Cosignature(*sign_compact(SECRETS[by.signing_key], digest), by.platform)
