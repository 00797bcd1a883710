# pragma version 0.4.3
"""
@title Properties of packed words, deadlines, DER, signatures and keys
@license GNU Affero General Public License v3.0 only
"""

from contracts.modules.common import clock
from contracts.modules.common import compact_signature
from contracts.modules.common import x25519_key
from contracts.modules.dcap import der
from contracts.modules.market import task_state
from contracts.modules.registry import records
from interfaces import IModelMarket
from tests.symbolic import proofs

initializes: records
initializes: task_state

AMOUNTS: constant(uint256) = 2**96 - 1
HALF_ORDER: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)


# ── A packed task comes out as it went in; amounts apart, for which solvers would have to divide ──


@internal
@pure
def _progress(_progress: IModelMarket.Progress, _counts: uint256):
    if _progress.stage > 255 or _progress.time_a >= 2**40 or _progress.time_b >= 2**40:
        return
    if _progress.max_submissions >= _counts or _progress.commits >= _counts:
        return
    if _progress.reveals >= _counts or _progress.awards > 15 or _progress.claimed > 255:
        return
    if _progress.commit_bond != 0 or _progress.entry_fee != 0:
        return
    word: uint256 = task_state._pack(_progress)
    out: IModelMarket.Progress = task_state._unpack(word)
    proofs._prove(out.stage == _progress.stage and out.awards == _progress.awards)
    proofs._prove(out.time_a == _progress.time_a and out.time_b == _progress.time_b)
    proofs._prove(out.max_submissions == _progress.max_submissions)
    proofs._prove(out.commits == _progress.commits and out.reveals == _progress.reveals)
    proofs._prove(out.claimed == _progress.claimed)


@external
@pure
def check_progress_round_trip(_progress: IModelMarket.Progress):
    self._progress(_progress, 2**20)


@external
@pure
def twin_progress_round_trip(_progress: IModelMarket.Progress):
    self._progress(_progress, 2**20 + 1)


@external
@pure
def check_progress_word_round_trip(_word: uint256):
    word: uint256 = _word & ~AMOUNTS
    proofs._prove(task_state._pack(task_state._unpack(word)) == word)


@external
@pure
def twin_progress_word_round_trip(_word: uint256):
    word: uint256 = _word & ~AMOUNTS
    proofs._prove(task_state._pack(task_state._unpack(word)) == word | 1)


# ── A dispute writes the stage and two times, and nothing else ──


@internal
@pure
def _disputed(_word: uint256, _until: uint256, _since: uint256, _bound: uint256):
    if _until >= _bound or _since >= 2**40:
        return
    word: uint256 = task_state._with_dispute(_word, _until, _since)
    proofs._prove(word >> 248 == task_state.DISPUTED)
    proofs._prove(task_state._verdict_deadline(word) == _until)
    proofs._prove(task_state._reported_at(word) == _since)
    proofs._prove((word ^ _word) & (2**168 - 1) == 0)


@external
@pure
def check_dispute_keeps_counts_and_amounts(_word: uint256, _until: uint256, _since: uint256):
    self._disputed(_word, _until, _since, 2**40)


@external
@pure
def twin_dispute_keeps_counts_and_amounts(_word: uint256, _until: uint256, _since: uint256):
    self._disputed(_word, _until, _since, 2**40 + 1)


# ── A record of the registry comes out as it went in ──


@internal
@pure
def _record(
    _value: uint256, _revoked_at: uint256, _until: uint256, _epoch: uint256, _bound: uint256
):
    if _value >= 2**160 or _revoked_at >= 2**40 or _until >= _bound or _epoch >= 2**16:
        return
    word: uint256 = records._pack(_value, _revoked_at, _until, _epoch)
    proofs._prove(records._get_value(word) == _value)
    proofs._prove(records._get_revoked_at(word) == _revoked_at)
    proofs._prove(records._get_until(word) == _until)
    proofs._prove(records._get_epoch(word) == _epoch)


@external
@pure
def check_record_round_trip(_value: uint256, _revoked: uint256, _until: uint256, _epoch: uint256):
    self._record(_value, _revoked, _until, _epoch, 2**40)


@external
@pure
def twin_record_round_trip(_value: uint256, _revoked: uint256, _until: uint256, _epoch: uint256):
    self._record(_value, _revoked, _until, _epoch, 2**40 + 1)


# ── A revocation sets one field, from a word that had none ──


@internal
def _revoked(_word: uint256, _time: uint256, _bound: uint256):
    if _time == 0 or _time >= _bound:
        return
    proofs._warp(_time)
    word: uint256 = records._revoke(_word)
    proofs._prove(records._get_revoked_at(_word) == 0 and records._get_revoked_at(word) == _time)
    proofs._prove((word ^ _word) & ~((2**40 - 1) << 160) == 0)


