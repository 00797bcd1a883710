# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Reports
@license GNU Affero General Public License v3.0 only
@notice post_report, and the check of signatures that the report of a panel must pass too.
"""

from contracts.modules.common import clock
from contracts.modules.common import errors
from contracts.modules.market import hashes
from contracts.modules.market import pricing
from contracts.modules.market import task_state
from contracts.modules.market import task_terms
from interfaces import IEnclaveRegistry
from interfaces import IModelMarket
from interfaces import Types

uses: hashes
uses: task_state

# ── Immutables ──

# The registry of enclaves, which says who may sign and whom a verdict fines.
REGISTRY: immutable(IEnclaveRegistry)


@deploy
def __init__(_registry: IEnclaveRegistry):
    if not _registry.address.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    REGISTRY = _registry


# ── Layout of encoded signers ──

# Bytes of a signer, after the offset and the number of signers.
_SIGNER: constant(uint256) = 3 * 32
_FIRST_SIGNER: constant(uint256) = 2 * 32

# ── Report ──


@external
def post_report(
    _terms: Types.ReportTerms,
    _other_terms: bytes32,
    _roster: DynArray[Types.RosterEntry, 16],
    _inventory: bytes32,
    _results: bytes32,
    _choices: uint256,
    _awards: uint256[2],
    _cosignatures: DynArray[Types.Cosignature, 3],
) -> bytes32:
    """
    @dev See `IModelMarket.post_report`.
    """
    task_id: bytes32 = hashes._id_of_terms(_other_terms)
    word: uint256 = task_state._word_in_stage(task_id, task_state.CLOSED)
    clock._require_before(_terms.report_deadline)
    if len(_cosignatures) != _terms.quorum:
        errors._revert(errors.WRONG_QUORUM)
    digest: bytes32 = hashes._digest_of_post(
        task_id, task_state.heads[task_id], _inventory, _results, _choices, _awards
    )
    # The bytes that the digest of the roster covers; the registry takes them as they are.
    roster: Bytes[1088] = abi_encode(_roster)
    if keccak256(roster) != _terms.roster:
        errors._revert(errors.WRONG_ROSTER)
    task_terms._check_roster(_roster, _terms.quorum)
    encoded_signers: Bytes[736] = staticcall REGISTRY.check_encoded_quorum(
        digest, _terms.measurement, _terms.min_stake, roster, _cosignatures, []
    )
    payouts: DynArray[uint256, 8] = pricing._payouts_of(
        _terms.curve, _terms.max_awards, _terms.budget, _awards, task_state._commits(word)
    )
    # task_terms.vy bounds the windows.
    claims_open: uint256 = unsafe_add(block.timestamp, _terms.dispute_window)
    claims_close: uint256 = unsafe_add(claims_open, _terms.claim_window)
    task_state.progress_words[task_id] = task_state._with_report(
        word, task_state.REPORTED, claims_open, claims_close, len(payouts)
    )
    task_state.heads[task_id] = hashes._head_of_report(
        _terms.token, payouts, hashes._hash_signed(digest, keccak256(encoded_signers))
    )
    endorsements: DynArray[IModelMarket.Endorsement, 3] = []
    signer: uint256 = _FIRST_SIGNER
    for cosignature: Types.Cosignature in _cosignatures:
        endorsements.append(
            IModelMarket.Endorsement(
                signing_key=extract32(encoded_signers, signer, output_type=address),
                operator=extract32(encoded_signers, unsafe_add(signer, 32), output_type=address),
                platform=cosignature.platform,
                r=cosignature.r,
                vs=cosignature.vs,
            )
        )
        signer = unsafe_add(signer, _SIGNER)
    log IModelMarket.ReportPosted(
        task_id=task_id,
        inventory=_inventory,
        results=_results,
        choices=_choices,
        payouts=payouts,
        signers=endorsements,
    )
    return digest


# ── Views ──


@external
@view
def registry() -> address:
    """
    @dev See `IModelMarket.registry`.
    """
    return REGISTRY.address
