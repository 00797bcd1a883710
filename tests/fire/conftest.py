"""One service for all tests that attack one from outside."""

from collections.abc import Iterator

import pytest

from tests.fire.services import Served, process


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with process(tmp_path_factory.mktemp("served")) as made:
        yield made
        made.check()
