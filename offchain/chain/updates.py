"""Updates: what a deployment lacks of Intel's collateral, and the calls that bring it.

Nothing is sent that the contracts have already, or would refuse. So a plan can be made and carried
out again at any time.
"""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace

from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError
from web3.types import TxReceipt

from offchain.attestation.bundle import Bundle, SignedDocument
from offchain.attestation.certificates import Authority
from offchain.attestation.evidence import (
    BY_ROOT,
    AuthorityRecord,
    certificate_bytes,
    crl_bytes,
)
from offchain.attestation.policy import (
    Lists,
    Policy,
    is_tcb_info,
    verified_lists,
    verify_document,
)
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import QuoteRejected
from offchain.attestation.trust import TcbFloor
from offchain.attestation.x509 import read_certificate
from offchain.chain.transactions import Sender
from offchain.chain.verifier import ROOT, Verifier

PIECE = 400
"""Entries of a revocation list that one transaction applies: about 12 million gas."""


@dataclass(frozen=True)
class Step:
    """A call that brings something that the contracts lack."""

    what: str
    call: ContractFunction
    size: int
    """Bytes of its calldata, about."""
    entries: int = 0
    """Entries of a revocation list that it applies."""
    is_done: Callable[[], bool] = lambda: False
    """Return True if somebody else has done it meanwhile."""

    def gas(self, sender: str) -> int:
        """Return the gas that the call needs, about.

        A call that needs an earlier one of the plan cannot be simulated yet. It is then estimated
        from its size.
        """
        try:
            return int(self.call.estimate_gas({"from": sender}))
        except ContractLogicError:
            return 150_000 + 110 * self.size + 29_000 * self.entries


@dataclass(frozen=True)
class Plan:
    """The calls that are needed, in their order, and what was left out and why."""

    steps: tuple[Step, ...]
    left_out: tuple[str, ...]


def make_plan(verifier: Verifier, bundle: Bundle, at: int) -> Plan:
    """Compare a bundle with what the contracts hold.

    Args:
        verifier: the contract, with its policy.
        bundle: Intel's collateral.
        at: time of the chain, in Unix seconds.

    Raises:
        QuoteRejected: a signature of the bundle does not verify, or a document is not in Intel's
            layout: a part that is not Intel's may hide what is missing.
    """
    lists = verified_lists(bundle, verifier.root_key, at)
    for document in bundle.documents:
        verify_document(document, bundle, verifier.root_key, at, lists)
    left_out: list[str] = []
    steps = [
        *_lists(verifier, bundle, lists, left_out),
        *_documents(verifier, bundle, at, left_out),
    ]
    return Plan(tuple(steps), tuple(left_out))


def carry_out(plan: Plan, sender: Sender) -> Iterator[tuple[Step, int]]:
    """Send the calls of a plan; yield each with the gas that it used.

    Raises:
        ValueError: the contract refuses a call, with its reason.
    """
    for step in plan.steps:
        if not step.is_done():
            yield step, send(sender, step.call)["gasUsed"]


def send(sender: Sender, call: ContractFunction) -> TxReceipt:
    """Send a call.

    Raises:
        ValueError: the contract refuses it, with its reason.
    """
    try:
        return sender.send(call)
    except ContractLogicError as error:
        raise ValueError(f"the contract refuses {call.fn_name}: {error}") from error


def _lists(verifier: Verifier, bundle: Bundle, lists: Lists, left_out: list[str]) -> Iterator[Step]:
    """Yield the steps for CAs and revocation lists, the root's list first."""
    add = verifier.contract.functions
    yield from _list(verifier, lists, ROOT, astuple(BY_ROOT), "the root", left_out)
    records = _authorities(bundle, lists.authorities, verifier.root_key)
    for record, encoded, name in records:
        if verifier.knows_authority(record):
            left_out.append(f"CA {name}: known")
        else:
            yield Step(f"CA {name}", add.add_ca(encoded), len(encoded))
        yield from _list(verifier, lists, record.id, astuple(record), name, left_out)


def _list(
    verifier: Verifier,
    lists: Lists,
    authority: bytes,
    record: tuple[object, ...],
    name: str,
    left_out: list[str],
) -> Iterator[Step]:
    newest = lists.newest.get(authority)
    if newest is None:
        left_out.append(f"revocation list of {name}: not in the collateral")
        return
    if verifier.this_update(authority) >= newest.this_update:
        left_out.append(f"revocation list of {name}: known")
        return
    this_update = newest.this_update

    def is_done() -> bool:
        return verifier.this_update(authority) >= this_update

    encoded, left = crl_bytes(newest.der), len(newest.serials)
    while True:
        count = min(left, PIECE)
        yield Step(
            f"revocation list of {name}, {count} of {len(newest.serials)} entries",
            verifier.contract.functions.add_crl(record, encoded, PIECE),
            len(encoded),
            count,
            is_done,
        )
        left -= count
        if left <= 0:
            return


def _authorities(
    bundle: Bundle, authorities: tuple[Authority, ...], root_key: bytes
) -> Iterator[tuple[AuthorityRecord, bytes, str]]:
    """Yield record, encoding and name of each verified CA."""
    wanted = {each.id for each in authorities}
    for certificate in bundle.certificates:
        fields = read_certificate(certificate)
        record = AuthorityRecord.of(fields, root_key)
        if record.id in wanted and fields.subject != fields.issuer:
            yield record, certificate_bytes(fields), certificate.subject.rfc4514_string()


def _documents(verifier: Verifier, bundle: Bundle, at: int, left_out: list[str]) -> Iterator[Step]:
    """Yield the steps for documents: of each kind the newest first, so that none is in vain."""
    policy = Policy(verifier.policy.rules())
    walked = [(policy.read(document.text), document) for document in bundle.documents]
    for tee_type in TeeType:
        policy = replace(
            policy,
            quoting_enclaves=policy.quoting_enclaves + verifier.policy.identities(tee_type),
        )
    scopes = {(each.tee_type, each.fmspc) for each, _ in walked if isinstance(each, TcbFloor)}
    for tee_type, fmspc in sorted(scopes):
        policy = replace(policy, floors=policy.floors + verifier.policy.floors(tee_type, fmspc))
    walked.sort(key=lambda each: (each[0].validity.number, each[0].validity.issued), reverse=True)
    for value, document in walked:
        name = _name(document, value.tee_type.name, value.validity.number)
        if policy.has(value):
            left_out.append(f"{name}: known")
            continue
        try:
            policy = policy.with_document(document.text, at)
        except QuoteRejected as error:
            left_out.append(f"{name}: {error}")
            continue
        signer = bundle.signer_of(document)
        if signer is None:
            raise ValueError(f"{name}: nobody signed it")
        encoded = certificate_bytes(read_certificate(signer))
        text = document.text.encode()
        signature = document.signature[:32], document.signature[32:]
        functions = verifier.policy.contract.functions
        method = functions.update_tcb if is_tcb_info(document.text) else functions.update_identity
        yield Step(name, method(text, signature, encoded), len(text) + len(encoded))


def _name(document: SignedDocument, tee: str, number: int) -> str:
    content = document.content
    of = f" of FMSPC {content['fmspc'].lower()}" if "fmspc" in content else ""
    kind = "TCB info" if of else "QE identity"
    return f"{tee} {kind} {number}{of}, issued {content['issueDate'][:10]}"
