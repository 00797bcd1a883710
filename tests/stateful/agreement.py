"""Compare contracts and models after every step: every word, balance and credit."""

from itertools import product
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.attestation.quote import TeeType
from offchain.protocol.encoding import ZERO_ADDRESS
from tests.documents import QUOTING
from tests.inprocess import ether
from tests.stateful.policy_model import TDX, Floor, Modules, PolicyModel, Svns
from tests.stateful.registry_model import RegistryModel
from tests.stateful.registry_reference import Bound, Hold, Operator
from tests.stateful.words import Words
from tests.stateful.world import ContractAndModel


def check_all(both: ContractAndModel) -> None:
    """Compare everything of the contracts that were called since; no other can have changed."""
    touched = both.touched
    if touched & {"market", "registry", "young registry"}:
        check_wallets(both)
    if "market" in touched:
        check_tasks(both)
    if "registry" in touched:
        check_registry(both)
    for name in touched & {"registry", "young registry"}:
        contract, model = both.contracts[name]
        named = int(model.domain.market, 16) if model.domain else 0
        assert Words(contract).read("staking.named_market") == named
    both.hostile.check()
    for name in touched & {"policy", "young policy"}:
        check_policy(*both.contracts[name])
    touched.clear()


def check_wallets(both: ContractAndModel) -> None:
    """Every balance is the model's, and nothing came or went; so is every credit of the market."""
    words, world = Words(both.world.market), both.world
    for token in world.tokens:
        supply = 0
        for holder in world.holders:
            held = world.balance(token, holder)
            supply += held
            assert held == both.ledger.wallets[token, holder], (token, holder)
            credit = words.read("escrow.credit_of", token, holder)
            assert credit == both.market.credits[token, holder], (token, holder)
        assert supply == both.supply[token]


def check_tasks(both: ContractAndModel) -> None:
    """Both words of every task, and that of every submission."""
    words = Words(both.world.market)
    for of, state in both.market.tasks.items():
        assert words.read("task_state.progress_words", of) == state.progress_word()
        assert words.read("task_state.heads", of) == int.from_bytes(state.head, "big")
        for index, word in enumerate([*state.words, bytes(32)]):
            stored = words.read("task_state.submission_words", of, index)
            assert stored == int.from_bytes(word, "big")


# ── Registry ──


def binding(bound: Bound) -> int:
    """Return what a record keeps of operator, platform and sealing key: 160 bits of their hash."""
    return int.from_bytes(keccak(encode(["address", "bytes32", "bytes32"], bound))[12:], "big")


def packed(value: int, revoked_at: int | None, until: int, epoch: int) -> int:
    """A word of the registry, as contracts/modules/registry/records.vy lays it out."""
    return value | (revoked_at or 0) << 160 | until << 200 | epoch << 240


def check_registry(both: ContractAndModel) -> None:
    """Every record and every credit, of everybody who takes part."""
    world, reference = both.world, both.registry.reference
    read, revoked = Words(world.registry).read, both.registry.reference.revoked
    for person in world.people:
        model = reference.operators.get(person, Operator())
        value = model.stake | model.platforms << 128
        word = packed(value, model.condemned_at, model.unlocks_at, model.epoch)
        assert read("records.operators", person) == word
        assert read("staking.credit_of", person) == reference.credits[person]
    machines = [*world.platforms, *(each.platform for each in world.chain.enclaves)]
    for platform in [*machines, world.twin.platform]:
        hold = reference.platforms.get(platform, Hold(ZERO_ADDRESS, 0, 0))
        word = packed(int(hold.operator, 16), revoked.get(platform), hold.until, hold.epoch)
        assert read("records.platforms", platform) == word
        for measurement in world.attested:
            latest = reference.latest.get((measurement, platform), ZERO_ADDRESS)
            assert read("records.latest_keys", measurement, platform) == int(latest, 16)
    for verifier in world.verifiers:
        times = reference.verifiers[verifier]
        word = packed(times.added_at, revoked.get(verifier), times.ready_at, 0)
        assert read("records.verifiers", verifier) == word
    for measurement in world.attested:
        by = reference.measurements.get(measurement, ZERO_ADDRESS)
        word = packed(int(by, 16), revoked.get(measurement), 0, 0)
        assert read("records.measurements", measurement) == word
    for place in {*product(world.attested, world.keys), *reference.enclaves}:
        enclave = reference.enclaves.get(place)
        kept = (binding(enclave.bound), enclave.expiry, enclave.epoch) if enclave else (0, 0, 0)
        assert read("records.enclaves", *place) == packed(kept[0], revoked.get(place), *kept[1:])
    check_office(world.registry, both.registry)


