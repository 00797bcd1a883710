"""Steps of the owner of registry and policy, and of those who are not."""

from typing import Any

from hypothesis import strategies as st

from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.simulation import FMSPC
from tests import sale as parts
from tests.sale import CLOSED, DISPUTED, FINAL, REPORTED, Cosignature, word
from tests.stateful.draws import now_and_then, pick, sometimes
from tests.stateful.losses import RESTLESS
from tests.stateful.operators import measurement_of
from tests.stateful.policy_model import NO_SVNS, SGX, TDX
from tests.stateful.world import ContractAndModel

NO_TASK = parts.task(ZERO_ADDRESS, [], bytes(32), 0)
NO_PROOF = (
    NO_TASK,
    [parts.report(bytes(32), bytes(32))] * 2,
    [Cosignature(bytes(32), bytes(32), bytes(32))] * 2,
    ZERO_ADDRESS,
    bytes(32),
)
LATE = CLOSED, REPORTED, DISPUTED, FINAL
HIGH = bytes([4, *NO_SVNS[1:]])


def guardian(data: Any, both: ContractAndModel, of: str) -> str:
    """The owner of a contract; sometimes somebody else."""
    return sometimes(data, both.contracts[of][1].owner, both.world.people)


def revoke(data: Any, both: ContractAndModel) -> None:
    """Revoke something that sales can spare; late in a sale also something they cannot."""
    late = any(state.stage in LATE for state in both.market.tasks.values())
    world, sender = both.world, guardian(data, both, "registry")
    spared = world.roster[:RESTLESS]
    of = next(iter(world.attested))
    places = [(each.signing_key, of) for each in spared]
    places += [(key, measurement_of(data, both)) for key in world.keys]
    machines = [*(each.platform for each in spared), *world.platforms]
    unused = [each for each in world.attested if each != of]
    calls: dict[str, tuple[object, ...]] = {
        "revoke_enclave": pick(data, places),
        "revoke_platform": (pick(data, machines),),
        "revoke_measurement": (pick(data, [of, *unused]) if late else pick(data, unused),),
        "revoke_verifier": (pick(data, world.verifiers) if late else world.verifiers[1],),
    }
    name = pick(data, list(calls))
    both.act("registry", name, *calls[name], sender=sender)


def widen(data: Any, both: ContractAndModel) -> None:
    """A verifier: proposed, and added by anybody."""
    verifier = pick(data, both.world.verifiers)
    if data.draw(st.booleans()):
        both.act("registry", "add_verifier", verifier, sender=pick(data, both.world.people))
    else:
        verifier = now_and_then(data, verifier, both.world.strangers)
        sender = guardian(data, both, "registry")
        both.act("registry", "propose_verifier", verifier, sender=sender)


def describe(data: Any, both: ContractAndModel) -> None:
    of, named = pick(data, list(both.world.attested.items()))
    text, source = now_and_then(data, "a program", ["", "no\nbreak"]), word("source")
    sender = guardian(data, both, "registry")
    args = *named, source, text
    both.act("registry", "describe_measurement", *args, sender=sender, of=of)
    for each in both.world.attested:
        expected = both.registry.reference.descriptions.get(each, (bytes(32), ""))
        assert tuple(both.world.registry.description(each)) == expected


def hand_on(data: Any, both: ContractAndModel) -> None:
    """The office of one of them: offered, taken back, accepted."""
    of = pick(data, ["registry", "policy"])
    model = both.contracts[of][1]
    if data.draw(st.booleans()):
        to = now_and_then(data, pick(data, both.world.guardians), [ZERO_ADDRESS])
        both.act(of, "transfer_ownership", to, sender=guardian(data, both, of))
    else:
        pending = model.pending_owner
        usual = both.world.guardians[1] if pending == ZERO_ADDRESS else pending
        both.act(of, "accept_ownership", sender=now_and_then(data, usual, both.world.people))


def name_market(data: Any, both: ContractAndModel) -> None:
    """A registry that is young knows no market yet."""
    world, of = both.world, pick(data, ["registry", "young registry", "young registry"])
    sender, stranger = guardian(data, both, of), pick(data, world.strangers)
    market = now_and_then(data, str(world.market.address), world.strangers)
    both.act(of, "set_market", market, sender=sender, domain=world.chain.domain)
    both.act("young registry", "stake", sender=stranger, value=1)
    both.act("young registry", "prove_equivocation", *NO_PROOF, sender=stranger)


def raise_floors(data: Any, both: ContractAndModel) -> None:
    """Raise so far that documents still have a chance, mostly."""
    sender, least = guardian(data, both, "policy"), both.policy.least
    tee = now_and_then(data, pick(data, [SGX, TDX]), [1])
    tdx_svns = pick(data, [bytes(16), HIGH])
    raised = [max(least[kind], pick(data, [0, 5, 6])) for kind in ("tcb", "identity")]
    calls: dict[str, tuple[Any, ...]] = {
        "raise_floor": (tee, FMSPC, HIGH, now_and_then(data, 10, [11, 2**16]), tdx_svns),
        "raise_module": (FMSPC, now_and_then(data, 3, range(257)), pick(data, [3, 4, 5, 256])),
        "raise_qe_svn": (tee, now_and_then(data, 8, [9, 2**16])),
        "raise_least_numbers": now_and_then(data, tuple(raised), [(0, 2**16), (0, 0)]),
    }
    name = pick(data, list(calls))
    both.act("policy", name, *calls[name], sender=sender)


def name_verifier(data: Any, both: ContractAndModel) -> None:
    """A policy that is young has no verifier yet."""
    of = pick(data, ["policy", "young policy"])
    sender = guardian(data, both, of)
    verifier = str(both.world.policy_verifier.address)
    verifier = now_and_then(data, verifier, [ZERO_ADDRESS])
    both.act(of, "set_verifier", verifier, sender=sender)
    both.bring(of, pick(data, both.world.documents), both.world.strangers[1])


STEPS = [
    revoke, revoke, revoke, widen, widen,
    describe, hand_on, name_market, raise_floors, name_verifier,
]  # fmt: skip
