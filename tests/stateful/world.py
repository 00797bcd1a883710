"""Who takes part in the play, in which tokens, and how contracts and models are called alike."""

from collections.abc import Callable
from typing import Any

import boa
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.protocol.keys import public_key
from tests import sale as parts
from tests.dcap import GRACE_DAYS, Attesting
from tests.deployment import PLATFORM_STAKE, PROGRAM, SEAT_BOND
from tests.inprocess import Chain, account, deploy, ether, reason_of, refuses
from tests.sale import DAY, STAGES, Enclave, Task, word
from tests.sale import ETHER as ONE
from tests.signing import address, signing_key
from tests.stateful.hostile import LOCKED, CallBack, Hostile
from tests.stateful.intel import INTEL, arguments, first_documents, revocation_list
from tests.stateful.ledger import BURNED, ETHER, Call, Ledger, Refused, Token, event, plain
from tests.stateful.market_model import MarketModel
from tests.stateful.policy_model import LIFETIME, Document, PolicyModel
from tests.stateful.registry_model import Evidence, RegistryModel
from tests.stateful.registry_reference import Bound, Enrolment, Signature, Verifier
from tests.stateful.tally import DONE, JUDGES, Tally
from tests.stateful.words import Words

WEALTH = 2**140
DEAD = "0x000000000000000000000000000000000000dEaD"
PROGRAMS = PROGRAM, word("another program")
GUARDS = ("revoke_enclave", "revoke_platform", "revoke_measurement", "revoke_verifier")
"""Functions by which the owner may reach into a sale under way."""


class World:
    """A chain with tokens and accounts; titanoboa undoes what a test does to it."""

    def __init__(self) -> None:
        self.chain = Chain(enclaves=11, stake=ONE)
        chain, self.tally = self.chain, Tally()
        self.roster = list(chain.enclaves)
        self.twin = chain.enlist("twin", self.roster[5].operator)
        self.twins = [self.roster[5], self.twin]
        """Two enclaves of one operator."""
        self.market, self.registry = chain.market, chain.registry
        self._deploy_hostile()
        self._name_tenants()
        self.young = deploy("EnclaveRegistry", chain.owner, chain.verifier, PLATFORM_STAKE)
        attesting = Attesting.of_policy(
            deploy, deploy("TcbPolicy", 1, GRACE_DAYS), INTEL.root.public_key
        )
        self.policy, self.policy_verifier = attesting.policy, attesting.verifier
        self.young_policy = deploy("TcbPolicy", 1, GRACE_DAYS)
        self.policy.set_verifier(self.policy_verifier)
        self.policy_verifier.add_crl(*revocation_list(chain.now))
        self.documents = list(first_documents(chain.now))
        for document in self.documents:
            method = getattr(self.policy, f"update_{document.kind}")
            method(*arguments(document))
        for policy in (self.policy, self.young_policy):
            policy.transfer_ownership(chain.owner)
            policy.accept_ownership(sender=chain.owner)
        self.configurable = deploy("testing/ConfigurableToken")
        self.plain = [deploy("testing/PlainToken", decimals) for decimals in (6, 18)]
        self._name_people()
        boa.env.evm.patch.block_number = 10_000
        boa.env.evm.patch.prev_hashes = [bytes(32)] * 256
        self.tokens = [ETHER, *self.contracts]
        own = self.market, self.registry, self.young
        self.holders = [*self.people, *(str(each.address) for each in own), BURNED, DEAD]

    def _deploy_hostile(self) -> None:
        """It stores a reason, so that storing another costs less than the market's cap of gas."""
        self.hostile = deploy("testing/HostileAccount")
        self.refuser = str(self.hostile.address)
        refused = self.registry.add_verifier.prepare_calldata(DEAD)
        self.hostile.set_call(self.registry, refused)
        boa.env.raw_call(self.hostile.address, sender=self.chain.owner, value=1)
        assert b"not proposed" in self.hostile.response()
        self.hostile.set_call(ETHER, b"")
        self.hostile.set_refusal(True)

    def _name_tenants(self) -> None:
        """Name operators who want the same few machines, keys and programs."""
        self.tenants = [*(account(f"tenant {n}") for n in range(3)), self.refuser]
        self.secrets = {address(key): key for key in (signing_key(f"tenant {n}") for n in range(4))}
        self.keys = sorted(self.secrets, key=lambda key: int(key, 16))
        self.sealing_keys = [public_key(word(f"sealing key {n}")) for n in range(2)]
        self.platforms = [word(f"platform {n}") for n in range(3)]
        self.verifiers = [
            str(each.address) for each in (self.chain.verifier, deploy("testing/MockVerifier"))
        ]
        self.attested = {
            keccak(encode(["address", "bytes32"], [verifier, program])): (verifier, program)
            for verifier in self.verifiers
            for program in PROGRAMS
        }

    def _name_people(self) -> None:
        self.providers = [account("provider"), account("buyer"), self.refuser]
        self.developers = [account(f"developer {n}") for n in range(3)] + [self.refuser]
        self.operators = [each.operator for each in self.roster]
        self.strangers = [account("challenger"), account("stranger")]
        self.guardians = [self.chain.owner, account("next guardian")]
        everybody = self.providers + self.developers + self.operators + self.strangers
        self.people = list(dict.fromkeys(everybody + self.tenants + self.guardians))
        for person in self.people:
            boa.env.set_balance(person, WEALTH)
        self.contracts = {str(each.address): each for each in (self.configurable, *self.plain)}
        for token in self.contracts.values():
            for holder in self.people:
                token.mint(holder, WEALTH)
                if token in self.plain:
                    token.approve(self.market, 2**256 - 1, sender=holder)

    def balance(self, token: str, holder: str) -> int:
        if token == ETHER:
            return ether(holder)
        name = "holdings" if token == self.configurable.address else "balanceOf"
        return Words(self.contracts[token]).read(name, holder)


