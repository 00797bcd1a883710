"""A DCAP verifier on the chain, and what it trusts: Python's verifier then says what it would say.

Asked anew each time: its owner moves floors, and anybody submits revocation lists.
"""

from functools import cached_property

from web3.exceptions import ContractLogicError

from offchain.attestation.certificates import Revoked
from offchain.attestation.evidence import REVOKED, Chain, Known, certificate_id
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
        """X‖Y of the root, which never changes."""
        return b"".join(self.contract.functions.root().call())

    def known(self, chain: Chain) -> Known:
        """What it has kept of a machine's certificates."""
        return chain.known_by(self._kept)

    def trust(self, quote: Quote) -> Trust:
        """What it trusts, as far as a quote's machine is concerned.

        Raises:
            RejectedError: the quote's certificates are malformed.
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

    def _kept(self, certificate: bytes) -> bytes:
        kept: bytes = self.contract.functions.certificate(certificate).call()
        return kept

    def _floor(self, fmspc: bytes, tee_type: TeeType, module: int) -> tuple[TcbFloor, ...]:
        """One, or none."""
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
        """Those of the quote's certificates that are revoked."""
        pck, authority = map(read_certificate, load_chain(quote.pck_chain)[:2])
        issued = (self.root_key, authority.serial), (authority.key, pck.serial)
        return frozenset(each for each in issued if self._kept(certificate_id(*each)) == REVOKED)
