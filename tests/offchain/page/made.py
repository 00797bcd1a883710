"""Views of markets of any size, without a chain: sums come out, and every proof is valid."""

from dataclasses import replace

from offchain.chain.progress import Stage, TaskProgress
from offchain.observer.status import Act
from offchain.page.money import Movement, balances
from offchain.page.operators import EnclaveView, Judged, OperatorView
from offchain.page.tasks import Entry, Proved, ReportView, Step, TaskView
from offchain.page.tcb import Attested
from offchain.page.view import MarketView, TokenView
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.errors import ModelFault
from offchain.protocol.merkle import layers
from offchain.protocol.pricing import Knot
from offchain.protocol.results import Result, make_results
from offchain.protocol.task import Submission
from offchain.protocol.transcript import Reveal
from tests.offchain.market import enclaves, make_manifest, make_task
from tests.sale import DAY, ETHER
from tests.vectors.generate import address, word

NOW = 1_800_000_000


def task_view(number: int, submissions: int, stage: Stage = Stage.REPORTED) -> TaskView:
    """A task; one in ten submissions is refused, none is bought."""
    terms = make_task(
        [each.identity for each in enclaves()],
        make_manifest(word("test set")),
        budget=9 * ETHER,
        commit_deadline=NOW + number * DAY // 10,
        reveal_deadline=NOW + number * DAY // 10 + DAY,
        report_deadline=NOW + number * DAY // 10 + 2 * DAY,
        nonce=number,
        curve=(Knot(500_000, ETHER), Knot(1_000_000, 6 * ETHER)),
    )
    task_id = word(f"task {number}")
    entries, root = _entries(task_id, submissions)
    who, moved = terms.provider, Movement(True, "provider", "budget", ZERO_ADDRESS, 9 * ETHER)
    created = Step(
        "TaskCreated", NOW - DAY, 1, word("sent"), who, "provider", "posted it", (moved,)
    )
    commits = [
        Step("ModelCommitted", NOW, 2, word("sent"), each.developer, "developer", "committed", ())
        for each in entries
    ]
    return TaskView(
        id=task_id,
        stage=stage.name.lower(),
        created=NOW - DAY,
        task=terms,
        uri="",
        metric="accuracy",
        description=f"task number {number}",
        documents="",
        progress=TaskProgress(stage, NOW, NOW + DAY, 10**6, submissions, submissions, 0, 0, 0, 0),
        acts=(Act("settle", "anybody", None, "ends it", "settle"),),
        steps=(created, *commits),
        entries=entries,
        report=ReportView(0, root, (), "", "a folder"),
        dispute=None,
        balances=balances([moved], {ZERO_ADDRESS: 9 * ETHER}),
    )


def _entries(task_id: bytes, count: int) -> tuple[tuple[Entry, ...], bytes]:
    reveals = [
        Reveal(
            index=index,
            developer=address(f"developer {index % 100}"),
            submission=Submission(word("model"), word("artifact"), word("envelope"), index),
            keyring_digest=word("keyring"),
            salt=word("salt"),
            uri="",
        )
        for index in range(count)
    ]
    results = [
        Result(each.index, reason=ModelFault.MEMORY)
        if each.index % 10 == 9
        else Result(each.index, 450_000 + 500 * each.index % 540_000)
        for each in reveals
    ]
    leaves = {each.index: each.leaf(task_id) for each in reveals}
    found = make_results(task_id, leaves, word("test set"), results)
    tree = layers([each.digest() for each in found.entries])
    made = []
    for at, (reveal, entry) in enumerate(zip(reveals, found.entries, strict=True)):
        proof, place = [], at
        for layer in tree[:-1]:
            proof += layer[place ^ 1 : (place ^ 1) + 1]
            place //= 2
        score, reason = entry.result.score, entry.result.reason
        proved = Proved(score, reason and str(reason), entry.leaf, entry.salt, tuple(proof))
        of = reveal.submission
        digests = of.model_digest, of.artifact_digest, reveal.keyring_digest, of.envelope_digest
        made.append(
            Entry(at, reveal.developer, NOW, NOW, *digests, of.min_price, None, False, proved)
        )
    return tuple(made), tree[-1][0]


def market_view(tasks: int, submissions: int) -> MarketView:
    """A market: the submissions in one task, and as many other tasks as are asked for."""
    whole = task_view(0, submissions)
    open_ = task_view(1, 2, Stage.OPEN)
    others = (
        replace(open_, id=word(f"task {n}"), description=f"task number {n}")
        for n in range(1, tasks)
    )
    every = (whole, *others)
    attested = Attested("SIMULATED", "UpToDate", (), True)
    digests = word("measurement"), word("platform")
    enclave = EnclaveView(address("key"), *digests, "a program", NOW, NOW + DAY, "active", attested)
    record = (Judged(whole.id, "report", "stands"),)
    operator = OperatorView(address("it"), ETHER, 0, 0, "folder", (enclave,), record, 0)
    moved = [each for task in every for step in task.steps for each in step.moved]
    return MarketView(
        network="harvest",
        chain_id=31_337,
        market=address("market"),
        registry=address("registry"),
        block=7,
        now=NOW,
        made=float(NOW),
        tokens={ZERO_ADDRESS: TokenView("ether", 18)},
        tasks=every,
        operators=(operator,),
        balances=balances(moved, {ZERO_ADDRESS: sum(each.amount for each in moved)}),
        credits={},
    )
