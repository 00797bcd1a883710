"""Who takes part in the random sales, in which tokens, and how they agree with the models."""

from contextlib import nullcontext
from typing import Any

import boa

from tests import sale as parts
from tests.deployment import PLATFORM_STAKE, SEAT_BOND
from tests.inprocess import Chain, account, deploy, ether, refuses
from tests.sale import ETHER as ONE
from tests.sale import Enclave, Report, Task
from tests.stateful.ledger import BURNED, ETHER, Call, Ledger, Refused, Token
from tests.stateful.market_model import MarketModel
from tests.stateful.registry_model import RegistryModel
from tests.stateful.registry_reference import Signature
from tests.stateful.words import Words
from tests.token_modes import TokenMode

WEALTH = 10**30
DEAD = "0x000000000000000000000000000000000000dEaD"


class World:
    """A chain with tokens and accounts; titanoboa undoes what a test does to it."""

    def __init__(self) -> None:
        self.chain = Chain(enclaves=11, stake=ONE)
        self.market, self.registry = self.chain.market, self.chain.registry
        self.configurable = deploy("testing/ConfigurableToken")
        self.plain = [deploy("testing/PlainToken", decimals) for decimals in (6, 18)]
        refuser = deploy("testing/HostileAccount")
        refuser.set_refusal(True)
        boa.env.set_balance(refuser.address, WEALTH)
        self.refuser = str(refuser.address)
        self.providers = [account("provider"), account("buyer"), self.refuser]
        self.developers = [account(f"developer {n}") for n in range(3)] + [self.refuser]
        self.operators = [each.operator for each in self.chain.enclaves]
        boa.env.evm.patch.prev_hashes = [bytes(32)] * 256
        self.strangers = [account("challenger"), account("stranger")]
        self.people = list(
            dict.fromkeys(self.providers + self.developers + self.operators + self.strangers)
        )
        self.contracts = {str(each.address): each for each in (self.configurable, *self.plain)}
        for address, token in self.contracts.items():
            for holder in self.people:
                token.mint(holder, WEALTH)
                if token in self.plain:
                    token.approve(self.market, 2**256 - 1, sender=holder)
            self.contracts[address] = token
        self.tokens = [ETHER, *self.contracts]
        self.holders = [
            *self.people,
            str(self.market.address),
            str(self.registry.address),
            BURNED,
            DEAD,
        ]

    def balance(self, token: str, holder: str) -> int:
        if token == ETHER:
            return ether(holder)
        name = "holdings" if token == self.configurable.address else "balanceOf"
        return Words(self.contracts[token]).read(name, holder)


