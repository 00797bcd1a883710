"""Steps of operators, of those who watch them, and of tenants who share a few machines."""

from typing import Any

from hypothesis import strategies as st

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import sale as parts
from tests.deployment import PLATFORM_STAKE
from tests.sale import DAY, ETHER, Enclave, Signer
from tests.stateful import losses
from tests.stateful.draws import now_and_then, pick, sometimes
from tests.stateful.losses import RESTLESS
from tests.stateful.random_sales import wrong
from tests.stateful.registry_reference import MAX_LIFETIME, Bound, Enrolment
from tests.stateful.terms_model import LOW_ORDER
from tests.stateful.world import DEAD, ContractAndModel

LIFETIMES = [0, 1, DAY, MAX_LIFETIME, 2 * MAX_LIFETIME]


# ── Stake ──


def anybody(data: Any, both: ContractAndModel) -> str:
    """A tenant, or an operator whom a sale can spare."""
    return pick(data, [*both.world.tenants, *both.world.operators[:RESTLESS]])


def stake(data: Any, both: ContractAndModel) -> None:
    amounts = [1, PLATFORM_STAKE, ETHER]
    amount = sometimes(data, pick(data, amounts), [0, 2**128 - 1, 2**128])
    both.act("registry", "stake", sender=anybody(data, both), value=amount)


def unstake(data: Any, both: ContractAndModel) -> None:
    operator = anybody(data, both)
    record = both.registry.reference.operators[operator]
    if sometimes(data, record.unlocks_at > 0, [record.unlocks_at == 0]):
        to = sometimes(data, operator, [both.world.refuser, ZERO_ADDRESS])
        both.act("registry", "unstake", to, sender=operator)
    else:
        both.act("registry", "request_unstake", sender=operator)


def burn(data: Any, both: ContractAndModel) -> None:
    operators = both.registry.reference.operators
    condemned = [each for each, state in operators.items() if state.condemned_at]
    operator = now_and_then(data, pick(data, condemned or both.world.operators), [DEAD])
    both.act("registry", "burn_stake", operator, sender=pick(data, both.world.people))


def withdraw(data: Any, both: ContractAndModel, to: str = "") -> None:
    owed = both.registry.reference.credits
    if not any(owed.values()):
        slash(data, both)
    owners = [each for each, amount in owed.items() if amount]
    owner = pick(data, owners or both.world.strangers)
    to = to or sometimes(data, owner, [both.world.refuser, ZERO_ADDRESS])
    both.act("registry", "withdraw", to, sender=owner)


