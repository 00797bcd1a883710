"""The acts of `status`: each names a line of golden-grain that its parser takes."""

import ast
import re
from pathlib import Path

import pytest

from offchain.cli.main import _arguments
from offchain.observer import status
from offchain.observer.status import Act

TASK = bytes(range(32))
CAPITALS = {"AMOUNT": "1 ether"}
SAID = {
    each.value
    for each in ast.walk(ast.parse(Path(status.__file__).read_text()))
    if isinstance(each, ast.Constant) and "TASK" in str(each.value) and each.value != "TASK"
}
LINES = sorted(each for each in SAID if re.match(r"[a-z]+ [A-Z-]", each))


@pytest.mark.parametrize("command", [*LINES, "operate"])
def test_line__of_each_act__is_taken_by_the_command(command):
    line = Act("", "", None, "", command).line(TASK)
    assert line.startswith("golden-grain ")
    words = line.removesuffix("...").split()[1:]
    made = _arguments([CAPITALS.get(word, word) for word in words])
    assert command == "operate" or made.task == TASK


def test_lines__all_commands_of_a_task__are_tried():
    assert {line.split()[0] for line in LINES} == {
        *("sell", "reveal", "close", "void", "dispute", "claim", "settle", "verdict", "share")
    }
