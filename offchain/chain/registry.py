"""What a registry says of enclaves."""

from dataclasses import dataclass

from eth_utils.abi import event_abi_to_log_topic

from offchain.chain.node import Node, abi
from offchain.task import Roster, RosterEntry


@dataclass(frozen=True)
class Registered:
    """An enclave as it was registered last."""

    operator: str
    platform: bytes
    sealing_key: bytes


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
        topics = [self._topic, "0x" + 24 * "0" + signing_key[2:], None, "0x" + measurement.hex()]
        logs = list(self.node.logs(self.contract.address, topics, self.node.web3.eth.block_number))
        if not logs:
            return None
        values = self.contract.events.EnclaveRegistered().process_log(logs[-1])["args"]
        return Registered(values["operator"], values["platform"], values["sealing_key"])

    def is_active(self, entry: RosterEntry, measurement: bytes) -> bool:
        """Whether an enclave of a roster may sign now."""
        known = self.registered(entry.signing_key, measurement)
        if known is None:
            return False
        function = self.contract.functions.is_active
        arguments = (*entry.to_abi(), known.platform, measurement)
        return bool(function(*arguments).call())

    def active(self, roster: Roster, measurement: bytes) -> dict[RosterEntry, Registered]:
        """Those of a roster that may sign now, with their operators and platforms."""
        found = {}
        for entry in roster:
            known = self.registered(entry.signing_key, measurement)
            if known is not None and self.is_active(entry, measurement):
                found[entry] = known
        return found