def slash(data: Any, both: ContractAndModel) -> None:
    """Fine an operator as the market, and now and then as somebody else."""
    market = str(both.world.market.address)
    amount = pick(data, [0, 1, ETHER // 2, 10 * ETHER])
    args = anybody(data, both), amount, pick(data, [*both.world.strangers, both.world.refuser])
    both.act("registry", "slash", *args, sender=now_and_then(data, market, both.world.people))


def announce(data: Any, both: ContractAndModel) -> None:
    uri = pick(data, ["", "one", 256 * "u"])
    both.act("registry", "announce", uri, sender=anybody(data, both))


# ── Enclaves ──


def renew(data: Any, both: ContractAndModel) -> None:
    """Whoever expired attests itself anew, and one that need not."""
    renew_expired(data, both)
    both.renew(pick(data, both.world.roster), pick(data, [30 * DAY, 40 * DAY, DAY]))


def renew_expired(data: Any, both: ContractAndModel) -> None:
    """Most of the enclaves that a sale may ask attest themselves anew if they expired."""
    for enclave in (*both.world.roster, both.world.twin):
        if both.now >= both.expiry(enclave) and now_and_then(data, True, [False]):
            both.renew(enclave, 30 * DAY)


def restart(data: Any, both: ContractAndModel) -> None:
    losses.restart(both, pick(data, both.world.roster[-RESTLESS:]))


def register(data: Any, both: ContractAndModel) -> None:
    """A tenant, on a machine that it holds or may take, mostly."""
    world, reference = both.world, both.registry.reference
    platform = now_and_then(data, pick(data, world.platforms), [world.twin.platform])
    holder = reference.holder(platform, both.now)
    operator = now_and_then(data, holder or pick(data, world.tenants), world.tenants)
    sealing_key = now_and_then(data, world.sealing_keys[0], [world.sealing_keys[1], LOW_ORDER[0]])
    key = now_and_then(data, pick(data, world.keys), [ZERO_ADDRESS])
    lifetime = now_and_then(data, MAX_LIFETIME, LIFETIMES)
    of = now_and_then(data, next(iter(world.attested)), list(world.attested))
    bound = Bound(operator, platform, sealing_key)
    if data.draw(st.booleans()):
        both.act("registry", "stake", sender=operator, value=ETHER)
    made = Enrolment(key, bound, of, world.attested[of][0], both.now + lifetime)
    age, fits = now_and_then(data, 1, [0, 256, 257]), now_and_then(data, True, [False])
    both.register(made, age=age, fits=fits and age == 1)


def renew_tenant(data: Any, both: ContractAndModel) -> None:
    """An enclave as it is registered, for another time."""
    world, enclaves = both.world, both.registry.reference.enclaves
    of, key = pick(data, sorted(enclaves))
    expiry = both.now + pick(data, LIFETIMES)
    both.register(Enrolment(key, enclaves[of, key].bound, of, world.attested[of][0], expiry))


# ── Signatures ──


def known(data: Any, both: ContractAndModel) -> list[Enclave]:
    """Enclaves with the tenants' keys under one measurement; now and then unregistered ones too."""
    world, found, enclaves = both.world, [], both.registry.reference.enclaves
    of = measurement_of(data, both)
    registered = [key for key in world.keys if (of, key) in enclaves]
    for key in now_and_then(data, registered, [world.keys]):
        enclave = enclaves.get((of, key))
        bound = enclave.bound if enclave else Bound(DEAD, world.platforms[0], bytes(32))
        platform = now_and_then(data, bound.platform, world.platforms)
        found.append(Enclave(world.secrets[key], bound.sealing_key, platform, bound.operator))
    return found


def measurement_of(data: Any, both: ContractAndModel) -> bytes:
    return now_and_then(data, next(iter(both.world.attested)), list(both.world.attested))


def check_quorum(data: Any, both: ContractAndModel) -> None:
    """Signatures of tenants, asked for as the market does."""
    world, digest = both.world, parts.word("digest")
    others = pick(data, [world.roster[:RESTLESS], world.twins, world.roster[-2:]])
    enclaves = parts.ordered([*sometimes(data, known(data, both), [[]]), *others])
    signing = [each for each in enclaves if data.draw(st.booleans())]
    if data.draw(st.booleans()):
        renew_expired(data, both)
        signing = parts.ordered(others)
    of, least = measurement_of(data, both), pick(data, [0, 1, 3 * ETHER])
    spared = [each for each in signing if each not in [*world.roster[RESTLESS:], world.twin]]
    for enclave in now_and_then(data, [], [spared[-1:]]):
        both.act("registry", "revoke_enclave", enclave.signing_key, of, sender=both.registry.owner)
    cosignatures = [each.cosign(digest) for each in signing]
    cosignatures = now_and_then(data, cosignatures, wrong(cosignatures))
    entries = [each.entry() for each in enclaves]
    entries = now_and_then(data, entries, [entries[1:]])
    excluded = sometimes(data, [], [[Signer(DEAD, each.operator, bytes(32))] for each in enclaves])
    asked = parts.task(world.providers[0], entries, of, both.now, min_stake=least)
    expected = both.registry.check_quorum(
        both.now, digest, asked, entries, cosignatures[:7], excluded
    )
    both.compare(
        ("registry", "check_quorum"),
        expected,
        lambda: world.registry.check_quorum(digest, of, least, entries, cosignatures[:7], excluded),
    )


def ask(data: Any, both: ContractAndModel) -> None:
    """Ask who is active, and who was revoked since some time."""
    world, since = both.world, both.now - pick(data, [0, 1, DAY, 5 * DAY, 30 * DAY])
    enclaves = [*known(data, both), *world.roster[:RESTLESS]]
    signers = [each.signer() for each in enclaves if data.draw(st.booleans())][:3]
    of = measurement_of(data, both)
    expected = both.registry.revoked_since(signers, of, since)
    assert world.registry.revoked_since(signers, of, since) == expected
    active = both.active()
    for (measurement, key), enclave in both.registry.reference.enclaves.items():
        _, platform, sealing_key = enclave.bound
        is_active = world.registry.is_active(key, sealing_key, platform, measurement)
        assert is_active == ((measurement, key) in active)


def equivocate(data: Any, both: ContractAndModel) -> None:
    """An enclave signs two reports of one task, and somebody shows them."""
    world = both.world
    tasks = [state.task for state in both.market.tasks.values() if state.task]
    lists = [(), ((0, 900_000),), ((0, 902_000),), ((0, 902_001),), ((0, 10**6),)]
    task = tasks[-1] if tasks else parts.task(world.providers[0], [], world.chain.measurement, 0)
    culprits = [*world.roster[-RESTLESS:], *world.roster[:RESTLESS], *known(data, both)]
    gone = [each for each in culprits if has_left(both, each)]
    enclave = pick(data, sometimes(data, culprits, [gone or culprits]))
    if now_and_then(data, False, [True]):
        losses.fine(both, enclave.operator)
    of = task.id(both.market.domain)
    reports = [parts.report(of, bytes(32), *pick(data, lists)) for _ in range(2)]
    others = [{"task_id": bytes(32)}, {"round": 1}, {"seed": b"1" * 32}, {"inventory": bytes(32)}]
    reports[1] = reports[1]._replace(**now_and_then(data, {}, others))
    signing = enclave, now_and_then(data, enclave, culprits)
    domain = world.chain.domain
    cosignatures = [
        each.cosign(report.digest(domain)) for each, report in zip(signing, reports, strict=True)
    ]
    cosignatures = now_and_then(data, cosignatures, wrong(cosignatures))
    operator = now_and_then(data, enclave.operator, world.tenants)
    args = task, reports, cosignatures, operator, enclave.sealing_key
    for _ in range(sometimes(data, 1, [2])):
        both.act("registry", "prove_equivocation", *args, sender=pick(data, world.people))


def has_left(both: ContractAndModel, enclave: Enclave) -> bool:
    """Return whether its operator took out the stake since it was registered."""
    reference, place = both.registry.reference, (both.world.chain.measurement, enclave.signing_key)
    record = reference.enclaves.get(place)
    return record is not None and record.epoch != reference.operators[enclave.operator].epoch


STEPS = [
    stake, unstake, burn, withdraw, slash, announce, renew, restart, register, register,
    renew_tenant, check_quorum, check_quorum, check_quorum, ask, equivocate,
]  # fmt: skip
