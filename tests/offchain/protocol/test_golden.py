"""Golden vectors, the enclave's part; the tests of the contracts check the contracts' part."""

# Holds I-18, S-72, S-74, S-85, S-97.

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from offchain.protocol.bounds import resample
from offchain.protocol.eip712 import TYPES, Domain
from offchain.protocol.encoding import from_json
from offchain.protocol.envelopes import delivery_info, keyring_entry, keyring_info, unseal
from offchain.protocol.keys import public_key
from offchain.protocol.release import release_info
from offchain.protocol.results import Results
from offchain.protocol.sample import draw, draw_sample
from offchain.protocol.task import Submission
from tests.offchain.protocol.test_manifest import MANIFEST
from tests.vectors.generate import GOLDEN, LINE, golden, word

SPEC = Path(__file__).parents[3] / "docs" / "SPEC.md"
VECTORS = json.loads(GOLDEN.read_text())
DOMAIN = from_json(Domain, json.dumps(VECTORS["domain"]).encode())
TASK_ID = bytes.fromhex(VECTORS["task_id"][2:])


def unhex(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def sealing_privates() -> list[bytes]:
    """Return the enclaves' sealing keys in the roster's order."""
    privates = [word(f"sealing key of enclave {i}") for i in range(4)]
    by_key = {"0x" + public_key(private).hex(): private for private in privates}
    return [by_key[entry["sealing_key"]] for entry in VECTORS["roster"]]


def test_golden__generated_again__is_the_file() -> None:
    assert golden() == VECTORS


def test_types__of_the_specification__are_those_hashed() -> None:
    lines = SPEC.read_text().splitlines()
    for name, members in TYPES.items():
        assert f"{name}({members})" in lines


def test_unseal__golden_envelopes_and_keyrings__hold_the_key() -> None:
    for row in VECTORS["reveals"]:
        key = unhex(row["key"])
        envelope = unhex(row["envelope"])
        assert unseal(word("delivery key"), delivery_info(TASK_ID), envelope) == key
        submission = from_json(Submission, json.dumps(row["submission"]).encode())
        info = keyring_info(DOMAIN, TASK_ID, row["developer"], submission.digest())
        assert len(unhex(row["keyring"])) == 80 * len(VECTORS["roster"])
        for position, private in enumerate(sealing_privates()):
            assert unseal(private, info, keyring_entry(unhex(row["keyring"]), position)) == key


def test_unseal__golden_release__holds_the_test_sets_key() -> None:
    closing = VECTORS["closing"]
    info = release_info(DOMAIN, TASK_ID, unhex(closing["seed"]), unhex(closing["inventory"]))
    released = closing["release"]
    assert unseal(sealing_privates()[0], info, unhex(released["envelope"])) == unhex(
        released["key"]
    )


# Holds S-79.
def test_draw__golden_sample__agrees() -> None:
    sample = VECTORS["closing"]["sample"]
    seed = unhex(VECTORS["closing"]["seed"])
    targets, sizes = np.array(sample["targets"]), sample["sizes"]
    manifest = replace(
        MANIFEST,
        model=replace(MANIFEST.model, classes=len(sizes)),
        test_set=replace(MANIFEST.test_set, samples=len(targets)),
        sample_size=sum(sizes),
    )
    assert draw_sample(seed, manifest, targets).tolist() == sample["rows"]
    assert np.bincount(targets[sample["rows"]], minlength=len(sizes)).tolist() == sizes
    first = np.flatnonzero(targets == 0)
    assert draw(seed, 1, 0, first, sizes[0]).tolist() == sample["second_draw_of_class_0"]
    strata = [np.arange(4), np.arange(4, 9)]
    assert resample(seed, 3, strata).tolist() == sample["resample"]


def test_lower_bound__golden_file__is_the_25th_of_500_scores() -> None:
    targets, predictions = LINE
    scores = []
    for number in range(500):
        rows = resample(unhex(VECTORS["closing"]["seed"]), number, [np.arange(40)])
        truth = targets[rows]
        error = ((truth - predictions[rows]) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
        scores.append(round(1_000_000 * (1 - float(error))))
    assert sorted(scores)[24] == VECTORS["closing"]["sample"]["lower_bound_of_r2"]


def test_results__golden_file__has_the_reports_root() -> None:
    reported = VECTORS["reported"]
    results = from_json(Results, json.dumps(reported["results"]).encode())
    assert "0x" + results.root().hex() == reported["report"]["results"]
