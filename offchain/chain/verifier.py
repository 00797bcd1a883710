"""The state of a DCAP verifier and its policy: with it, the verifier in Python decides alike.

It is read anew for each quote, because any account may bring documents and revocation lists.
"""

from functools import cached_property

from offchain.attestation.certificates import Revoked, certificate_id
from offchain.attestation.evidence import REVOKED, AuthorityRecord, Chain, Known
from offchain.attestation.quote import Quote
from offchain.attestation.trust import Trust
from offchain.attestation.x509 import load_chain, read_certificate
from offchain.chain.node import Node, abi, events
from offchain.chain.policy import PolicyContract

ROOT = bytes(32)
"""The id of the root, among those of authorities."""


class Verifier:
    """A `DcapVerifier` on a node."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.contract = node.web3.eth.contract(
            address=node.web3.to_checksum_address(address), abi=abi("IDcapVerifier")
        )

    @cached_property
    def root_key(self) -> bytes:
        """The root's public key, X‖Y in 64 bytes; it never changes."""
        return b"".join(self.contract.functions.root().call())

    @cached_property
    def policy(self) -> PolicyContract:
        """The policy that it asks about each quote; it never changes."""
        return PolicyContract(self.node, self.contract.functions.policy().call())

    def known(self, chain: Chain) -> Known:
        """Return which of a machine's certificates the contract has verified before."""
        return chain.known_by(self.stored)

    def trust(self, quote: Quote) -> Trust:
        """Return the part of the contracts' trust that concerns a quote's machine.

        Raises:
            QuoteRejected: the quote's certificates are malformed.
        """
        chain = Chain.of(quote, self.root_key)
        fmspc = chain.pck_record.fmspc.to_bytes(6, "big")
        rules = self.policy.rules()
        authorities = (ROOT, chain.authority_record.id)
        return Trust(
            root_key=self.root_key,
            floors=self.policy.floors(quote.tee_type, fmspc),
            quoting_enclaves=self.policy.identities(quote.tee_type),
            lists={each: self.next_update(each) for each in authorities},
            revoked=self._revoked(quote),
            grace=rules.grace,
            least_tcb=rules.least_tcb,
            least_identity=rules.least_identity,
        )

    def knows_authority(self, record: AuthorityRecord) -> bool:
        """Return True if the contract has admitted the certificate of an intermediate CA."""
        return self.stored(record.id) == record.digest

    def this_update(self, authority: bytes) -> int:
        """Return the time of an authority's newest revocation list that is wholly in, or 0."""
        return int(self.contract.functions.crl_updated(authority).call())

    def next_update(self, authority: bytes) -> int:
        """Return the next update of that list, or 0."""
        return int(self.contract.functions.crl_next_update(authority).call())

    def authorities(self) -> dict[str, bytes]:
        """Return the ids of the intermediate CAs that were admitted, by their names in hex."""
        logs = events(self.node, self.contract.events.AuthorityAdded())
        ids = [bytes(log["args"]["authority"]["id"]) for log in logs]
        return {f"CA 0x{each.hex()}": each for each in ids}

    def stored(self, certificate: bytes) -> bytes:
        """Return the word that the contract keeps of a certificate, by its id."""
        stored: bytes = self.contract.functions.certificate(certificate).call()
        return stored

    def _revoked(self, quote: Quote) -> Revoked:
        """Return the quote's certificates that are revoked, as issuer's key and serial number."""
        pck, authority = map(read_certificate, load_chain(quote.pck_chain)[:2])
        issued = (self.root_key, authority.serial), (authority.key, pck.serial)
        return frozenset(each for each in issued if self.stored(certificate_id(*each)) == REVOKED)
