"""A part of the fuzz campaign: mutated models of every op, documents, and HTTP requests."""

import pytest

from tests.fire import fuzz


@pytest.fixture
def more(request) -> int:
    """Return how many times more inputs this profile has."""
    return 100 if request.config.getoption("--hypothesis-profile") == "deep" else 1


def test_run_model__mutated__is_refused_or_scored(more):
    print(fuzz.models(60 * more, seed=1, together=10))


def test_from_json__mutated_document__is_read_as_the_judge_reads_it(more):
    print(fuzz.documents(750 * more, seed=1))


def test_service__mutated_request__gets_an_answer_that_is_no_fault(more, served):
    print(fuzz.requests(served, 750 * more, seed=1))
