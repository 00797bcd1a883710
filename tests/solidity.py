"""The Solidity compiler of npm."""

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COMPILE = """
const fs = require("fs");
fs.writeFileSync(1, require("solc").compile(fs.readFileSync(0, "utf8")));
"""


def compile_solidity(*paths: Path) -> dict[str, Any]:
    """Compile files of this project; return each contract's `abi` and `evm`, by its name.

    Raises:
        AssertionError: solc says anything, be it a warning.
    """
    sources = {str(path.relative_to(ROOT)): {"content": path.read_text()} for path in paths}
    wanted = ["abi", "evm.bytecode.object"]
    settings = {
        "evmVersion": "cancun",
        "optimizer": {"enabled": True},
        "viaIR": True,
        "outputSelection": {"*": {"*": wanted}},
    }
    asked = {"language": "Solidity", "sources": sources, "settings": settings}
    line = ["node", "-e", COMPILE]
    answer = subprocess.run(
        line, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    output = json.loads(answer.stdout)
    assert not output.get("errors"), "\n".join(e["formattedMessage"] for e in output["errors"])
    return {name: made for file in output["contracts"].values() for name, made in file.items()}