class ContractAndModel:
    """The contracts of a world, and the models that must agree with them."""

    def __init__(self, world: World) -> None:
        self.world, chain = world, world.chain
        self.ledger = Ledger({address: Token() for address in world.contracts})
        for token in world.tokens:
            for holder in world.holders:
                self.ledger.wallets[token, holder] = world.balance(token, holder)
        self.ledger.refusing.add(world.refuser)
        self.registry = RegistryModel(
            str(world.registry.address),
            chain.domain,
            self.ledger,
            str(chain.verifier.address),
            chain.measurement,
            PLATFORM_STAKE,
        )
        for made in chain.enclaves:
            self.registry.reference.operators[made.operator].stake = ONE
            expiry = world.registry.enclave(made.signing_key, chain.measurement).expiry
            self.registry.register(Call(chain.now, made.operator), made, expiry)
        self.market = MarketModel(chain.domain, SEAT_BOND, self.registry, self.ledger)
        self.words = Words(world.market)
        self.supply = self.totals()

    # ── Acting on both ──

    def act(self, name: str, *args: Any, sender: str, value: int = 0, **unseen: Any) -> Any:
        """A call of the market; `unseen` is what only the model has to be told."""
        return self._both(self.world.market, self.market, name, args, sender, value, unseen)

    def act_on_registry(self, name: str, *args: Any, sender: str, value: int = 0) -> Any:
        return self._both(self.world.registry, self.registry, name, args, sender, value, {})

    def _both(
        self, contract: Any, model: Any, name: str, args: Any, sender: str, value: int, unseen: Any
    ) -> Any:
        call = Call(self.world.chain.now, sender, value)
        expected = getattr(model, name)(call, *args, **unseen)
        method = getattr(contract, name)
        words = parts.post(*args) if name == "post_report" else args
        if isinstance(expected, Refused):
            with refuses(*expected.reasons):
                method(*words, sender=sender, value=value)
        else:
            assert method(*words, sender=sender, value=value) == expected
        return expected

    def renew(self, enclave: Enclave, lifetime: int) -> None:
        """A registration by the enclave's operator, with good evidence."""
        chain = self.world.chain
        call = Call(chain.now, enclave.operator)
        refused = self.registry.register(call, enclave, chain.now + lifetime)
        with refuses(*refused.reasons) if refused else nullcontext():
            chain.register(enclave, lifetime)

    def revoke(self, what: str, enclave: Enclave) -> None:
        """Revoke an enclave, its platform or its measurement, as the owner."""
        chain = self.world.chain
        measurement = chain.measurement
        subject, args = {
            "enclave": (
                (measurement, enclave.signing_key),
                (enclave.signing_key, measurement),
            ),
            "platform": (enclave.platform, (enclave.platform,)),
            "measurement": (measurement, (measurement,)),
        }[what]
        refused = self.registry.revoke(Call(chain.now, chain.owner), subject)
        method = getattr(self.world.registry, f"revoke_{what}")
        with refuses(*refused.reasons) if refused else nullcontext():
            method(*args, sender=chain.owner)

    def prove_equivocation(
        self, task: Task, reports: list[Report], enclave: Enclave, sender: str
    ) -> None:
        domain = self.world.chain.domain
        cosignatures = [enclave.cosign(each.digest(domain)) for each in reports]
        of = enclave.operator, enclave.sealing_key
        self.act_on_registry("prove_equivocation", task, reports, cosignatures, *of, sender=sender)

    def set_mode(self, mode: TokenMode) -> None:
        """Let the configurable token behave like this from now on."""
        address = str(self.world.configurable.address)
        token = self.ledger.tokens[address]
        token.refuses = mode is TokenMode.RETURNS_FALSE
        token.reverts = mode is TokenMode.REVERTS
        self.world.configurable.set_mode(mode)

    def set_blocked(self, somebody: str, blocks: bool) -> None:
        token = self.ledger.tokens[str(self.world.configurable.address)]
        (token.blocked.add if blocks else token.blocked.discard)(somebody)
        self.world.configurable.set_blocked(somebody, blocks)

    def expiry(self, enclave: Enclave) -> int:
        place = self.world.chain.measurement, enclave.signing_key
        return self.registry.reference.enclaves[place].expiry

    def may_sign(self, enclave: Enclave, task: Task) -> bool:
        """Return whether the registry would take a signature of this enclave for the task now."""
        by = Signature(enclave.signing_key, enclave.sealing_key, enclave.platform)
        reference, now = self.registry.reference, self.world.chain.now
        refusal = reference.check_quorum(task.measurement, task.min_stake, [by], [], now)
        return refusal is None

    # ── Agreement ──

    def totals(self) -> dict[str, int]:
        world = self.world
        return {
            token: sum(world.balance(token, holder) for holder in world.holders)
            for token in world.tokens
        }

    def check_wallets(self) -> None:
        """Every balance is the model's, and nothing came or went."""
        for token in self.world.tokens:
            for holder in self.world.holders:
                held = self.world.balance(token, holder)
                assert held == self.ledger.wallets[token, holder], (token, holder)
        assert self.totals() == self.supply

    def check_books(self) -> None:
        """Check the credits that the market records."""
        for token in self.world.tokens:
            for holder in self.world.people:
                credit = self.words.read("escrow.credit_of", token, holder)
                assert credit == self.market.credits[token, holder], (token, holder)

    def check_tasks(self) -> None:
        """Both words of every task, and that of every submission."""
        for of, state in self.market.tasks.items():
            assert self.words.read("task_state.progress_words", of) == state.progress_word()
            assert self.words.read("task_state.heads", of) == int.from_bytes(state.head, "big")
            for index, word in enumerate(state.words):
                stored = self.words.read("task_state.submission_words", of, index)
                assert stored == int.from_bytes(word, "big")

    def check_registry(self) -> None:
        """Every operator's word, every credit."""
        registry = Words(self.world.registry)
        for operator in self.world.operators:
            model = self.registry.reference.operators[operator]
            times = model.condemned_at << 160 | model.unlocks_at << 200
            word = model.stake | model.platforms << 128 | times | model.epoch << 240
            assert registry.read("records.operators", operator) == word
        for holder in self.world.people:
            assert (
                registry.read("staking.credit_of", holder)
                == self.registry.reference.credits[holder]
            )

    def check_solvency(self) -> None:
        """Market and registry hold what they owe, to the wei."""
        market = str(self.world.market.address)
        for token in self.world.tokens:
            owed = sum(state.owed(token) for state in self.market.tasks.values())
            owed += sum(self.market.credits[token, holder] for holder in self.world.holders)
            assert self.world.balance(token, market) == owed
        stakes = sum(operator.stake for operator in self.registry.reference.operators.values())
        credited = sum(self.registry.reference.credits.values())
        assert ether(str(self.world.registry.address)) == stakes + credited
