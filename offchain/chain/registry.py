"""What a registry says of enclaves."""

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.abi import event_abi_to_log_topic

from offchain.attestation.programs import commit_to_text
from offchain.chain.node import Node, abi
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import Roster, RosterEntry


@dataclass(frozen=True)
class Registered:
    """An enclave as it was registered last."""

    operator: str
    platform: bytes
    sealing_key: bytes
    expiry: int


@dataclass(frozen=True)
class Description:
    """What a registry's owner says that a program is: its word, which proves nothing."""

    source: bytes
    """The commit that it is built from, as in ``offchain/attestation/programs.py``."""
    text: str

    def __str__(self) -> str:
        return f"{self.text}, {commit_to_text(self.source)}"


class Registry:
    """A registry on a node."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.contract = node.web3.eth.contract(
            address=node.web3.to_checksum_address(address), abi=abi("IEnclaveRegistry")
        )
        (event,) = (each for each in abi("IEnclaveRegistry") if each["name"] == "EnclaveRegistered")
        self._topic = "0x" + event_abi_to_log_topic(event).hex()  # type: ignore[arg-type]

    def registered(self, signing_key: str, measurement: bytes) -> Registered | None:
        """An enclave under a measurement; None when it never was registered."""
        return self._logged("0x" + 24 * "0" + signing_key[2:], measurement).get(signing_key)

    def active_one(self, entry: RosterEntry, measurement: bytes) -> Registered | None:
        """An enclave of a roster under a measurement; None when it may not sign now."""
        known = self.registered(entry.signing_key, measurement)
        return known if known and self._is_active(entry, known, measurement) else None

    def active(self, roster: Roster, measurement: bytes) -> dict[RosterEntry, Registered]:
        """Those of a roster that may sign now, with their operators and platforms."""
        every = self.all_active(measurement)
        return {entry: every[entry] for entry in roster if entry in every}

    def all_active(self, measurement: bytes) -> dict[RosterEntry, Registered]:
        """All that run a program and may sign now."""
        found = {}
        for signing_key, known in self._logged(None, measurement).items():
            entry = RosterEntry(signing_key, known.sealing_key)
            if self._is_active(entry, known, measurement):
                found[entry] = known
        return found

    def description(self, measurement: bytes) -> Description | None:
        """What the owner says of a measurement's program; None when it said nothing."""
        source, text = self.contract.functions.description(measurement).call()
        return Description(source, text) if text else None

    def in_words(self, measurement: bytes) -> str:
        """The same for people."""
        said = self.description(measurement)
        return f"the registry's owner says: {said}" if said else "nobody says what this program is"

    def verifier(self, measurement: bytes) -> ChecksumAddress:
        """The verifier under which a measurement's program is registered.

        Raises:
            ValueError: no enclave ever was.
        """
        verifier, _ = self.contract.functions.measurement(measurement).call()
        if verifier == ZERO_ADDRESS:
            raise ValueError(f"no enclave is registered under 0x{measurement.hex()}, expected one")
        return self.node.web3.to_checksum_address(verifier)

    def _is_active(self, entry: RosterEntry, known: Registered, measurement: bytes) -> bool:
        arguments = (*entry.to_abi(), known.platform, measurement)
        return bool(self.contract.functions.is_active(*arguments).call())

    def _logged(self, signing_key: str | None, measurement: bytes) -> dict[str, Registered]:
        topics = [self._topic, signing_key, None, "0x" + measurement.hex()]
        found = {}
        latest = self.node.web3.eth.block_number
        for log in self.node.logs(self.contract.address, topics, latest):
            values = self.contract.events.EnclaveRegistered().process_log(log)["args"]
            found[values["signing_key"]] = Registered(
                values["operator"], values["platform"], values["sealing_key"], values["expiry"]
            )
        return found
