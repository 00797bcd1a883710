"""Operators as the page shows them: stake, enclaves with attestation and expiry, record."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from web3.types import EventData

from offchain.chain.history import History
from offchain.chain.registry import Registry
from offchain.page.snapshot import Snapshot
from offchain.page.tcb import Attestations, Attested


@dataclass(frozen=True)
class EnclaveView:
    """An enclave's latest registration.

    Args:
        signing_key: address.
        measurement: bytes32.
        platform: bytes32.
        program: description by the registry's owner, or empty.
        registered: Unix seconds.
        expiry: Unix seconds.
        state: ``active``, ``expired``, ``retired``, ``revoked`` or ``inactive``.
        attested: of its machine.
    """

    signing_key: str
    measurement: bytes
    platform: bytes
    program: str
    registered: int
    expiry: int
    state: str
    attested: Attested


@dataclass(frozen=True)
class Judged:
    """A task in which an operator signed: ``report`` or ``panel``, and what came of it."""

    task: bytes
    part: str
    outcome: str


@dataclass(frozen=True)
class OperatorView:
    """An operator.

    Args:
        address: of the account.
        stake: wei.
        unlocks_at: Unix seconds, or zero when it is not unbonding.
        condemned_at: Unix seconds, or zero.
        uri: that it announced last; untrusted.
        enclaves: newest registration first.
        record: reports and panels, newest last.
        fined: wei that the market took.
    """

    address: str
    stake: int
    unlocks_at: int
    condemned_at: int
    uri: str
    enclaves: tuple[EnclaveView, ...]
    record: tuple[Judged, ...]
    fined: int


def endpoints(snapshot: Snapshot) -> dict[str, str]:
    """Return the URI that each operator announced last."""
    announced = (each["args"] for each in _named(snapshot, "EndpointAnnounced"))
    return {each["operator"]: each["uri"] for each in announced}


def operator_views(
    snapshot: Snapshot,
    registry: Registry,
    histories: dict[bytes, History],
    attestations: Attestations,
) -> tuple[OperatorView, ...]:
    """Return every operator that ever staked, in the order in which they came.

    Args:
        snapshot: whose block counts.
        registry: asked for the state in that block.
        histories: of all tasks, by id.
        attestations: of the registry.
    """
    uris, records = endpoints(snapshot), _records(histories)
    registered = defaultdict[str, dict[tuple[str, bytes], EventData]](dict)
    for event in _named(snapshot, "EnclaveRegistered"):
        values = event["args"]
        key = values["signing_key"], bytes(values["measurement"])
        registered[values["operator"]][key] = event
    fines = defaultdict[str, int](int)
    for event in _named(snapshot, "Slashed"):
        fines[event["args"]["operator"]] += event["args"]["taken"]
    made = []
    for address in dict.fromkeys(each["args"]["operator"] for each in _named(snapshot, "Staked")):
        call = registry.contract.functions.operator(address)
        stake, unlocks_at, _, condemned_at, _ = call.call(block_identifier=snapshot.block)
        enclaves = [
            _enclave(snapshot, registry, each, attestations)
            for each in reversed(registered[address].values())
        ]
        made.append(
            OperatorView(
                address=address,
                stake=stake,
                unlocks_at=unlocks_at,
                condemned_at=condemned_at,
                uri=uris.get(address, ""),
                enclaves=tuple(enclaves),
                record=tuple(records[address]),
                fined=fines[address],
            )
        )
    return tuple(made)


def _named(snapshot: Snapshot, name: str) -> Iterator[EventData]:
    return (each for each in snapshot.registry if each["event"] == name)


def _records(histories: dict[bytes, History]) -> dict[str, list[Judged]]:
    found = defaultdict[str, list[Judged]](list)
    for task_id, history in histories.items():
        if history.posted is None:
            continue
        outcome, verdict = _outcome(history), history.verdict
        for signer in history.posted.signers:
            found[signer.operator].append(Judged(task_id, "report", outcome))
        for seat in verdict.panel if verdict else ():
            found[seat.operator].append(Judged(task_id, "panel", outcome))
    return found


def _outcome(history: History) -> str:
    """Return what came of a posted report: ``stands`` also before anybody may claim."""
    if history.verdict is not None:
        return "upheld" if history.verdict.upheld else "overturned"
    if history.ending == "TaskVoided":
        return "voided"
    return "disputed" if history.challenger is not None and not history.over else "stands"


def _enclave(
    snapshot: Snapshot, registry: Registry, event: EventData, attestations: Attestations
) -> EnclaveView:
    values, functions, at = event["args"], registry.contract.functions, snapshot.block
    key, measurement = values["signing_key"], bytes(values["measurement"])
    platform = bytes(values["platform"])
    _, expiry, revoked_at, _ = functions.enclave(key, measurement).call(block_identifier=at)
    call = functions.is_active(key, values["sealing_key"], platform, measurement)
    state = "inactive"
    if call.call(block_identifier=at):
        state = "active"
    elif revoked_at:
        state = "revoked"
    elif expiry <= snapshot.now:
        state = "retired" if expiry < values["expiry"] else "expired"
    described = registry.description(measurement)
    return EnclaveView(
        signing_key=key,
        measurement=measurement,
        platform=platform,
        program=described.text if described else "",
        registered=snapshot.time(event),
        expiry=expiry,
        state=state,
        attested=attestations.of(event),
    )
