"""A registry on Brownie's chain, with what its tests need to talk to it."""

from dataclasses import dataclass
from typing import Any

from brownie import web3
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.anvil import at, events, rpc
from tests.sale import DAY, ETHER, Enclave, word

PROGRAM = word("program")
UNBONDING = 21 * DAY
MAX_LIFETIME = 30 * DAY
NOT_OWNER = "ownable: caller is not the owner"


def mine_at(time: int) -> None:
    """Views see this time."""
    rpc("evm_mine", time)


def only_event(receipt: Any, name: str) -> dict[str, Any]:
    """The fields of the one event that a transaction logged."""
    [(logged, fields)] = events(receipt)
    assert logged == name
    return fields


# ── Registration ──


def measurement_of(verifier: Any, program: bytes = PROGRAM) -> bytes:
    return keccak(encode(["address", "bytes32"], [str(verifier), program]))


def binding_of(enclave: Enclave, operator: Any = None) -> int:
    """Return what an enclave's record keeps of operator, platform and sealing key."""
    holder = str(operator or enclave.operator)
    digest = keccak(
        encode(["address", "bytes32", "bytes32"], [holder, enclave.platform, enclave.sealing_key])
    )
    return int.from_bytes(digest[12:], "big")


def attestation(program: bytes, platform: bytes, expiry: int) -> bytes:
    """Return a verifier's answer."""
    return encode(["bytes32", "bytes32", "uint256"], [program, platform, expiry])


@dataclass(frozen=True)
class RegistryDeployment:
    """The registry, its first verifier, and the market that may slash."""

    registry: Any
    verifier: Any
    market: Any

    @property
    def measurement(self) -> bytes:
        return measurement_of(self.verifier)

    def stake(self, operator: Any, amount: int = 10 * ETHER) -> Any:
        return self.registry.stake({"from": operator, "value": amount})

    def evidence(
        self, enclave: Enclave, expiry: int, block: int, program: bytes = PROGRAM
    ) -> bytes:
        """Return evidence for the mock verifier, bound to the enclave's operator and keys."""
        report_data = self.registry.report_data(
            enclave.operator, enclave.signing_key, enclave.sealing_key, block
        )
        return attestation(program, enclave.platform, expiry) + bytes(report_data)

    def register(self, enclave: Enclave, time: int | None = None, **how: Any) -> Any:
        """Registers an enclave, by default for as long as the registry allows."""
        arguments = self._arguments(enclave, **how)
        if time is not None:
            at(time)
        return self.registry.register_enclave(*arguments, {"from": enclave.operator})

    def try_register(self, enclave: Enclave, time: int | None = None, **how: Any) -> None:
        """The same as a call, for what reverts: Brownie traces a reverted transaction for long."""
        arguments = self._arguments(enclave, **how)
        if time is not None:
            mine_at(time)
        self.registry.register_enclave.call(*arguments, {"from": enclave.operator})

    def _arguments(
        self,
        enclave: Enclave,
        expiry: int = 2**64,
        program: bytes = PROGRAM,
        verifier: Any = None,
    ) -> tuple[Any, ...]:
        block = web3.eth.block_number - 1  # a view does not know the hash of the block it sees
        evidence = self.evidence(enclave, expiry, block, program)
        keys = enclave.signing_key, enclave.sealing_key
        return verifier or self.verifier, evidence, *keys, block

    def enlist(self, enclave: Enclave, **how: Any) -> Enclave:
        """Stakes for the enclave's operator and registers it."""
        self.stake(enclave.operator)
        self.register(enclave, **how)
        return enclave

    def is_active(self, enclave: Enclave, program: bytes = PROGRAM) -> bool:
        return bool(
            self.registry.is_active(
                enclave.signing_key,
                enclave.sealing_key,
                enclave.platform,
                measurement_of(self.verifier, program),
            )
        )

    def slash(self, operator: Any, amount: int, beneficiary: Any) -> Any:
        return self.registry.slash(operator, amount, beneficiary, {"from": self.market})
