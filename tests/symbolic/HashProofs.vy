# pragma version 0.4.3
"""
@title Properties of hashes: no commitment, leaf or signature serves in another place
@license GNU Affero General Public License v3.0 only
@dev halmos takes keccak256 for a function without collisions.
"""

from snekmate.utils import eip712_domain_separator as eip712

from contracts.modules.market import hashes
from interfaces import Types
from tests.symbolic import proofs

initializes: eip712
initializes: hashes[eip712 := eip712]


@deploy
def __init__():
    eip712.__init__("GoldenGrain", "1")


# ── A commitment is for one task, developer, submission and salt ──


@external
@view
def check_a_commitment_binds(_a: bytes32[4], _b: bytes32[4], _from: address, _other: address):
    first: bytes32 = hashes._compute_commitment(_a[0], _from, _a[1], _a[2])
    second: bytes32 = hashes._compute_commitment(_b[0], _other, _b[1], _b[2])
    if first == second:
        proofs._prove(_a[0] == _b[0] and _from == _other and _a[1] == _b[1] and _a[2] == _b[2])


@external
@view
def twin_a_commitment_binds(_a: bytes32[4], _b: bytes32[4], _from: address, _other: address):
    first: bytes32 = hashes._compute_commitment(_a[0], _from, _a[1], _a[2])
    second: bytes32 = hashes._compute_commitment(_b[0], _other, _b[1], _b[2])
    if first == second:
        proofs._prove(_a[0] == _b[0] and _from == _other and _a[3] == _b[3])


# ── A commitment as it is kept is no leaf ──


@external
@pure
def check_a_commitment_is_no_leaf(
    _word: bytes32, _parts: bytes32[4], _index: uint256, _from: address
):
    leaf: bytes32 = hashes._hash_leaf(_parts[0], _index, _from, _parts[1], _index, _parts[2])
    proofs._prove(hashes._hash_commitment(_word) != leaf)


@external
@pure
def twin_a_commitment_is_no_leaf(
    _word: bytes32, _parts: bytes32[4], _index: uint256, _from: address
):
    leaf: bytes32 = hashes._hash_leaf(_parts[0], _index, _from, _parts[1], _index, _parts[2])
    proofs._prove(_word != leaf)


# ── What is signed for one report, task or chain is not signed for another ──


@external
@view
def check_a_signature_is_for_one_report(_first: Types.Report, _second: Types.Report):
    digest: bytes32 = hashes._digest_of_report_at(4)
    if digest == hashes._digest_of_report_at(4 + 8 * 32):
        proofs._prove(_first.task_id == _second.task_id and _first.round == _second.round)
        proofs._prove(_first.results == _second.results and _first.seed == _second.seed)
        proofs._prove(_first.inventory == _second.inventory)
        proofs._prove(_first.choices == _second.choices)
        for i: uint256 in range(2):
            proofs._prove(_first.awards[i] == _second.awards[i])


@external
@view
def twin_a_signature_is_for_one_report(_first: Types.Report, _second: Types.Report):
    digest: bytes32 = hashes._digest_of_report_at(4)
    proofs._prove(digest != hashes._digest_of_report_at(4 + 8 * 32))


@internal
def _digest_on(_chain: uint64) -> bytes32:
    """
    @dev Of a chain other than that of the deployment, whose separator is kept: halmos compares no hash that it has
         computed with one that it has not.
    """
    proofs._on_chain(convert(_chain, uint256))
    return hashes._digest_of_report_at(4)


@external
def check_a_signature_is_for_one_chain(_report: Types.Report, _chain: uint64, _other: uint64):
    if convert(_chain, uint256) != chain.id and convert(_other, uint256) != chain.id:
        digest: bytes32 = self._digest_on(_chain)
        if digest == self._digest_on(_other):
            proofs._prove(_chain == _other)


@external
def twin_a_signature_is_for_one_chain(_report: Types.Report, _chain: uint64, _other: uint64):
    if convert(_chain, uint256) != chain.id and convert(_other, uint256) != chain.id:
        digest: bytes32 = self._digest_on(_chain)
        proofs._prove(digest != self._digest_on(_other))
