"""Acts of the guardian: each is a call of the registry or of the policy, in words too.

The guardian narrows trust at once and for good. It widens it by a new verifier only, which anybody
may add 14 days after the guardian proposed it.
"""

from dataclasses import dataclass

from web3.contract.contract import Contract, ContractFunction

from offchain.attestation.programs import commit_to_word, measurement
from offchain.attestation.quote import TeeType
from offchain.chain.refusals import Refused
from offchain.protocol.encoding import ZERO_ADDRESS


@dataclass(frozen=True)
class Act:
    """A call of the guardian.

    Args:
        what: it does, in words.
        function: the call.
        anybody: True if any account may send it.
    """

    what: str
    function: ContractFunction
    anybody: bool = False


def propose_verifier(registry: Contract, verifier: str) -> Act:
    """Announce a verifier."""
    what = f"propose verifier {verifier}, which anybody can add in 14 days"
    return Act(what, registry.functions.propose_verifier(verifier))


def add_verifier(registry: Contract, verifier: str) -> Act:
    """Add a proposed verifier once its 14 days are over."""
    what = f"add verifier {verifier}, for new measurements"
    return Act(what, registry.functions.add_verifier(verifier), anybody=True)


def revoke_enclave(registry: Contract, signing_key: str, named: bytes) -> Act:
    """Revoke a signing key under a measurement."""
    what = f"revoke enclave {signing_key} under measurement 0x{named.hex()}, for good"
    return Act(what, registry.functions.revoke_enclave(signing_key, named))


def revoke_platform(registry: Contract, platform: bytes) -> Act:
    """Revoke a machine with every enclave on it."""
    what = f"revoke platform 0x{platform.hex()} with every enclave on it, for good"
    return Act(what, registry.functions.revoke_platform(platform))


def revoke_program(registry: Contract, named: bytes) -> Act:
    """Revoke a program under its verifier."""
    what = f"revoke the program of measurement 0x{named.hex()}, for good"
    return Act(what, registry.functions.revoke_measurement(named))


def revoke_verifier(registry: Contract, verifier: str) -> Act:
    """Revoke a verifier with every enclave that it attested."""
    what = f"revoke verifier {verifier} with every enclave that it attested, for good"
    return Act(what, registry.functions.revoke_verifier(verifier))


def describe(registry: Contract, verifier: str, program: bytes, commit: str, text: str) -> Act:
    """Say which program a measurement is, once and for good.

    Raises:
        ValueError: the commit is no id of Git's.
    """
    named = measurement(verifier, program)
    what = f"describe measurement 0x{named.hex()} as {text!r}, commit {commit}, for good"
    source = commit_to_word(commit)
    return Act(what, registry.functions.describe_measurement(verifier, program, source, text))


def raise_floor(
    policy: Contract, tee: TeeType, fmspc: bytes, svns: bytes, pce_svn: int, tdx_svns: bytes
) -> Act:
    """Raise the least SVNs of a kind of machine."""
    what = f"raise the {tee.name} floor of FMSPC {fmspc.hex()} to {svns.hex()}, PCE {pce_svn}"
    return Act(what, policy.functions.raise_floor(tee, fmspc, svns, pce_svn, tdx_svns))


def raise_module(policy: Contract, fmspc: bytes, version: int, svn: int) -> Act:
    """Raise the least SVN of a TDX module."""
    what = f"raise TDX module {version} of FMSPC {fmspc.hex()} to SVN {svn}"
    return Act(what, policy.functions.raise_module(fmspc, version, svn))


def raise_qe_svn(policy: Contract, tee: TeeType, svn: int) -> Act:
    """Raise the least SVN of the quoting enclave."""
    what = f"raise the {tee.name} quoting enclave to SVN {svn}"
    return Act(what, policy.functions.raise_qe_svn(tee, svn))


def raise_least_numbers(policy: Contract, tcb: int, identity: int) -> Act:
    """Raise the least evaluation numbers of Intel's documents."""
    what = f"raise the least numbers to TCB info {tcb} and identity {identity}"
    return Act(what, policy.functions.raise_least_numbers(tcb, identity))


def transfer(owned: Contract, name: str, to: str) -> Act:
    """Offer the office, in place of any earlier offer; the zero address takes an offer back."""
    what = f"offer the {name} to {to}" if to != ZERO_ADDRESS else f"take the {name}'s offer back"
    return Act(f"{what}, who has to accept", owned.functions.transfer_ownership(to))


def accept(owned: Contract, name: str) -> Act:
    """Accept the office that was offered."""
    return Act(f"accept the {name}", owned.functions.accept_ownership())


def check_sender(act: Act, owned: Contract, sender: str) -> None:
    """Refuse an act that the contract would refuse from this account.

    Raises:
        Refused: another account is the owner, or was offered the office.
    """
    if act.anybody:
        return
    is_accept = act.function.fn_name == "accept_ownership"
    who = owned.functions.pending_owner if is_accept else owned.functions.owner
    expected = who().call()
    if is_accept and expected == ZERO_ADDRESS:
        raise Refused(f"nobody was offered the office: cannot {act.what}")
    if expected != sender:
        raise Refused(
            f"{sender} may not {act.what.split(',')[0]}: expected {expected}. For a Safe, print "
            "the call with --calldata"
        )
