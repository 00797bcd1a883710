"""``golden-grain guard``: the acts of the guardian, who owns registry and policy.

Each prints first whom it concerns. With ``--calldata`` nothing is sent: the call is printed as a
file for a Safe's transaction builder.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from web3.contract.contract import Contract

from offchain.attestation.quote import TeeType
from offchain.cli import common, session
from offchain.cli.attestation.inputs import fmspc
from offchain.cli.units import format_time, whole
from offchain.guardian import acts
from offchain.guardian.acts import Act
from offchain.guardian.effects import Target, effects
from offchain.guardian.safe import batch

_TEES = {"sgx": TeeType.SGX, "tdx": TeeType.TDX}
_OFFICES = "registry", "policy"


@dataclass(frozen=True)
class _Planned:
    """An act, the contract whose owner decides, and what is revoked."""

    act: Act
    owned: Contract
    target: Target | None = None


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    commands = parser.add_subparsers(required=True, dest="act")

    def act(name: str, purpose: str, *arguments: tuple[str, dict[str, object]]) -> None:
        command = commands.add_parser(name, help=purpose)
        for argument, given in arguments:
            command.add_argument(argument, **given)  # type: ignore[arg-type]
        if name != "status":
            text = "print the call for a Safe, send nothing"
            command.add_argument("--calldata", action="store_true", help=text)
        session.add(command, account=name != "status")

    address: dict[str, object] = {"type": common.address}
    word: dict[str, object] = {"type": common.task_id}
    tee: dict[str, object] = {"choices": sorted(_TEES)}
    machine: dict[str, object] = {"type": fmspc}
    number: dict[str, object] = {"type": whole(0)}
    svns: dict[str, object] = {"type": lambda text: common.hex_bytes(text, 16)}
    act("status", "show owners, offers and verifiers")
    act("propose-verifier", "announce a verifier, 14 days ahead", ("verifier", address))
    act("add-verifier", "add a verifier after its 14 days; anybody may", ("verifier", address))
    act("revoke-enclave", "revoke a signing key", ("key", address), ("measurement", word))
    act("revoke-platform", "revoke a machine", ("platform", word))
    act("revoke-program", "revoke a program under its verifier", ("measurement", word))
    act("revoke-verifier", "revoke a verifier", ("verifier", address))
    act(
        "describe",
        "say which program a measurement is, once",
        ("program", word),
        ("commit", {"help": "Git's id of the source"}),
        ("text", {"help": "printable ASCII"}),
        ("--verifier", {**address, "help": "(the deployment's)"}),
    )
    act(
        "raise-floor",
        "raise the least SVNs of a kind of machine",
        *(("tee", tee), ("fmspc", machine), ("svns", svns), ("pce_svn", number)),
        ("tdx_svns", {**svns, "nargs": "?", "default": bytes(16)}),
    )
    act(
        "raise-module",
        "raise the SVN of a TDX module",
        *(("fmspc", machine), ("version", number), ("svn", number)),
    )
    act("raise-qe", "raise the SVN of the quoting enclave", ("tee", tee), ("svn", number))
    act("raise-numbers", "raise the least numbers", ("tcb", number), ("identity", number))
    of: dict[str, object] = {"choices": _OFFICES, "nargs": "*", "default": [*_OFFICES]}
    act("transfer", "offer the office", ("to", address), ("--of", of))
    act("accept", "accept the office", ("--of", of))


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Print the plan and whom it concerns, then send the calls, or print them for a Safe.

    Raises:
        Refused: the account is not the owner.
        ContractLogicError: the contract refuses a call; nothing was sent.
    """
    here = session.Session.of(arguments)
    if arguments.act == "status":
        yield here.result(dict(_status(here)))
        return
    planned = _plan(here, arguments)
    lines = [f"guardian of {here.network.name}:", *(f"  {each.act.what}" for each in planned)]
    for each in planned:
        if each.target is not None:
            lines += [f"  {line}" for line in effects(here.market, here.registry, each.target)]
    if arguments.calldata:
        here.say(*lines)
        for each in planned:
            each.act.function.estimate_gas({"from": _decides(each)})
        made = batch(here.network.chain_id, [each.act for each in planned])
        yield json.dumps(made, indent=None if arguments.json else 2)
        return
    for each in planned:
        acts.check_sender(each.act, each.owned, here.sender.address)
        each.act.function.estimate_gas({"from": here.sender.address})
    here.confirm(lines)
    sent = [here.sender.send(each.act.function) for each in planned]
    yield here.result({"done": [each.act.what for each in planned], "blocks": _blocks(sent)})


