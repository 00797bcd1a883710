"""Files of strangers are asked for once; those that are missing again, but not at once."""

import pytest

from offchain.page import strangers as module
from offchain.page.strangers import Found, Strangers

ROOTS = {b"one": "report one", b"two": "report two"}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def asked(monkeypatch):
    """The reports that operators were asked for; they have those in ``there``."""
    calls = []

    def find_results(report, uris, *, local_uris):
        calls.append(report)
        if report in asked.there:
            return "a folder", f"results of {report}"
        raise FileNotFoundError("nobody has it")

    monkeypatch.setattr(module, "find_results", find_results)

    def asked():
        found, calls[:] = sorted(calls), []
        return found

    asked.there = {"report one"}
    return asked


def test_results__that_were_found__are_not_asked_for_again(asked):
    clock = Clock()
    strangers = Strangers(clock=clock)
    found = strangers.results(ROOTS, ["uri"])
    assert found[b"one"] == Found("results of report one", place="a folder")
    assert found[b"two"] == Found(fault="nobody has it")
    assert asked() == ["report one", "report two"]
    clock.now = 299
    assert strangers.results(ROOTS, ["uri"]) == found
    assert asked() == []
    clock.now = 300
    asked.there.add("report two")
    assert strangers.results(ROOTS, ["uri"])[b"two"].value == "results of report two"
    assert asked() == ["report two"]
    clock.now = 1e9
    strangers.results(ROOTS, ["uri"])
    assert asked() == []


def test_results__of_the_chain_alone__are_never_asked_for(asked):
    found = Strangers(fetch=False).results(ROOTS, ["uri"])
    assert {each.fault for each in found.values()} == {"not asked for"}
    assert asked() == []
