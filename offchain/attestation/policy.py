"""The rules of ``TcbPolicy``: which documents of Intel count, and the trust that follows.

Of each kind (TCB info of an FMSPC and TEE, identity of a TEE) the two newest evaluation numbers
that are not stale are kept. A document is stale from ``grace`` after its next update on. Within one
number, none replaces a newer one. The same rules hold here for documents from files.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from offchain.attestation import certificates
from offchain.attestation.bundle import Bundle, SignedDocument
from offchain.attestation.canonical import walk_identity, walk_tcb_info
from offchain.attestation.certificates import Authority, RevocationList
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.tcb import UP_TO_DATE, Validity
from offchain.attestation.trust import QeFloor, TcbFloor, Trust

DEFAULT_ACCEPTED = frozenset({UP_TO_DATE, "SWHardeningNeeded"})
"""The statuses that a deployment accepts unless its settings say otherwise."""


class _Kept(Protocol):
    @property
    def validity(self) -> Validity: ...


_K = TypeVar("_K", bound=_Kept)


@dataclass(frozen=True)
class Rules:
    """The rules that a deployment fixed for good, and what its guardian raised.

    Args:
        accepted: TCB statuses in Intel's names.
        grace: seconds after a next update for which a document or a list is not stale yet.
        least_tcb: TCB infos of a lower number do not count.
        least_identity: identities of a lower number do not count.
    """

    accepted: frozenset[str] = DEFAULT_ACCEPTED
    grace: int = 0
    least_tcb: int = 0
    least_identity: int = 0


def keep(kept: Iterable[_K], new: _K, rules: Rules, least: int, at: int) -> tuple[_K, ...]:
    """Return what is kept of one kind once a document was brought, by rising number.

    Raises:
        QuoteRejected: the document is of the future, stale, or superseded, or its number is too
            low.
    """
    number = new.validity.number
    if new.validity.issued > at:
        raise QuoteRejected(
            RejectionReason.DOCUMENT_NOT_YET_VALID,
            f"document {number} is of {new.validity.issued}, now is {at}",
        )
    if at > new.validity.next_update + rules.grace:
        raise QuoteRejected(
            RejectionReason.DOCUMENT_STALE,
            f"document {number} was good until {new.validity.next_update} and {rules.grace} "
            f"seconds of grace, now is {at}",
        )
    others = []
    for other in kept:
        if other.validity.number != number:
            others.append(other)
        elif other.validity.issued > new.validity.issued:
            raise QuoteRejected(
                RejectionReason.DOCUMENT_SUPERSEDED,
                f"document {number} is of {new.validity.issued}, kept is one of "
                f"{other.validity.issued}",
            )
    live = [
        each
        for each in others
        if at <= each.validity.next_update + rules.grace and each.validity.number >= least
    ]
    newest = sorted([*live, new], key=lambda each: each.validity.number)[-2:]
    if number < least or new not in newest:
        raise QuoteRejected(
            RejectionReason.DOCUMENT_NUMBER,
            f"document {number}, expected at least {max(least, newest[0].validity.number)}",
        )
    return tuple(newest)


@dataclass(frozen=True)
class Policy:
    """The floors and quoting enclaves that are kept."""

    rules: Rules = Rules()
    floors: tuple[TcbFloor, ...] = ()
    quoting_enclaves: tuple[QeFloor, ...] = ()

    def with_document(self, text: str, at: int) -> "Policy":
        """Return the policy once a signed document was brought.

        Raises:
            QuoteRejected: see `keep`, `walk_tcb_info` and `walk_identity`.
        """
        new = self.read(text)
        if isinstance(new, TcbFloor):
            return self._with_floor(new, at)
        return self._with_enclave(new, at)

    def read(self, text: str) -> TcbFloor | QeFloor:
        """Return what follows from a signed document.

        Raises:
            QuoteRejected: see `walk_tcb_info` and `walk_identity`.
        """
        walk = walk_tcb_info if is_tcb_info(text) else walk_identity
        return walk(text, self.rules.accepted)

    def has(self, value: TcbFloor | QeFloor) -> bool:
        """Return True if a document of this scope, number and time is kept."""
        if isinstance(value, TcbFloor):
            return any(
                (each.fmspc, each.tee_type, each.validity)
                == (value.fmspc, value.tee_type, value.validity)
                for each in self.floors
            )
        return any(
            (each.tee_type, each.validity) == (value.tee_type, value.validity)
            for each in self.quoting_enclaves
        )

    def _with_floor(self, new: TcbFloor, at: int) -> "Policy":
        scope = new.fmspc, new.tee_type
        others = tuple(f for f in self.floors if (f.fmspc, f.tee_type) != scope)
        kept = (f for f in self.floors if (f.fmspc, f.tee_type) == scope)
        found = keep(kept, new, self.rules, self.rules.least_tcb, at)
        return replace(self, floors=others + found)

    def _with_enclave(self, new: QeFloor, at: int) -> "Policy":
        others = tuple(q for q in self.quoting_enclaves if q.tee_type is not new.tee_type)
        kept = (q for q in self.quoting_enclaves if q.tee_type is new.tee_type)
        found = keep(kept, new, self.rules, self.rules.least_identity, at)
        return replace(self, quoting_enclaves=others + found)


def is_tcb_info(text: str) -> bool:
    """Return True for a TCB info, False for anything else, as a first look."""
    return text.startswith(('{"id":"SGX"', '{"id":"TDX"'))


@dataclass(frozen=True)
class Lists:
    """The verified certificates of CAs in a bundle, and the newest revocation list of each."""

    authorities: tuple[Authority, ...] = ()
    newest: dict[bytes, RevocationList] = field(default_factory=dict)
    """By the id of the authority; of the root, by 32 zero bytes."""
    revoked: certificates.Revoked = frozenset()
    """The entries of all lists, older ones too: what was revoked stays so."""


def verified_lists(bundle: Bundle, root_key: bytes, at: int) -> Lists:
    """Verify the revocation lists of a bundle, with the CAs that issued them.

    Raises:
        QuoteRejected: a list is malformed, of the future, or signed by none of the CAs.
    """
    authorities = {}
    for certificate in bundle.certificates:
        try:
            found = certificates.verify_authority(certificate, root_key, at)
        except QuoteRejected:
            continue
        authorities[found.id] = found
    newest: dict[bytes, RevocationList] = {}
    revoked: set[tuple[bytes, int]] = set()
    for crl in bundle.crls:
        for id_, each in _issued(crl, tuple(authorities.values()), root_key, at):
            revoked |= each.revoked
            if id_ not in newest or newest[id_].this_update <= each.this_update:
                newest[id_] = each
    return Lists(tuple(authorities.values()), newest, frozenset(revoked))


def _issued(
    crl: bytes, authorities: tuple[Authority, ...], root_key: bytes, at: int
) -> list[tuple[bytes, RevocationList]]:
    """Return a list for each certificate of its issuer, with the certificate's id."""
    issuers: list[tuple[bytes, bytes, bytes | None]] = [(bytes(32), root_key, None)]
    issuers += [(each.id, each.key, each.subject) for each in authorities]
    found: list[tuple[bytes, RevocationList]] = []
    for id_, key, name in issuers:
        try:
            found.append((id_, certificates.verify_crl(crl, key, at, issuer=name)))
        except QuoteRejected as error:
            if error.reason is not RejectionReason.CRL_SIGNATURE:
                raise
    if not found:
        raise QuoteRejected(
            RejectionReason.CRL_SIGNATURE, f"list is signed by none of {len(issuers)} authorities"
        )
    return found


