"""Remedies for the reasons of the contracts' reverts.

The interfaces (``interfaces/*.vyi``) say for each function what a reason means.
"""

import re

from web3.exceptions import ContractLogicError

from offchain.protocol.errors import GoldenGrainError


class Refused(GoldenGrainError, ValueError):
    """A command does not do what it was asked for; the message says why, and what to do."""


REMEDIES = {
    # Common
    "no platform": "register an enclave first: `golden-grain register`",
    "bad address": "name an account or a contract of this chain",
    "zero amount": "send more than nothing",
    "not a contract": "there is no code at that address: check it against the address book",
    "too early": "wait for the time that `golden-grain status` shows",
    "too late": "the deadline is over: `golden-grain status` shows what is left",
    "nothing owed": "this account has no credit in that token; somebody may have paid it already",
    "payment failed": "the account refuses ether, or the token refuses the transfer: name another",
    "bad key": "a delivery or sealing key must be a public X25519 key: make a new one",
    # Terms of a task
    "not the provider": "send from the account that the task names as its provider",
    "task exists": "this very task was created before: `golden-grain status` shows it",
    "bad budget": "budget and fee must be below 2**128 units of the token",
    "bad curve": "scores and prices of the curve must rise, and end at the budget or below it",
    "bad award count": "1 to 8 awards",
    "bad benchmark": "the digest of the manifest is missing",
    "bad measurement": "the measurement of the enclaves' program is missing",
    "bad roster": "at least 3 * quorum + 1 enclaves, by rising signing key",
    "bad quorum": "a quorum of 1, 2 or 3",
    "bad tolerance": "a tolerance from the market's least to 1,000,000 ppm",
    "bad stake": "the stakes of a quorum must cover the bond of a dispute: raise min_stake",
    "bad submission count": "1 to 1,048,575 submissions",
    "bad bond": "the bond in whole gwei, below 2**48 gwei",
    "bad entry fee": "the entry fee in whole gwei, below 2**48 gwei",
    "bad deadline": "commit within 30 days from now, reveal and report 6 hours to 7 days after "
    "the deadline before: the transaction may have waited too long",
    "bad window": "windows of 1 to 7 days",
    "wrong value": "the ether sent is not exact: the command read other terms than the contract",
    "bad token": "no token at that address, no allowance, too little balance, or a token that "
    "takes a fee of each transfer",
    # Sale
    "wrong stage": "another call came first: `golden-grain status` shows the task's stage",
    "task full": "the task has as many submissions as it allows",
    "wrong commitment": "not what this account committed at that index, or revealed already",
    "nothing revealed": "nobody revealed: `golden-grain void` ends the task",
    "wrong task": "the report is of another task",
    "wrong round": "a verdict has round 1",
    "wrong seed": "the report is of another seed",
    "wrong inventory": "a panel measures the inventory of the posted report",
    "wrong roster": "the roster is not the task's: read documents.json again",
    "wrong quorum": "one signature for each seat, no more and no fewer",
    "bad awards": "the awards break the task's order, count or budget",
    "wrong sale": "not what the contract has on record: another call came first",
    "wrong submission": "not a revealed submission of this account, or its share is claimed",
    "no such award": "the report has fewer awards",
    "already claimed": "this award was paid before",
    "below min price": "the price is below the one that this submission asked for",
    "bad gas": "a deployment needs gas limits above zero",
    "too little gas": "send again with a higher gas limit (docs/INTEGRATING.md)",
    # Registry
    "no stake": "stake first: `golden-grain stake`",
    "too much stake": "a stake below 2**128 wei",
    "unbonding": "the stake is asked back: wait until it can be taken, or stake anew",
    "not unbonding": "ask for the stake first: `golden-grain unstake`",
    "verifier not approved": "the registry does not accept this verifier (now)",
    "verifier known": "the verifier was proposed before",
    "not proposed": "propose the verifier first, and wait for the delay",
    "already revoked": "nothing is left to do",
    "stale block": "the quote is bound to a block that is too old: ask for a new one",
    "expired": "the registration is over: register again",
    "platform taken": "another operator holds this machine until its registration expires",
    "key taken": "another enclave has these keys: restart yours, which makes new ones",
    "market known": "the registry has its market",
    "market unknown": "the deployment is not finished",
    "not the market": "only the market may call this",
    "bad description": "a source commit and a text are needed",
    "already described": "a description can be given once",
    "condemned": "the operator signed two reports: its stake is lost",
    "not condemned": "the operator has not been convicted",
    # Signers
    "bad signature": "a signature is malformed, or out of order",
    "not in roster": "a signer is not in the task's roster, or signed another task, round or seed",
    "enclave unknown": "a signer is not registered: `golden-grain register`",
    "enclave expired": "a signer's registration is over: it has to register again",
    "enclave revoked": "the guardian revoked a signer: others of the roster have to sign",
    "platform revoked": "the guardian revoked a signer's machine: others have to sign",
    "measurement revoked": "the guardian revoked the program: only `golden-grain void` is left",
    "verifier revoked": "the guardian revoked the verifier: only `golden-grain void` is left",
    "operator inactive": "a signer's operator asked for its stake back",
    "too little stake": "a signer's operator has less stake than the task demands",
    "operator twice": "two signers have the same operator",
    "operator excluded": "a panel has no operator that signed the report",
    # Equivocation
    "different runs": "the two reports are of different runs",
    "no contradiction": "the two reports do not contradict one another",
    "different signers": "the two reports were signed by different keys",
    # Adapters
    "wrong request": "the adapter was not asked about this agent and submission",
    "not the agent's owner": "the agent's owner is not the developer of the submission",
    "wrong developer": "the award is of another developer",
    "score too low": "the score is below the one that was asked for",
}
"""For each revert reason of market, registry and adapters, what to do about it."""


def reason_of(error: ContractLogicError) -> str:
    """Return the contract's reason of a revert, or the node's words where it has none."""
    words = str(error.message or error.args[0] if error.args else error)
    return re.sub(r"^execution reverted(: )?", "", words).strip() or "reverted without a reason"


def in_words(error: ContractLogicError) -> str:
    """Return a revert as a sentence for people, with what to do about it."""
    reason = reason_of(error)
    remedy = REMEDIES.get(reason)
    return f"the contract refuses: {reason}" + (f" ({remedy})" if remedy else "")
