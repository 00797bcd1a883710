"""A market to look at: tasks in every stage, operators with SIMULATED attestation, real results."""

from dataclasses import dataclass
from typing import Any

from brownie import PlainToken, accounts

from offchain.chain.registry import Registry
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import ModelFault, SubmissionFault
from offchain.protocol.results import Result, make_results
from offchain.protocol.task import RosterEntry
from offchain.storage.publications import PublicationFolder, TaskDocuments
from tests import sale as parts
from tests.anvil import Anvil, fund
from tests.deployment import Deployment, Sale
from tests.e2e.hosts import KEY, Hosts
from tests.offchain.market import enclaves, key_of, make_manifest
from tests.sale import ETHER, Posted, curve, model, roster_digest
from tests.signing import signing_key

TUMOURS = "Is a tumour benign? 30 measures of its cells (Wisconsin breast cancer data)"
DIGITS = "Handwritten digits from the post office of a small town"
HOUSES = "Which houses sell within a month?"
FLOWERS = "Three kinds of iris, by four measures"
MOTORS = "Motors that fail within a week, by their vibration"
TAXIS = "Taxi rides that end in a complaint"
LOANS = "Loans that are paid back"
BIRDS = "Sounds of birds in a city"


class Attested(Deployment):
    """The market of `Hosts`, whose enclaves sign what the tests tell them to."""

    def __init__(self, hosts: Hosts) -> None:
        super(Deployment, self).__init__(Anvil(), hosts.made.market, accounts[8])
        self.hosts, self.registry, self.provider = hosts, hosts.made.registry, accounts[9]
        self.measurement = hosts.measurement
        registry = Registry(hosts.market(0).node, hosts.made.registry.address)
        self.enclaves = []
        for each in enclaves(len(hosts.clients)):
            known = registry.registered(each.identity.signing_key, hosts.measurement)
            assert known is not None
            keys = key_of(each), known.sealing_key
            self.enclaves.append(parts.Enclave(*keys, known.platform, known.operator))

    def create(self, task: Any) -> Any:
        folder, method = self.hosts.folder / "provider", self.market.create_task
        value = task.escrow()
        return self.driver.send(method, task, str(folder), sender=task.provider, value=value)

    def dispute(self, task: Any, challenger: Any) -> None:
        bond = task.bond(self.market.seat_bond())
        self.driver.send(self.market.dispute_report, task, sender=challenger, value=bond)


@dataclass
class Scene:
    """The market and its tasks, by what became of them."""

    chain: Attested
    sales: dict[str, Sale]
    token: Any

    def new(self, name: str, description: str, **terms: Any) -> Sale:
        """A task whose provider publishes its manifest and roster."""
        manifest = make_manifest(KEY, description=description)
        nonce = len(self.sales)
        made = Sale(self.chain, benchmark=manifest.digest(), nonce=nonce, **terms)
        documents = TaskDocuments(manifest, tuple(RosterEntry(*each) for each in made.roster))
        assert made.task.roster == roster_digest(made.roster)
        folder = PublicationFolder(str(self.chain.hosts.folder / "provider"))
        folder.put_documents(made.id, documents)
        self.sales[name] = made.create()
        return made

    def report(self, sale: Sale, *results: Result, awards: int = 3, panel: bool = False) -> Any:
        """The report of these results, which the first operator publishes: best first."""
        revealed = {each.index for each in results}
        leaves = {index: sale.models[index].leaf(sale.id, index) for index in revealed}
        found = make_results(sale.id, leaves, KEY, results)
        folder = self.chain.hosts.folder / "results 0"
        folder.mkdir(exist_ok=True)
        name = f"0x{sale.id.hex()}-round-{int(panel)}.json"
        (folder / name).write_bytes(to_json(found))
        scored = [each for each in results if (each.score or 0) >= 500_000]
        best = sorted(scored, key=lambda each: (-each.score, each.index))[:awards]
        pairs = [(each.index, each.score) for each in best]
        return sale.measured(*pairs, panel=panel, results=found.root())

    def post(self, sale: Sale, *results: Result, **how: Any) -> Posted:
        return self.chain.post(sale.task, self.report(sale, *results, **how), sale.enclaves)


def developers(count: int) -> list[str]:
    """Accounts with ether."""
    made = [accounts.add(signing_key(f"developer {n}").to_hex()) for n in range(count)]
    for each in made:
        fund(each, 100 * ETHER)
    return [str(each) for each in made]


