"""``attestation revoke``: the guardian narrows what a deployment trusts, at once and for good."""

import argparse

from web3.contract.contract import ContractFunction

from offchain.attestation.quote import TeeType
from offchain.chain.registry import Registry
from offchain.chain.updates import send
from offchain.cli import common as shared
from offchain.cli.attestation.deployment import add_deployment, verifier_of
from offchain.cli.attestation.inputs import fmspc
from offchain.cli.attestation.output import Pairs

_TEES = {"sgx": TeeType.SGX, "tdx": TeeType.TDX}


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: one thing to revoke, or to raise."""
    add_deployment(parser)
    parser.add_argument("--registry", type=shared.address, help="address of the registry")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--platform", type=shared.task_id, help="machine, 32 bytes")
    what.add_argument("--measurement", type=shared.task_id, help="program, as tasks name it")
    what.add_argument(
        "--enclave", nargs=2, metavar=("KEY", "MEASUREMENT"), help="an enclave's signing key"
    )
    what.add_argument("--this-verifier", action="store_true", help="the verifier itself")
    what.add_argument(
        "--floor",
        nargs="+",
        metavar="VALUE",
        help="sgx|tdx FMSPC SVNS PCE_SVN [TDX_SVNS]: raise a floor, SVNS are 16 bytes in hex",
    )
    what.add_argument(
        "--module", nargs=3, metavar=("FMSPC", "VERSION", "SVN"), help="raise a TDX module's SVN"
    )
    what.add_argument("--qe", nargs=2, metavar=("TEE", "SVN"), help="raise the QE's SVN: sgx|tdx")
    what.add_argument(
        "--least-numbers",
        nargs=2,
        type=int,
        metavar=("TCB", "IDENTITY"),
        help="raise the least evaluation numbers of TCB infos and identities",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what it costs, send nothing")
    shared.add_account(parser)


def revoke(arguments: argparse.Namespace) -> Pairs:
    """Say what the call does and costs, then send it.

    Raises:
        ValueError: a value is malformed, or the contract refuses the call, for example because the
            account is not the guardian.
    """
    call = _call(arguments)
    sender = shared.sender_of(arguments)
    named = ", ".join(
        f"0x{each.hex()}" if isinstance(each, bytes) else str(each) for each in call.arguments or ()
    )
    yield "call", f"{call.fn_name}({named})"
    if arguments.dry_run:
        yield "gas", call.estimate_gas({"from": sender.address})
        return
    yield "sent", f"{send(sender, call)['gasUsed']:,} gas"


def _call(arguments: argparse.Namespace) -> ContractFunction:
    verifier = verifier_of(arguments)
    policy = verifier.policy.contract.functions
    if arguments.floor:
        return policy.raise_floor(*_floor(arguments.floor))
    if arguments.module:
        of, version, svn = arguments.module
        return policy.raise_module(fmspc(of), int(version), int(svn))
    if arguments.qe:
        tee, svn = arguments.qe
        return policy.raise_qe_svn(_tee(tee), int(svn))
    if arguments.least_numbers:
        return policy.raise_least_numbers(*arguments.least_numbers)
    if arguments.registry is None:
        raise ValueError("what the registry revokes needs --registry")
    registry = Registry(verifier.node, arguments.registry).contract.functions
    if arguments.platform:
        return registry.revoke_platform(arguments.platform)
    if arguments.measurement:
        return registry.revoke_measurement(arguments.measurement)
    if arguments.enclave:
        key, measurement = arguments.enclave
        return registry.revoke_enclave(shared.address(key), shared.task_id(measurement))
    return registry.revoke_verifier(arguments.verifier)


def _floor(values: list[str]) -> tuple[TeeType, bytes, bytes, int, bytes]:
    if len(values) not in (4, 5):
        raise ValueError(f"--floor has {len(values)} values, expected 4 or 5")
    tee, of, svns, pce_svn, *tdx = values
    return _tee(tee), fmspc(of), _svns(svns), int(pce_svn), _svns(tdx[0]) if tdx else bytes(16)


def _svns(text: str) -> bytes:
    value = bytes.fromhex(text.removeprefix("0x"))
    if len(value) != 16:
        raise ValueError(f"SVNs {text!r}, expected 16 bytes in hex")
    return value


def _tee(text: str) -> TeeType:
    if text.lower() not in _TEES:
        raise ValueError(f"TEE {text!r}, expected sgx or tdx")
    return _TEES[text.lower()]