def check_office(contract: Any, model: RegistryModel | PolicyModel) -> None:
    words = Words(contract)
    assert words.read("ownable.owner") == int(model.owner, 16)
    assert words.read("ownable_2step.pending_owner") == int(model.pending_owner, 16)


def check_active(both: ContractAndModel) -> None:
    """An active enclave is alone on a platform, which its operator holds."""
    reference, taken = both.registry.reference, set()
    for measurement, key in both.active():
        operator, platform, _ = reference.enclaves[measurement, key].bound
        assert reference.holder(platform, both.now) == operator
        assert (measurement, platform) not in taken
        taken.add((measurement, platform))


# ── Policy ──


def number(svns: Svns) -> int:
    return int.from_bytes(bytes(svns), "big")


def of_modules(modules: Modules) -> int:
    return sum((version << 8 | svn) << 16 * n for n, (version, svn) in enumerate(modules)) << 128


def stamp(floor: Floor) -> int:
    return floor.number << 240 | floor.issued << 200 | floor.next_update << 160


def check_policy(contract: Any, model: PolicyModel) -> None:
    """Every floor and identity, what the owner raised, and who is asked."""
    read = Words(contract).read
    assert read("_verifier") == int(model.verifier, 16)
    assert read("evaluations.least") == model.least["identity"] << 16 | model.least["tcb"]
    for (tee, fmspc), kept in model.floors.items():
        raised = model.raises[tee, fmspc]
        if fmspc is None:
            assert read("qe_identities.raised", tee) == raised.pce_svn
            for at, floor in enumerate([*kept, None][:2]):
                check_identity(contract, tee, at, floor)
            continue
        key = tee << 48 | int.from_bytes(fmspc, "big")
        sgx = raised.pce_svn << 128 | number(raised.svns)
        assert read("tcb_floors.raised", key) == sgx
        tdx = of_modules(raised.modules) | number(raised.tdx_svns)
        assert read("tcb_floors.raised", key, offset=1) == tdx
        for at, floor in enumerate([*kept, None][:2]):
            word = read("tcb_floors.floors", key, offset=4 * at)
            if floor is None:
                assert word == 0
                continue
            assert word == stamp(floor) | floor.pce_svn << 128 | number(floor.svns)
            if tee == TDX:
                tdx = of_modules(floor.modules) | number(floor.tdx_svns)
                assert read("tcb_floors.floors", key, offset=4 * at + 1) == tdx
    check_office(contract, model)


def check_identity(contract: Any, tee: int, at: int, floor: Floor | None) -> None:
    read = Words(contract).read
    words = [read("qe_identities.identities", tee, offset=4 * at + n) for n in range(4)]
    if floor is None:
        assert words[0] == 0
        return
    said = QUOTING[TeeType(tee)]
    mr_signer = bytes.fromhex(said["mr_signer"])
    attributes, mask = (int(said[name], 16) for name in ("attributes", "attributes_mask"))
    seal = int.from_bytes(keccak(mr_signer + attributes.to_bytes(32, "big")), "big") >> 128
    misc = int(said["misc_select_mask"], 16) << 96 | int(said["misc_select"], 16) << 64
    assert words == [
        stamp(floor) | misc | said["product"] << 32 | floor.pce_svn,
        mask << 128 | seal,
        int.from_bytes(mr_signer, "big"),
        mask << 128 | attributes,
    ]


# ── Money ──


def check_solvency(both: ContractAndModel) -> None:
    """Market and registry hold what they owe, to the wei."""
    market = str(both.world.market.address)
    for token in both.world.tokens:
        owed = sum(state.owed(token) for state in both.market.tasks.values())
        owed += sum(both.market.credits[token, holder] for holder in both.world.holders)
        assert both.world.balance(token, market) == owed
    reference = both.registry.reference
    stakes = sum(operator.stake for operator in reference.operators.values())
    assert ether(str(both.world.registry.address)) == stakes + sum(reference.credits.values())
