"""The policy of attestation on the chain: which of Intel's documents it keeps."""

from collections.abc import Iterable
from typing import Any

from hexbytes import HexBytes

from offchain.attestation.bundle import Bundle, SignedDocument
from offchain.attestation.policy import Rules
from offchain.attestation.quote import TeeType
from offchain.attestation.tcb import STATUSES, UP_TO_DATE, Validity
from offchain.attestation.trust import QeFloor, TcbFloor
from offchain.chain.node import Node, abi, arguments_of, events

BITS = {name: 1 << place for place, name in enumerate(STATUSES[:-1])}
"""Intel's names of statuses, and their bits in `ITcbPolicy.accepted_statuses`."""
_NO_LEVEL = 2**16


class PolicyContract:
    """A `TcbPolicy` on a node."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.contract = node.web3.eth.contract(
            address=node.web3.to_checksum_address(address), abi=abi("ITcbPolicy")
        )

    def rules(self) -> Rules:
        """Return what the deployment fixed, and the least numbers."""
        functions = self.contract.functions
        statuses = functions.accepted_statuses().call()
        least_tcb, least_identity = functions.least_numbers().call()
        return Rules(
            accepted=frozenset(name for name, bit in BITS.items() if statuses & bit),
            grace=functions.grace().call(),
            least_tcb=least_tcb,
            least_identity=least_identity,
        )

    def floors(self, tee_type: TeeType, fmspc: bytes) -> tuple[TcbFloor, ...]:
        """Return the floors that are kept, by rising number.

        The identity of a document's TDX modules has no view. It is Intel's own in every document
        that Intel has published.
        """
        kept = self.contract.functions.kept_floors(tee_type, fmspc).call()
        return tuple(self._floor(tee_type, fmspc, _values(each)) for each in kept)

    def identities(self, tee_type: TeeType) -> tuple[QeFloor, ...]:
        """Return the quoting enclaves that are kept, by rising number."""
        kept = self.contract.functions.kept_identities(tee_type).call()
        return tuple(self._identity(tee_type, _values(each)) for each in kept)

    def known_fmspcs(self) -> tuple[bytes, ...]:
        """Return the FMSPCs of which somebody has brought a TCB info, by the contract's events."""
        logs = events(self.node, self.contract.events.TcbUpdated())
        return tuple(dict.fromkeys(bytes(log["args"]["fmspc"]) for log in logs))

    def documents(self) -> Bundle:
        """Return the documents that accounts have brought, as they stand in their transactions.

        A document that another contract brought is left out, since the transaction may name
        another one. The policy has verified each.
        """
        kinds = self.contract.events.TcbUpdated(), self.contract.events.IdentityUpdated()
        hashes: dict[HexBytes, None] = {}
        for event in kinds:
            hashes |= {log["transactionHash"]: None for log in events(self.node, event)}
        found = []
        for digest in hashes:
            try:
                values = arguments_of(self.contract, digest)
            except ValueError:
                continue
            text, signature = bytes(values["_document"]).decode(), b"".join(values["_signature"])
            found.append(SignedDocument(text, signature))
        return Bundle(documents=tuple(dict.fromkeys(found)))

    def _floor(self, tee_type: TeeType, fmspc: bytes, kept: Iterable[Any]) -> TcbFloor:
        number, issued, until, _, accepted, svns, pce_svn, tdx_svns, modules = kept
        is_tdx = tee_type is TeeType.TDX
        return TcbFloor(
            tee_type=tee_type,
            fmspc=fmspc,
            validity=Validity(number, issued, until),
            svns=bytes(svns) if accepted else b"",
            pce_svn=pce_svn if accepted else 0,
            tdx_svns=bytes(tdx_svns) if accepted and is_tdx else b"",
            modules=tuple((version, svn) for version, svn in map(_values, modules)),
        )

    def _identity(self, tee_type: TeeType, kept: Iterable[Any]) -> QeFloor:
        number, issued, until, _, accepted, signer, product, svn, *bits = kept
        attributes, attributes_mask, misc_select, misc_mask = map(bytes, bits)
        return QeFloor(
            tee_type=tee_type,
            validity=Validity(number, issued, until),
            mr_signer=bytes(signer),
            isv_prod_id=product,
            attributes=attributes,
            attributes_mask=attributes_mask,
            misc_select=misc_select,
            misc_select_mask=misc_mask,
            min_isv_svn=svn if accepted and svn < _NO_LEVEL else None,
        )


def _values(struct: Any) -> tuple[Any, ...]:
    """Return the values of a struct, which web3 returns as a tuple or as a dictionary."""
    return tuple(struct.values()) if isinstance(struct, dict) else tuple(struct)


def check_accepted(names: Iterable[str]) -> frozenset[str]:
    """Return a set of statuses that a deployment may accept.

    Raises:
        ValueError: UpToDate is missing, or only one of the two statuses that are out of date is
            there: a module or quoting enclave that is out of date makes one of the other.
    """
    accepted = frozenset(names)
    pair = {"OutOfDate", "OutOfDateConfigurationNeeded"}
    if UP_TO_DATE not in accepted or len(pair & accepted) == 1:
        raise ValueError(
            f"statuses {sorted(accepted)}, expected {UP_TO_DATE}, and both or none of "
            f"{sorted(pair)}"
        )
    return accepted
