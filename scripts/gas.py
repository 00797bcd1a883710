"""Measure the gas of each operation on a local chain, today and under the next fork: `make gas`.

An ERC-20 sale in steady state: unlimited allowance, the market holds the token, ledger words are
not zero, a 66-character uri, developers who do not hold the token yet. Ends with an error when a
limit is exceeded, or the committed snapshot by more than 1 %.
"""

import secrets
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, replace
from itertools import count
from typing import Any

from brownie import (
    EnclaveRegistry,
    MockVerifier,
    ModelMarket,
    PlainToken,
    accounts,
    chain,
    web3,
)
from brownie._config import CONFIG
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from rich.console import Console
from web3 import Web3

from offchain.attestation.evidence import crl_bytes
from offchain.attestation.quote import TeeType
from offchain.protocol.eip712 import Domain
from offchain.simulation import DEVELOPMENT_SEED, FMSPC, Machine, SimulatedIntel, collateral
from scripts.deploy import Deployment, deploy
from scripts.lib import gas_report
from scripts.lib.acts.operators import DishonestOperator, TamperedEnclave
from scripts.lib.local_chain import now, send, warp
from scripts.lib.replay import Figures, Gas, figures, record
from scripts.lib.settings import load
from tests import sale
from tests.dcap import Attesting
from tests.deployment import PAYMENT_GAS
from tests.documents import LEVELS, Dates, identity, signed, tcb_info

LIMITS = {
    "create_task, 2 knots": 86_500,
    "create_task, 8 knots": 88_500,
    "of create_task, 2 knots: for a URI of 65 letters": 2_500,
    "commit_model, 2nd": 54_000,
    "reveal_model, first": 73_500,
    "reveal_model, later": 56_500,
    "close_reveals": 36_000,
    "post_report, 1 signature, roster of 4, 1 award": 77_500,
    "post_report, 1 signature, roster of 4, 8 awards": 104_000,
    "post_report, 3 signatures, roster of 10, 1 award": 115_000,
    "claim_award, of 1": 77_500,
    "claim_award, of 8": 79_500,
    "one sale: create, commit, later reveal, close, post, claim": 384_000,
    "settle, 1 signer": 75_500,
    "settle, 3 signers": 114_500,
    "void": 54_000,
    "withdraw": 58_000,
    "dispute + resolve, 3 panel signatures, upheld": 186_000,
    "dispute + resolve, 3 panel signatures, overturned": 204_500,
    "announce": 29_000,
    "renew an enclave, in all": 125_000,
    "re-register an enclave, retiring the one before, in all": 160_000,
    "verify a quote, first of a platform": 145_000,
    "verify a quote, platform cached": 60_000,
    "update_identity": 235_000,
    "update_tcb, SGX document, 2 levels": 235_000,
    "update_tcb, SGX document, 4 levels": 320_000,
    "update_tcb, TDX document, 2 levels": 355_000,
    "update_tcb, TDX document, 4 levels": 475_000,
    "add_crl, 57 entries": 1_700_000,
}
"""Gas at most, whole transactions; "verify" is what the verifier itself uses."""
HOUR = 3_600
DAY = 24 * HOUR
TOKEN_UNIT = 10**18


@dataclass
class Bench:
    """A market with ten operators' enclaves and one provider, and what was measured on it."""

    market: Any
    registry: Any
    token: Any
    enclaves: list[sale.Enclave]
    measurement: bytes
    gas: dict[str, Gas] = field(default_factory=dict)
    nonces: Iterator[int] = field(default_factory=count)

    @property
    def domain(self) -> Domain:
        return Domain(chain.id, self.market.address)


def new_account() -> Any:
    """An account that the chain lets anybody use, with ether to commit."""
    address = Web3.to_checksum_address(secrets.token_bytes(20))
    web3.provider.make_request("anvil_setBalance", [address, hex(100 * sale.ETHER)])
    return accounts.at(address, force=True)


def used(receipt: Any) -> Gas:
    """Gas of a transaction, recorded with its state: call this before the chain is reverted."""
    return record(web3, receipt.txid)


