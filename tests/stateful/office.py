"""The office of an owner, which is handed on in two steps (snekmate's `ownable_2step`)."""

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.stateful.ledger import Call, Ledger, Refused

NOT_OWNER = "ownable: caller is not the owner"
NOT_NEW_OWNER = "ownable_2step: caller is not the new owner"


class Office:
    """A contract with an owner."""

    def __init__(self, address: str, ledger: Ledger, owner: str) -> None:
        self.address, self.ledger = address, ledger
        self.owner, self.pending_owner = owner, ZERO_ADDRESS

    def transfer_ownership(self, call: Call, to: str) -> Refused | None:
        if no := self._unless_owner(call):
            return no
        self.pending_owner = to
        self._emit("OwnershipTransferStarted", previous_owner=self.owner, new_owner=to)
        return None

    def accept_ownership(self, call: Call) -> Refused | None:
        if call.sender != self.pending_owner:
            return because(NOT_NEW_OWNER)
        self._emit("OwnershipTransferred", previous_owner=self.owner, new_owner=call.sender)
        self.owner, self.pending_owner = call.sender, ZERO_ADDRESS
        return None

    def _unless_owner(self, call: Call) -> Refused | None:
        return None if call.sender == self.owner else because(NOT_OWNER)

    def _emit(self, name: str, **fields: object) -> None:
        self.ledger.emit(self.address, name, **fields)


def because(reason: str | None) -> Refused | None:
    return Refused(frozenset([reason])) if reason else None