def build(hosts: Hosts) -> Scene:
    """Play all sales, one after the other, in about three weeks of the chain's time."""
    scene = Scene(Attested(hosts), {}, accounts[0].deploy(PlainToken, 6))
    models = [model(each, f"model {n}", n % 3 * ETHER) for n, each in enumerate(developers(9))]
    _settled(scene, models)
    _in_tokens(scene, models[:4])
    _voided(scene, models[:3])
    _overturned(scene, models[:4])
    _disputed(scene, models[:4])
    scene.new("closed", MOTORS).commit(*models[:3]).reveal(0, 2).close()
    scene.new("open", FLOWERS, max_submissions=40).commit(*models[:2])
    late = scene.chain.driver.now + 9 * parts.DAY
    terms = {"commit_deadline": late, "reveal_deadline": late + parts.DAY}
    prices = curve((800_000, ETHER // 10), (900_000, ETHER // 2), (980_000, 2 * ETHER))
    scene.new("fresh", TUMOURS, **terms, report_deadline=late + 2 * parts.DAY, curve=prices)
    return scene


def _settled(scene: Scene, models: list[Any]) -> None:
    """Nine commits, eight reveals, three awards of which one is never claimed."""
    sale = scene.new("settled", DIGITS, budget=16 * ETHER).commit(*models)
    sale.reveal(*range(8)).close()
    scores = [912_000, 874_500, 905_250, 731_000, 486_000, 662_400]
    results = [Result(n, score) for n, score in enumerate(scores)]
    results += [Result(6, reason=ModelFault.MEMORY), Result(7, reason=SubmissionFault.DUPLICATE)]
    stands = scene.post(sale, *results)
    sale.claim(stands, 0)
    sale.claim(stands, 2)
    sale.settle(stands)


def _in_tokens(scene: Scene, models: list[Any]) -> None:
    """A sale in tokens of six decimals, all claimed, settled by the provider itself."""
    million, market = 10**6, scene.chain.market
    provider = scene.chain.provider
    budget, fee = 9_000 * million, 500 * million
    scene.token.mint(provider, budget + fee, {"from": accounts[0]})
    scene.token.approve(market, budget + fee, {"from": provider})
    prices = curve((600_000, 1_000 * million), (900_000, 4_000 * million))
    money = {"token": scene.token.address, "budget": budget, "benchmark_fee": fee}
    sale = scene.new("in tokens", HOUSES, **money, curve=prices)
    plain = [model(each.developer, f"house {n}") for n, each in enumerate(models)]
    sale.commit(*plain).reveal(*range(4)).close()
    scores = (812_300, 655_000, 590_000, 871_111)
    stands = scene.post(sale, *(Result(n, score) for n, score in enumerate(scores)), awards=2)
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands, sender=provider)


def _voided(scene: Scene, models: list[Any]) -> None:
    """No report came: one of two developers who revealed has its share."""
    sale = scene.new("voided", TAXIS).commit(*models).reveal(0, 1).close()
    sale.void()
    sale.share(1)


def _overturned(scene: Scene, models: list[Any]) -> None:
    """A panel overturns the report, and the better model is paid; not settled yet."""
    sale = scene.new("overturned", LOANS).commit(*models)
    sale.reveal(*range(4)).close()
    true = [Result(n, score) for n, score in enumerate((804_000, 951_500, 640_000, 512_000))]
    lies = [Result(n, score) for n, score in enumerate((990_000, 951_500, 640_000, 512_000))]
    stands = scene.post(sale, *lies, awards=1)
    sale.dispute(models[1].developer)
    verdict = scene.report(sale, *true, awards=1, panel=True)
    challenger, panel = models[1].developer, sale.panel
    stands = scene.chain.resolve(stands, sale.roster, challenger, verdict, panel)
    sale.claim(stands, 0)


def _disputed(scene: Scene, models: list[Any]) -> None:
    """A dispute that waits for its verdict."""
    sale = scene.new("disputed", BIRDS, verdict_window=5 * parts.DAY).commit(*models)
    sale.reveal(*range(4)).close()
    results = [Result(n, score) for n, score in enumerate((704_000, 851_500, 640_000, 512_000))]
    scene.post(sale, *results)
    sale.dispute(models[2].developer)
