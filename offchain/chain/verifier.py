"""The state of a DCAP verifier on the chain: with it, the verifier in Python decides alike.

It is read anew for each quote, because its owner moves TCB floors and any account may submit
revocation lists.
"""

from functools import cached_property

from web3.exceptions import ContractLogicError

from offchain.attestation.certificates import Revoked, certificate_id
from offchain.attestation.evidence import REVOKED, Chain, Known
from offchain.attestation.quote import Quote, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import QeIdentity, TcbFloor, Trust
from offchain.attestation.x509 import load_chain, read_certificate
from offchain.chain.node import Node, abi


class Verifier:
    """A `DcapVerifier` on a node."""

    def __init__(self, node: Node, address: str) -> None:
        self.contract = node.web3.eth.contract(
            address=node.web3.to_checksum_address(address), abi=abi("IDcapVerifier")
        )

    @cached_property
    def root_key(self) -> bytes:
        """The root's public key, X‖Y in 64 bytes; it never changes."""
        return b"".join(self.contract.functions.root().call())

    def known(self, chain: Chain) -> Known:
        """Return which of a machine's certificates the contract has verified before."""
        return chain.known_by(self._stored)

    def trust(self, quote: Quote) -> Trust:
        """Return the part of the contract's trust that concerns a quote's machine.

        Raises:
            QuoteRejected: the quote's certificates are malformed.
        """
        fmspc = Chain.of(quote, self.root_key).pck_record.fmspc.to_bytes(6, "big")
        scopes = [(TeeType.SGX, 0)]
        if quote.tee_type is TeeType.TDX:
            scopes.append((TeeType.TDX, quote.body.encode()[1]))
        return Trust(
            root_key=self.root_key,
            floors=tuple(floor for scope in scopes for floor in self._floor(fmspc, *scope)),
            revoked=self._revoked(quote),
            quoting_enclaves={quote.tee_type: self._quoting_enclave(quote.tee_type)},
        )

    def _stored(self, certificate: bytes) -> bytes:
        stored: bytes = self.contract.functions.certificate(certificate).call()
        return stored

    def _floor(self, fmspc: bytes, tee_type: TeeType, module: int) -> tuple[TcbFloor, ...]:
        """Return the floor in a tuple, or an empty tuple when the contract has none."""
        try:
            floor = self.contract.functions.tcb_floor(fmspc, tee_type, module).call()
        except ContractLogicError as error:
            if RejectionReason.TCB_UNKNOWN not in str(error):
                raise
            return ()
        return (TcbFloor(floor[0], TeeType(floor[1]), *floor[2:]),)

    def _quoting_enclave(self, tee_type: TeeType) -> QeIdentity:
        return QeIdentity(*self.contract.functions.qe_identity(tee_type).call())

    def _revoked(self, quote: Quote) -> Revoked:
        """Return the quote's certificates that are revoked, as issuer's key and serial number."""
        pck, authority = map(read_certificate, load_chain(quote.pck_chain)[:2])
        issued = (self.root_key, authority.serial), (authority.key, pck.serial)
        return frozenset(each for each in issued if self._stored(certificate_id(*each)) == REVOKED)