@external
def check_revocation_sets_one_field(_word: uint256, _time: uint256):
    self._revoked(_word, _time, 2**40)


@external
def twin_revocation_sets_one_field(_word: uint256, _time: uint256):
    self._revoked(_word, _time, 2**40 + 1)


# ── Deadlines exclude themselves ──


@external
def check_before_a_deadline(_time: uint256, _deadline: uint256):
    proofs._warp(_time)
    clock._require_before(_deadline)
    proofs._prove(_time < _deadline)


@external
def twin_before_a_deadline(_time: uint256, _deadline: uint256):
    proofs._warp(_time)
    clock._require_before(_deadline)
    proofs._prove(unsafe_add(_time, 1) < _deadline)


@external
def check_from_a_deadline(_time: uint256, _deadline: uint256):
    proofs._warp(_time)
    clock._require_from(_deadline)
    proofs._prove(_time >= _deadline)


@external
def twin_from_a_deadline(_time: uint256, _deadline: uint256):
    proofs._warp(_time)
    clock._require_from(_deadline)
    proofs._prove(_time > _deadline)


# ── DER: an element ends within its document, and its length is the shortest form ──


@internal
@pure
def _element(_word: bytes32, _tag: bytes1, _start: uint64, _end: uint64, _header: uint256):
    at: uint256 = convert(_start, uint256)
    start: uint256 = 0
    end: uint256 = 0
    start, end = der._open(_word, _tag, at, convert(_end, uint256))
    proofs._prove(start >= at + 2 and start <= at + _header)
    proofs._prove(start <= end and end <= convert(_end, uint256) and end - start <= 65_535)
    proofs._prove(start == at + 2 or end - start >= 128)


@external
@pure
def check_der_lengths(_word: bytes32, _tag: bytes1, _start: uint64, _end: uint64):
    self._element(_word, _tag, _start, _end, 4)


@external
@pure
def twin_der_lengths(_word: bytes32, _tag: bytes1, _start: uint64, _end: uint64):
    self._element(_word, _tag, _start, _end, 3)


@external
@pure
def check_der_integer_is_small(_word: bytes32, _start: uint64, _end: uint64):
    value: uint256 = 0
    end: uint256 = 0
    value, end = der._integer(_word, convert(_start, uint256), convert(_end, uint256))
    proofs._prove(value < 2**239 and end <= convert(_end, uint256))


@external
@pure
def twin_der_integer_is_small(_word: bytes32, _start: uint64, _end: uint64):
    value: uint256 = 0
    end: uint256 = 0
    value, end = der._integer(_word, convert(_start, uint256), convert(_end, uint256))
    proofs._prove(value < 2**238 and end <= convert(_end, uint256))


# ── Signatures: never of the zero address, never with a high s ──


@external
@pure
def check_signer_is_not_zero(_digest: bytes32, _r: bytes32, _vs: bytes32):
    signer: address = compact_signature._signer(_digest, _r, _vs)
    proofs._prove(signer != empty(address))


@external
@pure
def twin_signer_is_not_zero(_digest: bytes32, _r: bytes32, _vs: bytes32):
    vs: uint256 = convert(_vs, uint256)
    s: uint256 = vs & convert(max_value(int256), uint256)
    signer: address = ecrecover(_digest, (vs >> 255) + 27, convert(_r, uint256), s)
    proofs._prove(signer != empty(address))


@internal
@pure
def _low_s(_digest: bytes32, _r: bytes32, _vs: bytes32, _bound: uint256):
    signer: address = compact_signature._signer(_digest, _r, _vs)
    proofs._prove(convert(_vs, uint256) & convert(max_value(int256), uint256) <= _bound)


@external
@pure
def check_signature_has_low_s(_digest: bytes32, _r: bytes32, _vs: bytes32):
    self._low_s(_digest, _r, _vs, HALF_ORDER)


@external
@pure
def twin_signature_has_low_s(_digest: bytes32, _r: bytes32, _vs: bytes32):
    self._low_s(_digest, _r, _vs, HALF_ORDER - 1)


# ── The bit that X25519 ignores hides no key of small order ──


@external
@pure
def check_low_order_ignores_one_bit(_key: bytes32):
    other: bytes32 = convert(convert(_key, uint256) ^ 128, bytes32)
    proofs._prove(x25519_key._is_low_order(_key) == x25519_key._is_low_order(other))


@external
@pure
def twin_low_order_ignores_one_bit(_key: bytes32):
    other: bytes32 = convert(convert(_key, uint256) ^ 64, bytes32)
    proofs._prove(x25519_key._is_low_order(_key) == x25519_key._is_low_order(other))
