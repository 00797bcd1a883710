"""Compile a Vyper source with the compiler of `.venv-venom`: a JSON request on stdin, one answer.

Request: ``source``, ``path`` (of the file, or what stands for it), ``search`` (folders of imports)
and ``venom`` (True: the Venom code generator; False: the legacy one). Answer: ``version`` of the
compiler, ``bytecode`` and ``runtime`` in hexadecimal, and ``layout`` of storage. The pragma of a
source names the compiler that it is deployed with, so it is not looked at here.
"""

import json
import sys
import warnings
from pathlib import Path

import vyper
from vyper.ast import pre_parser
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.settings import Settings

FORMATS = "bytecode", "bytecode_runtime", "layout"


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    warnings.simplefilter("ignore")  # of names that a later Vyper will spell otherwise
    pre_parser.validate_version_pragma = lambda *_: None
    path = Path(request["path"])
    made = compile_from_file_input(
        FileInput(contents=request["source"], source_id=-1, path=path, resolved_path=path),
        input_bundle=FilesystemInputBundle([Path(folder) for folder in request["search"]]),
        settings=Settings(experimental_codegen=request["venom"]),
        output_formats=FORMATS,
    )
    bytecode, runtime, layout = (made[each] for each in FORMATS)
    answer = {"bytecode": bytecode, "runtime": runtime, "layout": layout}
    json.dump({"version": vyper.__version__, **answer}, sys.stdout)


if __name__ == "__main__":
    main()
