"""Vetting of those who measure a task: what the chain says of its roster and of its program."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from offchain.attestation.programs import AllowedProgram, find_allowed, load_allowlist
from offchain.chain.market import Market
from offchain.chain.refusals import Refused
from offchain.chain.registry import Registry
from offchain.chain.roster_review import Record, Review, Seat, Terms, review
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.task import Roster, RosterEntry, Task


def seats(registry: Registry, roster: Roster, measurement: bytes) -> list[Seat]:
    """Return what the registry knows of each entry of a roster now, in the roster's order."""
    functions = registry.contract.functions
    program_revoked = _is_program_revoked(registry, measurement)

    def seat(entry: RosterEntry) -> Seat:
        known = registry.registered(entry.signing_key, measurement)
        if known is None or known.sealing_key != entry.sealing_key:
            return Seat(entry, ZERO_ADDRESS, bytes(32), False, 0)
        _, expiry, revoked_at, _ = functions.enclave(entry.signing_key, measurement).call()
        machine_revoked_at = functions.platform(known.platform).call()[2]
        active = functions.is_active(*entry.to_abi(), known.platform, measurement).call()
        revoked = bool(revoked_at or machine_revoked_at or program_revoked)
        return Seat(entry, known.operator, known.platform, bool(active), int(expiry), revoked)

    return [seat(entry) for entry in roster]


def _is_program_revoked(registry: Registry, measurement: bytes) -> bool:
    functions = registry.contract.functions
    verifier, revoked_at = functions.measurement(measurement).call()
    return bool(revoked_at or functions.verifier(verifier).call()[2])


def records(market: Market, registry: Registry) -> Callable[[str], Record]:
    """Return the function that tells an operator's past, from all logs of both contracts."""
    node, since = market.node, dict[str, int]()
    latest = node.web3.eth.block_number
    registered = registry.contract.events.EnclaveRegistered()
    for log in node.logs(registry.contract.address, [registered.topic], latest):
        operator = registered.process_log(log)["args"]["operator"].lower()
        since.setdefault(operator, int(log["blockNumber"]))
    reports, overturned, verdicts = _judgements(market)

    def record(operator: str) -> Record:
        key = operator.lower()
        stake = int(registry.contract.functions.operator(operator).call()[0])
        block = node.web3.eth.get_block(since[key]) if key in since else None
        first = int(block["timestamp"]) if block is not None else 2**40
        return Record(stake, first, reports[key], overturned[key], verdicts[key])

    return record


def _judgements(market: Market) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count for each operator its reports that stand, those overturned, and its panels."""
    events, latest = market.contract.events, market.node.web3.eth.block_number
    posted, resolved = events.ReportPosted(), events.DisputeResolved()
    signers: dict[bytes, list[str]] = {}
    for log in market.node.logs(market.contract.address, [posted.topic], latest):
        values = posted.process_log(log)["args"]
        signers[values["task_id"]] = [each["operator"].lower() for each in values["signers"]]
    overturned, verdicts = Counter[str](), Counter[str]()
    for log in market.node.logs(market.contract.address, [resolved.topic], latest):
        values = resolved.process_log(log)["args"]
        verdicts.update(each["operator"].lower() for each in values["panel"])
        if not values["upheld"]:
            overturned.update(signers.pop(values["task_id"], []))
    return Counter(each for of in signers.values() for each in of), overturned, verdicts


def review_roster(market: Market, registry: Registry, task: Task, roster: Roster) -> Review:
    """Review a task's roster by what the chain says now."""
    top = task.curve[-1].price if task.token == ZERO_ADDRESS else None
    last_verdict = task.report_deadline + task.dispute_window + task.verdict_window
    terms = Terms(task.provider, task.quorum, task.min_stake, last_verdict, top)
    now = market.now()
    found = seats(registry, roster, task.measurement)
    return review(found, records(market, registry), terms, now)


def check_program(registry: Registry, measurement: bytes, allow_list: Path) -> AllowedProgram:
    """Return the program of a measurement, as an allow-list names it.

    Raises:
        Refused: it is not on the list, or the registry names another source.
        ValueError: no enclave is registered under the measurement.
    """
    verifier = registry.verifier(measurement)
    allowed = find_allowed(load_allowlist(allow_list), verifier, measurement)
    if allowed is None:
        raise Refused(f"program is not on {allow_list}: expected one that you rebuilt")
    described = registry.description(measurement)
    if described is not None and described.source != allowed.source:
        raise Refused(f"registry says {described}, expected the source of {allowed}")
    return allowed