def verify_document(
    document: SignedDocument, bundle: Bundle, root_key: bytes, at: int, lists: Lists
) -> None:
    """Verify who signed a document; its signer is checked against the root's revocation list.

    Raises:
        QuoteRejected: no certificate of the bundle signed it, its signer is not the root's TCB
            signer, or is revoked.
    """
    signer = bundle.signer_of(document)
    if signer is None:
        raise QuoteRejected(
            RejectionReason.COLLATERAL_SIGNATURE,
            f"document {document.text[:30]!r} is signed by none of "
            f"{len(bundle.certificates)} certificates",
        )
    certificates.verify_tcb_signer(signer, root_key, at, lists.revoked)


def trust_in(bundle: Bundle, root_key: bytes, at: int, rules: Rules = Rules()) -> Trust:
    """Verify a bundle under a root key; return the trust that follows from it at a time.

    Of documents with one number the newest counts. Stale ones are left out, unless no other is
    there.

    Args:
        bundle: Intel's collateral.
        root_key: X‖Y of the root.
        at: Unix seconds.
        rules: of the deployment.

    Raises:
        QuoteRejected: a signature does not verify, a document is not in Intel's layout, or nothing
            but stale documents is there.
    """
    lists = verified_lists(bundle, root_key, at)
    policy, refused = Policy(rules), None
    for document in bundle.documents:
        verify_document(document, bundle, root_key, at, lists)
        try:
            policy = policy.with_document(document.text, at)
        except QuoteRejected as error:
            if error.reason not in _PASSED_OVER:
                raise
            refused = error
    if refused is not None and not policy.floors and not policy.quoting_enclaves:
        raise refused
    return Trust(
        root_key=root_key,
        floors=policy.floors,
        quoting_enclaves=policy.quoting_enclaves,
        lists={id_: each.next_update for id_, each in lists.newest.items()},
        revoked=lists.revoked,
        grace=rules.grace,
        least_tcb=rules.least_tcb,
        least_identity=rules.least_identity,
    )


_PASSED_OVER = {
    RejectionReason.DOCUMENT_STALE,
    RejectionReason.DOCUMENT_SUPERSEDED,
    RejectionReason.DOCUMENT_NUMBER,
}
