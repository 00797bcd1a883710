"""The docs name files, commands and make targets that exist, and keep to the house style."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from offchain.cli.main import COMMANDS
from offchain.cli.playground import NETWORK as PLAYGROUND
from tests.offchain.test_layers import ALLOWED

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("offchain/**/*.md")])
TREES = ("contracts", "interfaces", "offchain", "scripts", "tests", "docs", "deployments")
MADE_LATER = {"deployments/development.json", "deployments/<network>.json"}
BARE_STARTS = re.compile(r"^(What|Whether|That|Which|As|Args:|Does it)\b")


def paths_of(text: str) -> set[str]:
    """The paths of this project that stand in backticks, without a test's name behind `::`."""
    quoted = re.findall(r"`([^`\s]+)`", text)
    paths = (each.partition("::")[0].rstrip("/") for each in quoted)
    return {path for path in paths if path.split("/")[0] in TREES and "/" in path}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page__paths_that_it_names__exist(page):
    text = page.read_text()
    missing = {
        path
        for path in paths_of(text) - MADE_LATER
        if not re.search(r"[<{*…]", path) and not (ROOT / path).exists()
    }
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page__links__lead_to_files(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page__lines_of_prose__have_at_most_120_columns(page):
    fenced = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fenced ^= line.startswith("```")
        if not (fenced or line.startswith(("|", "    ")) or "://" in line):
            assert len(line) <= 120, f"line {number} has {len(line)} columns"


def test_pages__commands_that_they_name__exist():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        text = page.read_text()
        assert set(re.findall(r"`make\s+([a-z0-9-]+)", text)) <= targets, page
        named = re.findall(r"(?:golden-grain|python -m offchain) ([a-z]+)\b", text)
        assert set(named) <= COMMANDS.keys(), page
        assert "offchain.attestation " not in text, page
        for script in re.findall(r"(?:python -m\s+scripts\.|brownie run\s+)([a-z_]+)\b", text):
            assert (ROOT / "scripts" / f"{script}.py").is_file(), (page, script)


def test_pages__networks_that_they_name__are_the_playground_or_one_that_is_deployed_to():
    named = re.compile(r"(?:--network |GOLDEN_GRAIN_NETWORK=)([a-z]+)")
    found = {name for page in PAGES for name in named.findall(page.read_text())}
    assert found == {PLAYGROUND, "mainnet", "rehearsal"}


def test_architecture__table_of_imports__is_that_of_the_layers():
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    shown = {}
    for row in page.partition("| folder | may import |")[2].partition("\n\n")[0].splitlines()[2:]:
        folders, _, targets = row.strip("|").partition("|")
        names = set(re.findall(r"`([a-z]+)`", targets))
        for folder in re.findall(r"`([a-z]+)`", folders):
            everything = ALLOWED.keys() - {folder}
            shown[folder] = everything - names if "all of them" in targets else names
    assert shown == ALLOWED


def test_glossary__every_row__is_one_sentence_with_its_place():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "GLOSSARY.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| word")
    ]
    words = [row[0] for row in rows]
    assert len(set(words)) == len(words) >= 50
    for word, meaning, _, place in rows:
        assert meaning.endswith("."), word
        assert meaning.count(". ") == 0, word
        file = ROOT / place.strip("`")
        assert file.is_file(), word
        text = re.sub(r"[-_\s]+", " ", file.read_text().lower())
        assert word.lower().replace("-", " ") in text, f"{place} does not have the word {word!r}"


def docstrings(path: Path):
    """Every docstring of a Python file, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def test_docstrings__of_the_project__start_with_a_verb_or_a_name():
    listed = subprocess.run(
        ["git", "ls-files", "offchain", "scripts", "tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split():
        if name.endswith(".py") and (ROOT / name).is_file():
            for line, text in docstrings(ROOT / name):
                assert not BARE_STARTS.match(text), f"{name}:{line}: {text.splitlines()[0]}"
