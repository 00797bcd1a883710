"""Results: their leaves, their file, and the proof for a developer."""

from dataclasses import replace

import pytest

from offchain.chain.result_proofs import extract
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import ModelFault, SubmissionFault
from offchain.protocol.keys import hkdf
from offchain.protocol.results import Detail, Result, ResultLeaf, Results, make_results
from tests.vectors.generate import word

SECRET = word("test set")
LEAVES = {index: word(f"leaf {index}") for index in (0, 3, 4)}
RESULTS = [
    Result(3, reason=SubmissionFault.KEYRING),
    Result(0, 900_000),
    Result(4, reason=ModelFault.SHAPE),
]
FILE = make_results(word("task"), LEAVES, SECRET, RESULTS, (0,))


def test_make_results__any_order__rises_by_index() -> None:
    assert [entry.result.index for entry in FILE.entries] == [0, 3, 4]
    assert make_results(word("task"), LEAVES, SECRET, RESULTS[::-1], (0,)) == FILE
    assert all(entry.salt == hkdf(SECRET, "result", entry.leaf) for entry in FILE.entries)


def test_from_json__what_to_json_wrote__is_equal() -> None:
    assert from_json(Results, to_json(FILE)) == FILE


def test_proves__own_extract__leads_to_the_root_and_a_better_score_does_not() -> None:
    own = extract(FILE, 3)
    assert own.entry.result == RESULTS[0]
    assert own.proves(FILE.root())
    better = replace(own, entry=replace(own.entry, result=Result(3, 900_000)))
    assert not better.proves(FILE.root())


def test_extract__of_nobody__raises() -> None:
    with pytest.raises(KeyError):
        extract(FILE, 1)


def test_entry_digest__anything_changed__differs() -> None:
    entry = ResultLeaf(Result(0, 0), word("leaf"), word("salt"))
    changed = [
        replace(entry, result=Result(0, 1)),
        replace(entry, result=Result(0, reason=SubmissionFault.UNSTABLE)),
        replace(entry, result=Result(0, reason=ModelFault.WORK)),
        replace(entry, leaf=word("other")),
        replace(entry, salt=word("other")),
    ]
    assert len({each.digest() for each in [entry, *changed]}) == 6


@pytest.mark.parametrize(
    "result", [{"score": None}, {"score": 1, "reason": SubmissionFault.KEYRING}]
)
def test_result__both_or_neither__raises(result: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"submission 7 with score .* expected one of them"):
        Result(7, **result)  # type: ignore[arg-type]


def test_detail__of_more_characters_than_an_enclave_writes__raises() -> None:
    assert Detail(7, "x" * 300).text
    with pytest.raises(ValueError, match="at most 300 characters"):
        Detail(7, "x" * 301)


def test_reasons__of_submission_and_model__never_share_a_word() -> None:
    assert not {fault.value for fault in SubmissionFault} & {reason.value for reason in ModelFault}
