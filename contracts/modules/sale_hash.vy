# pragma version 0.4.3
"""
@title The digests of a sale
@license GNU Affero General Public License v3.0 only
@notice docs/SPEC.md, "Hashes"; the enclave computes the same. Each step of a task's head has a tag of its own.
"""

from interfaces import Types

# ── EIP-712 types ──

_TASK_TYPE: constant(bytes32) = keccak256(
    "Task(address provider,address token,uint256 budget,uint256 benchmark_fee,uint256 max_awards,bytes32 benchmark,bytes32 measurement,bytes32 roster,uint256 quorum,uint256 tolerance,uint256 min_stake,bytes32 delivery_key,uint256 max_submissions,uint256 commit_bond,uint256 entry_fee,uint256 commit_deadline,uint256 reveal_deadline,uint256 report_deadline,uint256 dispute_window,uint256 verdict_window,uint256 claim_window,uint256 nonce,uint256[8] curve)"
)
_REPORT_TYPE: constant(bytes32) = keccak256(
    "Report(bytes32 task_id,uint256 round,bytes32 seed,bytes32 inventory,bytes32 results,uint256[8] awards)"
)
# Bytes of the words before the array that ends either struct.
_TASK_HEAD: constant(uint256) = 22 * 32
_REPORT_HEAD: constant(uint256) = 5 * 32

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


# ── EIP-712 struct hashes: an array is hashed by itself, as the standard says ──


@internal
@pure
def _task(_task: Types.Task) -> bytes32:
    encoded: Bytes[960] = abi_encode(_task)
    return keccak256(
        concat(
            _TASK_TYPE,
            slice(encoded, 0, _TASK_HEAD),
            keccak256(slice(encoded, _TASK_HEAD, 256)),
        )
    )


@internal
@pure
def _report(_report: Types.Report) -> bytes32:
    encoded: Bytes[416] = abi_encode(_report)
    return keccak256(
        concat(
            _REPORT_TYPE,
            slice(encoded, 0, _REPORT_HEAD),
            keccak256(slice(encoded, _REPORT_HEAD, 256)),
        )
    )


# ── Submissions ──


@internal
@pure
def _submission(_submission: Types.Submission) -> bytes32:
    return keccak256(abi_encode(_SUBMISSION, _submission))


@internal
@view
def _commitment(
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
def _committed(_commitment: bytes32) -> bytes32:
    """
    @dev What stands for a commitment until its reveal: its hash, since a developer may commit any word, and a leaf
         committed as such would pass for revealed.
    """
    return keccak256(_commitment)


@internal
@pure
def _payload(
    _model_digest: bytes32, _artifact_digest: bytes32, _keyring_digest: bytes32
) -> bytes32:
    return keccak256(abi_encode(_PAYLOAD, _model_digest, _artifact_digest, _keyring_digest))


@internal
@pure
def _leaf(
    _task_id: bytes32,
    _index: uint256,
    _developer: address,
    _envelope_digest: bytes32,
    _min_price: uint256,
    _payload: bytes32,
) -> bytes32:
    """
    @dev So arranged that a claim opens it with little calldata.
    """
    return keccak256(
        abi_encode(_LEAF, _task_id, _index, _developer, _envelope_digest, _min_price, _payload)
    )


# ── The head, step by step ──


@internal
@pure
def _after_reveal(_head: bytes32, _leaf: bytes32, _salt: bytes32) -> bytes32:
    return keccak256(abi_encode(_REVEAL, _head, _leaf, _salt))


@internal
@pure
def _seed(_head: bytes32, _prevrandao: bytes32, _parent_hash: bytes32) -> bytes32:
    return keccak256(abi_encode(_SEED, _head, _prevrandao, _parent_hash))


@internal
@pure
def _signed(_report_digest: bytes32, _signers: DynArray[Types.Signer, 7]) -> bytes32:
    return keccak256(abi_encode(_SIGNED, _report_digest, keccak256(abi_encode(_signers))))


@internal
@pure
def _after_report(_token: address, _payouts: DynArray[uint256, 8], _signed: bytes32) -> bytes32:
    """
    @dev So arranged that a claim opens it without the task, the report or the signers.
    """
    return keccak256(abi_encode(_REPORT, _token, keccak256(abi_encode(_payouts)), _signed))


@internal
@pure
def _after_dispute(_head: bytes32, _challenger: address) -> bytes32:
    return keccak256(abi_encode(_DISPUTE, _head, _challenger))
