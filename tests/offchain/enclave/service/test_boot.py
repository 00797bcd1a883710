"""Arguments of an enclave's service."""

from argparse import ArgumentParser
from pathlib import Path

import psutil

from offchain.enclave.service.boot import add_arguments


def test_add_arguments__none_but_the_required__are_those_of_one_worker() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    found = vars(parser.parse_args(["--artifacts", "files", "--journal", "signed"]))
    expected = {
        "artifacts": Path("files"),
        "journal": Path("signed"),
        "scratch": None,
        "port": 0,
        "workers": 1,
        "memory": psutil.virtual_memory().total,
        "wall_seconds": 600.0,
        "cpu_seconds": 300,
        "unconfined": False,
    }
    assert {name: found[name] for name in expected} == expected
