# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The digests of a sale
@license GNU Affero General Public License v3.0 only
@notice docs/SPEC.md, "Hashes". Enclaves compute the same digests off-chain. Each step of a task's head has its own
        tag, so that no digest can stand for one of another step.
"""

from snekmate.utils import eip712_domain_separator as eip712

from interfaces import Types

uses: eip712

# ── EIP-712 types ──

_TASK_TYPE: constant(bytes32) = keccak256(
    "Task(ReportTerms report_terms,OtherTerms other_terms)OtherTerms(address provider,uint256 benchmark_fee,bytes32 benchmark,uint256 tolerance,bytes32 delivery_key,uint256 max_submissions,uint256 commit_bond,uint256 entry_fee,uint256 commit_deadline,uint256 reveal_deadline,uint256 verdict_window,uint256 nonce)ReportTerms(address token,uint256 budget,uint256 max_awards,bytes32 measurement,bytes32 roster,uint256 quorum,uint256 min_stake,uint256 report_deadline,uint256 dispute_window,uint256 claim_window,uint256[4] curve)"
)
_REPORT_TERMS_TYPE: constant(bytes32) = keccak256(
    "ReportTerms(address token,uint256 budget,uint256 max_awards,bytes32 measurement,bytes32 roster,uint256 quorum,uint256 min_stake,uint256 report_deadline,uint256 dispute_window,uint256 claim_window,uint256[4] curve)"
)
_OTHER_TERMS_TYPE: constant(bytes32) = keccak256(
    "OtherTerms(address provider,uint256 benchmark_fee,bytes32 benchmark,uint256 tolerance,bytes32 delivery_key,uint256 max_submissions,uint256 commit_bond,uint256 entry_fee,uint256 commit_deadline,uint256 reveal_deadline,uint256 verdict_window,uint256 nonce)"
)
_REPORT_TYPE: constant(bytes32) = keccak256(
    "Report(bytes32 task_id,uint256 round,bytes32 seed,bytes32 inventory,bytes32 results,uint256 choices,uint256[2] awards)"
)

# ── Places in the calldata ──

# After the selector.
_FIRST_ARGUMENT: constant(uint256) = 4
# Bytes of the parts of a task.
_CURVE: constant(uint256) = 4 * 32
_REPORT_TERMS: constant(uint256) = 10 * 32 + _CURVE
_OTHER_TERMS: constant(uint256) = 12 * 32
# Bytes of a report: what the market knows before it (task, round and seed), what the enclaves found, and the awards.
_KNOWN: constant(uint256) = 3 * 32
_FOUND: constant(uint256) = 3 * 32
_AWARDS: constant(uint256) = 2 * 32
# Of `resolve_dispute`: after the task and the offset of the roster.
THIRD_OF_RESOLVE: constant(uint256) = _FIRST_ARGUMENT + _REPORT_TERMS + _OTHER_TERMS + 32
# Of `resolve_dispute`: after the first report, the offset of the signers and the challenger.
SIXTH_OF_RESOLVE: constant(uint256) = THIRD_OF_RESOLVE + _KNOWN + _FOUND + _AWARDS + 2 * 32

# ── Tags ──

_SUBMISSION: constant(bytes32) = keccak256("GoldenGrain/SUBMISSION")
_COMMIT: constant(bytes32) = keccak256("GoldenGrain/COMMIT")
_PAYLOAD: constant(bytes32) = keccak256("GoldenGrain/PAYLOAD")
_LEAF: constant(bytes32) = keccak256("GoldenGrain/LEAF")
_REVEAL: constant(bytes32) = keccak256("GoldenGrain/REVEAL")
_SEED: constant(bytes32) = keccak256("GoldenGrain/SEED")
_SIGNED: constant(bytes32) = keccak256("GoldenGrain/SIGNED")
_REPORT: constant(bytes32) = keccak256("GoldenGrain/REPORT")
_DISPUTE: constant(bytes32) = keccak256("GoldenGrain/DISPUTE")


# ── Views ──


@external
@view
def task_id(_task: Types.Task) -> bytes32:
    """
    @dev See `IModelMarket.task_id`.
    """
    return self._id_of_first_argument()


@external
@view
def other_terms(_task: Types.Task) -> bytes32:
    """
    @dev See `IModelMarket.other_terms`.
    """
    return self._other_terms_of_first_argument()


@external
@view
def report_digest(_report: Types.Report) -> bytes32:
    """
    @dev See `IModelMarket.report_digest`.
    """
    return self._digest_of_report_at(_FIRST_ARGUMENT)


# ── EIP-712 ──
#
# Calldata holds the words of a static struct as EIP-712 encodes them, so these digests are computed from there. Vyper
# has checked the arguments before: a word that is no valid address has reverted.


@internal
@view
def _id_of_first_argument() -> bytes32:
    """
    @dev Return the id of the task that is the first argument of the external call.
    """
    return self._id_of_terms(self._other_terms_of_first_argument())


@internal
@view
def _id_of_terms(_other_terms: bytes32) -> bytes32:
    """
    @dev Return the id of the task whose report terms are the first argument of the external call.
    @param _other_terms The hash of its other terms.
    """
    report_terms: bytes32 = keccak256(
        concat(
            _REPORT_TERMS_TYPE,
            slice(msg.data, _FIRST_ARGUMENT, _REPORT_TERMS - _CURVE),
            # EIP-712 replaces an array in a struct by the hash of its elements.
            keccak256(slice(msg.data, _FIRST_ARGUMENT + _REPORT_TERMS - _CURVE, _CURVE)),
        )
    )
    return eip712._hash_typed_data_v4(keccak256(abi_encode(_TASK_TYPE, report_terms, _other_terms)))


@internal
@view
def _other_terms_of_first_argument() -> bytes32:
    return keccak256(
        concat(_OTHER_TERMS_TYPE, slice(msg.data, _FIRST_ARGUMENT + _REPORT_TERMS, _OTHER_TERMS))
    )


@internal
@view
def _digest_of_report_at(_start: uint256) -> bytes32:
    """
    @dev Return the digest of the report that is an argument of the external call.
    @param _start The byte of the calldata where the report begins, which follows from the ABI of the function.
    """
    return eip712._hash_typed_data_v4(
        keccak256(
            concat(
                _REPORT_TYPE,
                slice(msg.data, _start, _KNOWN + _FOUND),
                keccak256(slice(msg.data, unsafe_add(_start, _KNOWN + _FOUND), _AWARDS)),
            )
        )
    )


@internal
@view
def _digest_of_post(
    _task_id: bytes32,
    _seed: bytes32,
    _inventory: bytes32,
    _results: bytes32,
    _choices: uint256,
    _awards: uint256[2],
) -> bytes32:
    """
    @dev Return the digest of a report of round 0.
    """
    return eip712._hash_typed_data_v4(
        keccak256(
            abi_encode(
                _REPORT_TYPE,
                _task_id,
                empty(bytes32),
                _seed,
                _inventory,
                _results,
                _choices,
                keccak256(abi_encode(_awards)),
            )
        )
    )


# ── Submissions ──


@internal
@pure
def _hash_submission(_submission: Types.Submission) -> bytes32:
    return keccak256(abi_encode(_SUBMISSION, _submission))


@internal
@view
def _compute_commitment(
    _task_id: bytes32,
    _developer: address,
    _submission_digest: bytes32,
    _salt: bytes32,
) -> bytes32:
    return keccak256(
        abi_encode(
            _COMMIT,
            chain.id,
            self,
            _task_id,
            _developer,
            _submission_digest,
            _salt,
        )
    )


@internal
@pure
def _hash_commitment(_commitment: bytes32) -> bytes32:
    """
    @dev The market keeps this hash of a commitment until its reveal, never the commitment itself. A developer may
         commit any word, so an attacker could commit a forged leaf, which would then pass for a revealed submission.
    """
    return keccak256(_commitment)


@internal
@pure
def _hash_payload(
    _model_digest: bytes32, _artifact_digest: bytes32, _keyring_digest: bytes32
) -> bytes32:
    return keccak256(abi_encode(_PAYLOAD, _model_digest, _artifact_digest, _keyring_digest))


@internal
@pure
def _hash_leaf(
    _task_id: bytes32,
    _index: uint256,
    _developer: address,
    _envelope_digest: bytes32,
    _min_price: uint256,
    _payload: bytes32,
) -> bytes32:
    """
    @dev The order and nesting of the parts let a claim prove a leaf with little calldata.
    """
    return keccak256(
        abi_encode(_LEAF, _task_id, _index, _developer, _envelope_digest, _min_price, _payload)
    )


# ── The head, step by step ──


@internal
@pure
def _head_after_reveal(_head: bytes32, _leaf: bytes32, _salt: bytes32) -> bytes32:
    return keccak256(abi_encode(_REVEAL, _head, _leaf, _salt))


@internal
@pure
def _compute_seed(_head: bytes32, _prevrandao: bytes32, _parent_hash: bytes32) -> bytes32:
    return keccak256(abi_encode(_SEED, _head, _prevrandao, _parent_hash))


@internal
@pure
def _hash_signed(_report_digest: bytes32, _signers_digest: bytes32) -> bytes32:
    """
    @param _signers_digest `keccak256(abi_encode(signers))`.
    """
    return keccak256(abi_encode(_SIGNED, _report_digest, _signers_digest))


@internal
@pure
def _head_of_report(_token: address, _payouts: DynArray[uint256, 8], _signed: bytes32) -> bytes32:
    """
    @dev A claim can prove this head without the task, the report or the signers.
    """
    return keccak256(abi_encode(_REPORT, _token, keccak256(abi_encode(_payouts)), _signed))


@internal
@pure
def _head_of_dispute(_head: bytes32, _challenger: address) -> bytes32:
    return keccak256(abi_encode(_DISPUTE, _head, _challenger))