class ContractAndModel:
    """The contracts of a world, and the models that must agree with them."""

    def __init__(self, world: World) -> None:
        self.world, chain = world, world.chain
        tokens = {address: Token() for address in world.contracts}
        self.ledger = Ledger(tokens, world.tally.add)
        self.ledger.contracts = {*world.verifiers, str(world.market.address)}
        for token in world.tokens:
            for holder in world.holders:
                self.ledger.wallets[token, holder] = world.balance(token, holder)
        self.hostile = Hostile(world.hostile, world.configurable, self.ledger, world.tally)
        self.busy: list[str] = []  # the contracts that are being called
        self.registry, self.young = (
            self._model_of(each, domain)
            for each, domain in ((world.registry, chain.domain), (world.young, None))
        )
        for made in chain.enclaves:
            self.registry.reference.operators[made.operator].stake = ONE
        for made in [*chain.enclaves, world.twin]:
            expiry = world.registry.enclave(made.signing_key, chain.measurement).expiry
            self.registry.reference.register(self._enrolment(made, expiry), chain.now)
        self.market = MarketModel(chain.domain, SEAT_BOND, self.registry, self.ledger)
        self.policy, self.young_policy = (
            PolicyModel(str(each.address), self.ledger, chain.owner, GRACE_DAYS * DAY)
            for each in (world.policy, world.young_policy)
        )
        self.policy.verifier = str(world.policy_verifier.address)
        for policy in (self.policy, self.young_policy):
            policy.crl_next_update = chain.now + LIFETIME
        for document in world.documents:
            self.policy.update(Call(chain.now, chain.owner), document)
        self.contracts = {
            "market": (world.market, self.market),
            "registry": (world.registry, self.registry),
            "young registry": (world.young, self.young),
            "policy": (world.policy, self.policy),
            "young policy": (world.young_policy, self.young_policy),
        }
        # The last of each kind.
        self.documents = {(each.tee, each.fmspc): each for each in world.documents}
        self.touched = set(self.contracts)  # since contracts and models were compared
        self.supply = {
            token: sum(self.ledger.wallets[token, each] for each in world.holders)
            for token in world.tokens
        }

    def _model_of(self, registry: Any, domain: Any) -> RegistryModel:
        verifier = self.world.verifiers[0]
        times = registry.verifier(verifier)
        first = Verifier(times.ready_at, times.added_at)
        owner, at = self.world.chain.owner, str(registry.address)
        return RegistryModel(at, self.ledger, owner, first, verifier, domain)

    def _enrolment(self, made: Enclave, expiry: int) -> Enrolment:
        bound = Bound(made.operator, made.platform, made.sealing_key)
        measurement, verifier = self.world.chain.measurement, self.world.verifiers[0]
        return Enrolment(made.signing_key, bound, measurement, verifier, expiry)

    # ── Acting on both ──

    @property
    def now(self) -> int:
        return self.world.chain.now

    def act(
        self, of: str, name: str, /, *args: Any, sender: str, value: int = 0, **unseen: Any
    ) -> Any:
        """Call a contract and its model; `unseen` is what only the model has to be told."""
        contract = self.contracts[of][0]
        self.ledger.events.clear()
        expected = self._ask(of, name, Call(self.now, sender, value), *args, **unseen)
        words = parts.post(*args) if name == "post_report" else args
        method = getattr(contract, name)
        return self.compare(
            (of, name), expected, lambda: method(*words, sender=sender, value=value)
        )

    def _ask(self, of: str, name: str, call: Call, /, *args: Any, **unseen: Any) -> Any:
        """Have the model act, while its contract is locked."""
        self.busy.append(of)
        answer = getattr(self.contracts[of][1], name)(call, *args, **unseen)
        self.busy.pop()
        return answer

    def call_back(self, who: Any, call: CallBack) -> None:
        """From now on the hostile account, or token, makes this call whenever it is paid."""
        self.hostile.call_back(who, self.contracts[call.of][0], call, self._answer)

    def _answer(self, call: CallBack, sender: str) -> Any:
        """Have a model act for a call back; `LOCKED` when its contract is locked."""
        if call.of in self.busy:
            return LOCKED
        self.touched.add(call.of)
        return self._ask(call.of, call.name, Call(self.now, sender), *call.args)

    def compare(self, of: tuple[str, str], expected: Any, call: Callable[[], Any]) -> Any:
        """Make the call: result, events or reason must be the model's."""
        contract, function = of[0].removeprefix("young "), of[1]
        if isinstance(expected, Refused):
            with refuses(*expected.reasons) as raised:
                call()
            self.world.tally.add(contract, function, reason_of(raised.value))
            return expected
        answer = call()
        self.touched |= {of[0], "registry"} if of[0] == "market" else {of[0]}
        assert plain(answer) == plain(expected), (of, answer, expected)
        self.world.tally.add(contract, function, DONE)
        if function in GUARDS:
            for stage in {state.stage for state in self.market.tasks.values()}:
                self.world.tally.add("guardian", function, STAGES[stage])
        if function not in JUDGES:
            self._check_events(self.contracts[of[0]][0])
        return expected

    def _check_events(self, contract: Any) -> None:
        ours = {str(each.address) for each, _ in self.contracts.values()}
        found = [
            event(log.address, type(log).__name__, dict(list(log._asdict().items())[1:]))
            for log in contract.get_logs()
            if str(log.address) in ours
        ]
        logged, foreseen = (sorted(map(repr, events)) for events in (found, self.ledger.events))
        assert logged == foreseen, (logged, foreseen)

    def register(self, made: Enrolment, *, age: int = 1, fits: bool = True) -> Any:
        """A registration by the operator, with evidence of what the verifier attests."""
        operator, platform, sealing_key = made.bound
        verifier, program = self.world.attested[made.measurement]
        registry, block = self.world.registry, int(boa.env.evm.patch.block_number)
        keys = operator, made.signing_key, sealing_key
        shown = bytes(registry.report_data(*keys, block - 1)) if age == 1 and fits else bytes(32)
        evidence = encode(
            ["bytes32", "bytes32", "uint256", "bytes32"], [program, platform, made.expiry, shown]
        )
        self.ledger.events.clear()
        before = self.active()
        expected = self.registry.register_enclave(
            Call(self.now, operator), made, Evidence(program, age, fits)
        )
        for measurement, key in before - self.active():
            lost = self.registry.reference.enclaves[measurement, key].bound
            assert (measurement, *lost[:2]) == (made.measurement, operator, platform)
        return self.compare(
            ("registry", "register_enclave"),
            expected,
            lambda: registry.register_enclave(
                verifier, evidence, made.signing_key, sealing_key, block - age, sender=operator
            ),
        )

    def renew(self, enclave: Enclave, lifetime: int) -> None:
        """A registration by the enclave's operator, with good evidence."""
        self.register(self._enrolment(enclave, self.now + lifetime))

    def bring(self, of: str, document: Document, sender: str) -> None:
        """A document for a policy."""
        contract, model = self.contracts[of]
        self.ledger.events.clear()
        expected = model.update(Call(self.now, sender), document)
        name, words = f"update_{document.kind}", arguments(document)
        self.compare((of, name), expected, lambda: getattr(contract, name)(*words, sender=sender))

    def expiry(self, enclave: Enclave) -> int:
        place = self.world.chain.measurement, enclave.signing_key
        return self.registry.reference.enclaves[place].expiry

    def active(self) -> set[tuple[bytes, str]]:
        """Measurement and signing key of every enclave that may sign."""
        reference = self.registry.reference
        return {
            (measurement, key)
            for (measurement, key), each in reference.enclaves.items()
            if reference.is_active(
                measurement, Signature(key, each.bound.sealing_key, each.bound.platform), self.now
            )
        }

    def may_sign(self, enclave: Enclave, task: Task) -> bool:
        """Return whether the registry would take a signature of this enclave for the task now."""
        by = Signature(enclave.signing_key, enclave.sealing_key, enclave.platform)
        reference, now = self.registry.reference, self.now
        refusal = reference.check_quorum(task.measurement, task.min_stake, [by], [], now)
        return refusal is None
