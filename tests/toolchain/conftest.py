"""A throw-away Brownie project with this project's hooks, and Brownie's commands in it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).parent / "project"

collect_ignore = ["project"]

Brownie = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The sample project once it is compiled, and what Brownie printed."""
    home = tmp_path_factory.mktemp("compiled")
    path = home / "sample"
    shutil.copytree(SAMPLE, path, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("brownie_hooks.py", "brownie_source_maps.py", "brownie-config.yaml"):
        shutil.copy(ROOT / name, path / name)
    (path / "node_modules").symlink_to(ROOT / "node_modules")
    process = started("compile", folder=path, home=home)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return path, output


@pytest.fixture
def project(compiled: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of the compiled project."""
    return Path(shutil.copytree(compiled[0], tmp_path / "sample", symlinks=True))


def started(*arguments: str, folder: Path, home: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [Path(sys.executable).parent / "brownie", *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(home)},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.fixture
def start(project: Path, tmp_path: Path) -> Brownie:
    """Starts `brownie <arguments>` in a folder of the project, with a home folder of its own."""

    def run(*arguments: str, folder: str = ".") -> "subprocess.Popen[str]":
        return started(*arguments, folder=project / folder, home=tmp_path)

    return run


@pytest.fixture
def brownie(start: Brownie) -> Callable[..., str]:
    """Runs `brownie <arguments>` to its end; returns what it printed, without the colours."""

    def run(*arguments: str, expected: int = 0, folder: str = ".") -> str:
        process = start(*arguments, folder=folder)
        output, _ = process.communicate()
        assert process.returncode == expected, output
        return re.sub(r"\x1b\[[0-9;]*m", "", output)

    return run