def set_up(verifier: Any, token: Any) -> Bench:
    """Registry, market, ten staked operators with an enclave each."""
    deployer = accounts[0]
    registry = deployer.deploy(EnclaveRegistry, deployer, verifier, sale.ETHER)
    market = deployer.deploy(ModelMarket, registry, sale.ETHER // 100, 1_000, *PAYMENT_GAS)
    registry.set_market(market, {"from": deployer})
    program = sale.word("program")
    enclaves = []
    for seat in range(10):
        operator = new_account()
        registry.stake({"from": operator, "value": 10 * sale.ETHER})
        made = sale.enclave(f"gas {seat}", operator.address)
        number = chain.height - 1
        report_data = registry.report_data(operator, made.signing_key, made.sealing_key, number)
        evidence = encode(
            ["bytes32", "bytes32", "uint256", "bytes32"],
            [program, made.platform, now() + 365 * DAY, bytes(report_data)],
        )
        registry.register_enclave(
            verifier, evidence, made.signing_key, made.sealing_key, number, {"from": operator}
        )
        enclaves.append(made)
    provider = accounts[1]
    token.mint(provider, 10**6 * TOKEN_UNIT, {"from": deployer})
    token.mint(market, TOKEN_UNIT, {"from": deployer})
    token.approve(market, 2**256 - 1, {"from": provider})
    measurement = keccak(encode(["address", "bytes32"], [verifier.address, program]))
    return Bench(market, registry, token, enclaves, measurement)


@dataclass
class Sale:
    """One task on the bench, taken as far as its methods were called."""

    bench: Bench
    task: sale.Task
    entries: list[sale.RosterEntry]
    task_id: bytes
    models: list[tuple[Any, sale.Model]] = field(default_factory=list)
    gas: dict[str, Gas] = field(default_factory=dict)

    @classmethod
    def create(
        cls, bench: Bench, *, knots: int = 2, quorum: int = 1, uri: str = sale.TASK_URI
    ) -> "Sale":
        provider, start = accounts[1], now()
        entries = sale.roster(bench.enclaves[: 3 * quorum + 1])
        step = 400_000 // (knots - 1)
        curve = sale.curve(*((600_000 + i * step, (100 + i) * TOKEN_UNIT) for i in range(knots)))
        task = sale.task(
            provider.address,
            entries,
            bench.measurement,
            start,
            token=bench.token.address,
            budget=1_000 * TOKEN_UNIT,
            benchmark_fee=5 * TOKEN_UNIT,
            max_awards=8,
            quorum=quorum,
            max_submissions=1_000,
            nonce=next(bench.nonces),
            curve=curve,
            commit_deadline=start + HOUR,
            reveal_deadline=start + 7 * HOUR,
            report_deadline=start + 13 * HOUR,
        )
        receipt = bench.market.create_task(task, uri, {"from": provider})
        made = cls(bench, task, entries, task.id(bench.domain))
        made.gas["create"] = used(receipt)
        return made

    def commit(self, developers: int) -> Any:
        """The receipt of the last commit."""
        for _ in range(developers):
            developer = new_account()
            name = f"{self.task.nonce} {len(self.models)}"
            model = replace(sale.model(developer.address, name), uri="ipfs://" + 59 * "x")
            receipt = self.bench.market.commit_model(
                self.task_id,
                model.commitment(self.bench.domain, self.task_id),
                {"from": developer, "value": self.task.commit_bond + self.task.entry_fee},
            )
            self.models.append((developer, model))
        return receipt

    def reveal(self, models: int) -> list[Any]:
        """The receipts of the reveals; the gas of closing is in `gas`."""
        warp(self.task.commit_deadline)
        receipts = [
            self.bench.market.reveal_model(*model.reveal(self.task_id, index), {"from": developer})
            for index, (developer, model) in enumerate(self.models[:models])
        ]
        warp(self.task.reveal_deadline)
        self.gas["close"] = used(self.bench.market.close_reveals(self.task_id))
        return receipts

    def post(self, awards: int) -> sale.Posted:
        """The report of the first enclaves of the roster, awarding the first models."""
        judges = self.bench.enclaves[: self.task.quorum]
        report = self.report(awards)
        cosignatures = sale.cosign(report.digest(self.bench.domain), judges)
        receipt = self.bench.market.post_report(
            *sale.post(self.task, self.entries, report, cosignatures), {"from": accounts[2]}
        )
        self.gas["post"] = used(receipt)
        return sale.posted(self.bench.domain, self.task, report, judges)

    def report(self, awards: int, *, panel: bool = False, best: int = 900_000) -> sale.Report:
        seed = bytes(self.bench.market.head(self.task_id)) if not panel else b""
        pairs = [(index, best - index) for index in range(awards)]
        return sale.report(self.task_id, seed, *pairs, panel=panel)

    def claim(self, posted: sale.Posted) -> list[Any]:
        """The receipts of the claims, in the order of the awards."""
        warp(self.bench.market.progress(self.task_id)[1])
        return [
            self.bench.market.claim_award(
                *posted.claim(award, self.models[award][1]), {"from": self.models[award][0]}
            )
            for award in range(len(posted.payouts))
        ]

    def settle(self, posted: sale.Posted) -> Any:
        return self.bench.market.settle(*posted.settle(), {"from": accounts[1]})


# ── What is measured ──


def measure_sales(bench: Bench) -> None:
    """Sales from task to settlement, with one and eight awards, of one and three signers."""
    warm_up = Sale.create(bench)
    warm_up.commit(1)
    warm_up.reveal(1)
    first = warm_up.post(1)
    warm_up.claim(first)
    warm_up.settle(first)

    one = Sale.create(bench)
    commit = used(one.commit(2))
    first_reveal, reveal = map(used, one.reveal(2))
    posted = one.post(1)
    (claim,) = map(used, one.claim(posted))
    gas = bench.gas
    gas["create_task, 2 knots"] = one.gas["create"]
    without = Sale.create(bench, uri="")
    gas["of create_task, 2 knots: for a URI of 65 letters"] = (
        one.gas["create"] - without.gas["create"]
    )
    gas["commit_model, 2nd"] = commit
    gas["reveal_model, first"], gas["reveal_model, later"] = first_reveal, reveal
    gas["close_reveals"] = one.gas["close"]
    gas["post_report, 1 signature, roster of 4, 1 award"] = one.gas["post"]
    gas["claim_award, of 1"] = claim
    gas["one sale: create, commit, later reveal, close, post, claim"] = (
        one.gas["create"] + commit + reveal + one.gas["close"] + one.gas["post"] + claim
    )
    gas["settle, 1 signer"] = used(one.settle(posted))

    eight = Sale.create(bench, knots=8)
    gas["create_task, 8 knots"] = eight.gas["create"]
    eight.commit(8)
    eight.reveal(8)
    posted = eight.post(8)
    gas["post_report, 1 signature, roster of 4, 8 awards"] = eight.gas["post"]
    gas["claim_award, of 8"] = used(eight.claim(posted)[-1])

    for _ in range(2):  # the second time, the ledger words of all three signers are not zero
        three = Sale.create(bench, quorum=3)
        three.commit(1)
        three.reveal(1)
        posted = three.post(1)
        three.claim(posted)
        settled = three.settle(posted)
    gas["post_report, 3 signatures, roster of 10, 1 award"] = three.gas["post"]
    gas["settle, 3 signers"] = used(settled)

    operator = accounts.at(bench.enclaves[0].operator, force=True)
    gas["announce"] = used(bench.registry.announce(sale.TASK_URI, {"from": operator}))
    gas["withdraw"] = used(bench.market.withdraw(bench.token, operator, {"from": operator}))

    silent = Sale.create(bench)
    warp(silent.task.reveal_deadline)
    gas["void"] = used(bench.market.void(silent.task, {"from": accounts[1]}))


def measure_disputes(bench: Bench) -> None:
    """A dispute whose panel of three finds the same, and one whose panel finds another score."""
    for verdict, best in (("upheld", 900_000), ("overturned", 850_000)):
        for _ in range(2):  # the second time, the panel's and the challenger's credits are not zero
            disputed = Sale.create(bench)
            disputed.commit(1)
            disputed.reveal(1)
            posted = disputed.post(1)
            challenger = accounts[3]
            dispute = bench.market.dispute_report(
                disputed.task,
                {"from": challenger, "value": disputed.task.bond(bench.market.seat_bond())},
            )
            found = disputed.report(1, panel=True, best=best)._replace(seed=posted.report.seed)
            resolve = bench.market.resolve_dispute(
                *posted_resolve(disputed, posted, challenger.address, found),
                {"from": accounts[2]},
            )
        name = f"dispute + resolve, 3 panel signatures, {verdict}"
        bench.gas[name] = used(dispute) + used(resolve)


def posted_resolve(
    disputed: Sale, posted: sale.Posted, challenger: str, found: sale.Report
) -> tuple[object, ...]:
    """The arguments of `resolve_dispute`, signed by the rest of the roster."""
    panel = disputed.bench.enclaves[1:4]
    return posted.resolve(disputed.entries, challenger, found, panel)


def measure_attestation(gas: dict[str, Gas]) -> Deployment:
    """A machine's first quote with its chain, its next one, two re-registrations; the contracts.

    The second enclave retires the first: one more word is read and two are written than in a
    renewal. A renewal reads one word more than it would without retirement.
    """
    settings = load("development", live=False)
    made = deploy(accounts[0], settings, Console(quiet=True))
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    measure_documents(gas, made, intel)
    machine, account = Machine.simulate(intel, "gas"), accounts[4]
    operators = [
        DishonestOperator(
            name="gas",
            account=account,
            made=made,
            machine=machine,
            enclave=TamperedEnclave.boot(secrets.token_bytes),
        )
        for _ in range(2)
    ]
    for name, operator in zip(("first of a platform", "platform cached"), operators, strict=True):
        number = chain.height - 1
        evidence = operator.evidence(number)
        identity = operator.entry
        report_data = made.registry.report_data(
            account, identity.signing_key, identity.sealing_key, number
        )
        chain.snapshot()
        receipt = send(made.verifier.verify, evidence, report_data, account=account)
        gas[f"verify a quote, {name}"] = replace(used(receipt), is_bare=True)
        chain.revert()
        registered = operator.register(2 * sale.ETHER)
    gas["re-register an enclave, retiring the one before, in all"] = used(registered)
    gas["renew an enclave, in all"] = used(operators[1].register(1))
    return made


def measure_documents(gas: dict[str, Gas], made: Deployment, intel: SimulatedIntel) -> None:
    """Bring what anybody brings before the first quote: lists, identities, TCB infos."""
    attesting = Attesting(made.policy, made.verifier)
    dates = Dates.of(chain.time())
    attesting.add_lists(collateral(intel, TeeType.SGX))
    record = attesting.add_authority(collateral(intel, TeeType.SGX))
    serials = range(2**152, 2**152 + 57)
    crl = crl_bytes(intel.authority.revoke(*serials, this_update=dates.issued))
    gas["add_crl, 57 entries"] = used(made.verifier.add_crl(astuple(record), crl, 2_048))
    for tee_type in TeeType:
        brought = signed(identity(tee_type, dates), intel.tcb_signer)
        gas["update_identity"] = used(made.policy.update_identity(*brought))
        for fmspc, levels in ((b"others", LEVELS * 2), (FMSPC, LEVELS)):
            brought = signed(tcb_info(tee_type, dates, levels, fmspc=fmspc), intel.tcb_signer)
            updated = made.policy.update_tcb(*brought)
            gas[f"update_tcb, {tee_type.name} document, {len(levels)} levels"] = used(updated)


def main() -> dict[str, Figures]:
    """Measure, print, and return the gas of each operation under each hardfork.

    Raises:
        RuntimeError: an operation exceeds its limit, or the snapshot by more than 1 %.
    """
    found, sizes = measure()
    console = Console(width=140)
    console.print(gas_report.table(found, LIMITS))
    console.print(gas_report.floors(found))
    console.print(gas_report.first_figures(found))
    console.print("Deployed code, bytes: " + ", ".join(f"{k} {v:,}" for k, v in sizes.items()))
    gas_report.check(found, LIMITS)
    return found


def accept() -> dict[str, Figures]:
    """Measure, and make what was measured the snapshot: `brownie run gas accept`."""
    found, _ = measure()
    gas_report.check_limits(found, LIMITS)
    gas_report.write(found)
    return found


def measure() -> tuple[dict[str, Figures], dict[str, int]]:
    """Return the gas of each operation, and the bytes of each contract."""
    if CONFIG.network_type != "development":
        raise RuntimeError("gas is measured on a local chain: expected a development network")
    deployer = accounts[0]
    bench = set_up(deployer.deploy(MockVerifier), deployer.deploy(PlainToken, 18))
    measure_sales(bench)
    measure_disputes(bench)
    made = measure_attestation(bench.gas)
    sizes = {
        c._name: len(web3.eth.get_code(c.address))
        for c in (bench.market, bench.registry, made.verifier, made.policy)
    }
    return figures({name: bench.gas[name] for name in LIMITS}), sizes
