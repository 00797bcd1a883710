"""One service for all tests that attack one from outside; its memory is printed in the end."""

from collections.abc import Iterator

import pytest

from tests.fire.services import Served, process

_PEAK_BYTES: list[int] = []


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with process(tmp_path_factory.mktemp("served")) as made:
        yield made
        made.check()
        _PEAK_BYTES.append(made.peak())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for peak in _PEAK_BYTES:
        terminalreporter.write_line(f"the attacked service took {peak >> 20} MiB at most")