def _blocks(sent: Sequence[Any]) -> list[int]:
    return [int(each["blockNumber"]) for each in sent]


def _decides(planned: _Planned) -> str:
    functions = planned.owned.functions
    is_accept = planned.act.function.fn_name == "accept_ownership"
    who: str = (functions.pending_owner if is_accept else functions.owner)().call()
    return who


def _offices(here: session.Session) -> dict[str, Contract]:
    policy = here.verifier.policy.contract
    return {"registry": here.registry.contract, "policy": policy}


def _plan(here: session.Session, given: argparse.Namespace) -> list[_Planned]:
    offices = _offices(here)
    registry, policy = offices["registry"], offices["policy"]
    match given.act:
        case "propose-verifier":
            return [_Planned(acts.propose_verifier(registry, given.verifier), registry)]
        case "add-verifier":
            return [_Planned(acts.add_verifier(registry, given.verifier), registry)]
        case "describe":
            verifier = given.verifier or here.network.addresses["verifier"]
            values = verifier, given.program, given.commit, given.text
            return [_Planned(acts.describe(registry, *values), registry)]
        case "transfer":
            return [_Planned(acts.transfer(offices[n], n, given.to), offices[n]) for n in given.of]
        case "accept":
            return [_Planned(acts.accept(offices[n], n), offices[n]) for n in given.of]
        case name if name.startswith("revoke"):
            return [_revocation(registry, given)]
    return [_Planned(_raise(policy, given), policy)]


def _revocation(registry: Contract, given: argparse.Namespace) -> _Planned:
    match given.act:
        case "revoke-enclave":
            act = acts.revoke_enclave(registry, given.key, given.measurement)
            target = Target(signing_key=given.key, measurement=given.measurement)
        case "revoke-platform":
            act = acts.revoke_platform(registry, given.platform)
            target = Target(platform=given.platform)
        case "revoke-program":
            act = acts.revoke_program(registry, given.measurement)
            target = Target(measurement=given.measurement)
        case _:
            act = acts.revoke_verifier(registry, given.verifier)
            target = Target(verifier=given.verifier)
    return _Planned(act, registry, target)


def _raise(policy: Contract, given: argparse.Namespace) -> Act:
    match given.act:
        case "raise-floor":
            values = given.fmspc, given.svns, given.pce_svn, given.tdx_svns
            return acts.raise_floor(policy, _TEES[given.tee], *values)
        case "raise-module":
            return acts.raise_module(policy, given.fmspc, given.version, given.svn)
        case "raise-qe":
            return acts.raise_qe_svn(policy, _TEES[given.tee], given.svn)
    return acts.raise_least_numbers(policy, given.tcb, given.identity)


def _status(here: session.Session) -> Iterator[tuple[str, object]]:
    zero = "0x" + 40 * "0"
    for name, owned in _offices(here).items():
        yield f"owner of {name}", owned.functions.owner().call()
        offered = owned.functions.pending_owner().call()
        if offered != zero:
            yield f"{name} offered to", offered
    events, now = here.registry.contract.events, here.now()
    seen = dict.fromkeys([here.network.addresses["verifier"]])
    for event in (events.VerifierProposed(), events.VerifierAdded()):
        latest = int(here.node.web3.eth.block_number)
        logs = here.node.logs(here.registry.contract.address, [event.topic], latest)
        seen |= dict.fromkeys(event.process_log(log)["args"]["verifier"] for log in logs)
    for verifier in seen:
        ready, added, revoked = here.registry.contract.functions.verifier(verifier).call()
        state = f"added {format_time(added, now)}" if added else "not added"
        if ready and not added:
            state = f"can be added from {format_time(ready, now)}"
        if revoked:
            state = f"revoked {format_time(revoked, now)}"
        yield f"verifier {verifier}", state
