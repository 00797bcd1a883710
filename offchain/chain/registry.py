"""The registry: registered enclaves and descriptions of their programs."""

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.abi import event_abi_to_log_topic

from offchain.attestation.programs import commit_to_text
from offchain.chain.node import Node, abi, events
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import Roster, RosterEntry


@dataclass(frozen=True)
class Registered:
    """An enclave's latest registration. ``expiry`` is in Unix seconds."""

    operator: str
    platform: bytes
    sealing_key: bytes
    expiry: int


@dataclass(frozen=True)
class Description:
    """A program's description by the registry's owner: a claim, which proves nothing."""

    source: bytes
    """The commit that the program is built from, as in `offchain.attestation.programs`."""
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
        """Return an enclave's registration, or None when it was never registered."""
        return self._logged("0x" + 24 * "0" + signing_key[2:], measurement).get(signing_key)

    def active_one(self, entry: RosterEntry, measurement: bytes) -> Registered | None:
        """Return the registration of an enclave of a roster, or None when it may not sign now."""
        known = self.registered(entry.signing_key, measurement)
        return known if known and self._is_active(entry, known, measurement) else None

    def active(self, roster: Roster, measurement: bytes) -> dict[RosterEntry, Registered]:
        """Return the enclaves of a roster that may sign now, with their registrations."""
        every = self.all_active(measurement)
        return {entry: every[entry] for entry in roster if entry in every}

    def all_active(self, measurement: bytes) -> dict[RosterEntry, Registered]:
        """Return every enclave that is registered under a measurement and may sign now."""
        found = {}
        for signing_key, known in self._logged(None, measurement).items():
            entry = RosterEntry(signing_key, known.sealing_key)
            if self._is_active(entry, known, measurement):
                found[entry] = known
        return found

    def endpoints(self) -> dict[str, str]:
        """Return the URIs that operators have announced last, by operator. They are untrusted."""
        logs = events(self.node, self.contract.events.EndpointAnnounced())
        announced = (log["args"] for log in logs)
        return {each["operator"]: each["uri"] for each in announced}

    def registrations(self, signing_key: str) -> list[bytes]:
        """Return the measurements under which an enclave was registered, oldest first."""
        topics: list[str | None] = [self._topic, "0x" + 24 * "0" + signing_key[2:].lower()]
        latest = int(self.node.web3.eth.block_number)
        logs = self.node.logs(self.contract.address, topics, latest)
        return [bytes(log["topics"][3]) for log in logs]

    def expiry(self, signing_key: str, measurement: bytes) -> int:
        """Return until when an enclave is registered, in Unix seconds; 0 if it never was."""
        return int(self.contract.functions.enclave(signing_key, measurement).call()[1])

    def retired_by(self, signing_key: str, platform: bytes, measurement: bytes) -> str | None:
        """Return the signing key that a registration would retire: another one that may sign now.

        Args:
            signing_key: the key to be registered.
            platform: of its enclave.
            measurement: of its enclave.
        """
        functions = self.contract.functions
        latest: str = functions.latest_key(platform, measurement).call()
        expiry, _ = functions.enclave(latest, measurement).call()[1:3]
        now = self.node.now()
        return latest if latest not in (signing_key, ZERO_ADDRESS) and now < expiry else None

    def description(self, measurement: bytes) -> Description | None:
        """Return the owner's description of a measurement's program, or None without one."""
        source, text = self.contract.functions.description(measurement).call()
        return Description(source, text) if text else None

    def in_words(self, measurement: bytes) -> str:
        """Return the description as text for people."""
        described = self.description(measurement)
        if described is None:
            return "the registry's owner has not described this program"
        return f"the registry's owner says: {described}"

    def verifier(self, measurement: bytes) -> ChecksumAddress:
        """Return the address of the verifier under which a measurement is registered.

        Raises:
            ValueError: no enclave was ever registered under the measurement.
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
