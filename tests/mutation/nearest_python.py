"""Find the tests that come first for a module of `offchain/protocol` and `offchain/enclave`."""

from pathlib import Path

FOLDERS = "offchain/protocol", "offchain/enclave"
OMITTED = {"offchain/enclave/image/lock.py"}  # makes locks for the image; no part of it

ENCLAVE = tuple(
    f"enclave/test_{name}"
    for name in ("benchmark", "panel", "cosigning", "lying_host", "outputs", "details")
)
CHECKS = tuple(
    f"enclave/models/test_{name}"
    for name in (
        *("static", "shapes", "bounds", "loops_and_fused", "text", "kinds", "attention"),
        *("scikit_learn", "runtime", "bounded_runs"),
    )
)
RUNS = tuple(
    f"enclave/models/test_{name}"
    for name in ("child", "runner", "runtime", "kinds", "text", "sandbox", "zygote")
)
SERVICE = tuple(
    f"enclave/service/test_{name}" for name in ("server", "journal", "workers", "serve")
)
DEVICES = ("enclave/devices/test_devices", *SERVICE[2:])

# Tests below tests/offchain. The file of a module's own name comes first, then those of FIRST, then
# those of its folder.
FIRST = {
    "protocol/eip712": ("protocol/test_golden", "protocol/test_reports"),
    "protocol/errors": ("protocol/test_results", "enclave/test_details"),
    "protocol/hashes": ("protocol/test_task", "protocol/test_transcript"),
    "protocol/keys": ("protocol/test_envelopes", "protocol/test_artifacts"),
    "protocol/messages": ("enclave/test_spliced_bytes", "enclave/service/test_server"),
    "protocol/model_spec": ("protocol/test_manifest", "protocol/test_sample"),
    "protocol/release": ("provider/test_key_release", "cli/test_manifest"),
    "enclave/__main__": ("enclave/image/test_image",),
    "enclave/enclave": ("enclave/test_cosigning", "enclave/test_concurrent_calls"),
    "enclave/opening": ("enclave/test_lying_host",),
    "enclave/proposals": ("enclave/test_cosigning", "enclave/test_panel"),
    "enclave/models/attributes": ("enclave/models/test_static",),
    "enclave/models/memory": ("../fire/test_starved",),
    "enclave/models/pipe": ("enclave/models/test_runner",),
    "enclave/models/processes": ("enclave/models/test_runner", "enclave/models/test_zygote"),
    "enclave/panel": ("enclave/test_panel", "../property/test_upheld_reports"),
}
THEN = {
    "protocol": ("protocol/test_golden", *ENCLAVE),
    "enclave": ENCLAVE,
    "enclave/devices": DEVICES,
    "enclave/models": CHECKS,
    "enclave/service": SERVICE,
}
# Modules of enclave/models that start and confine processes, instead of checking files.
PROCESSES = {"child", "memory", "pipe", "processes", "runner", "runtime", "sandbox", "zygote"}


def modules(root: Path) -> list[str]:
    """Every module whose mutants count."""
    found = (file for folder in FOLDERS for file in (root / folder).rglob("*.py"))
    names = (file.relative_to(root).as_posix() for file in found)
    return sorted(name for name in names if name not in OMITTED)


def short(module: str) -> str:
    """A module's name without what all have in common."""
    return module.removeprefix("offchain/").removesuffix(".py")


def nearest_tests(root: Path, module: str) -> list[str]:
    """The files of tests nearest to a module, the nearest first."""
    name = short(module)
    folder, _, stem = name.rpartition("/")
    then = RUNS if folder == "enclave/models" and stem in PROCESSES else THEN[folder]
    names = (f"{folder}/test_{stem}", *FIRST.get(name, ()), *then)
    files = (f"tests/offchain/{each}.py" for each in dict.fromkeys(names))
    return [file for file in files if (root / file).is_file()]
