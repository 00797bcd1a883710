"""The fuzz campaign over models, documents and HTTP requests: ``python -m tests.fire.fuzz --help``.

Every input follows from the seed and its number. Each function returns a line about what it has
run, and raises an AssertionError that quotes the input if anything fails.
"""

import argparse
import asyncio
import random
import re
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import InvalidRequest, RunAborted
from offchain.protocol.messages import Bundle, CosignRequest, Registration, RunId
from offchain.storage.publications import Inventory, TaskDocuments
from tests.fire import judge
from tests.fire.forks import Case, outcomes_and_growth, status_bytes
from tests.fire.mutations import change_bytes, change_document, mutated_models
from tests.fire.services import Served, head, process
from tests.offchain.honest import BUNDLE, HONEST, REPORT, TASK_ID, fresh
from tests.offchain.market import TOOLS
from tests.vectors.generate import word

MIB = 2**20
TOGETHER = 25
"""Models that share a process in a campaign; else each has its own."""
LIST = 2_000
"""Models of one process that forks."""
GROWTH_BYTES = {"models": 16 * MIB, "documents": 32 * MIB, "requests": 64 * MIB}
"""Memory that a process may have more after its inputs than after its first ones."""
STATUSES = {100, 200, 202, 204, 400, 403, 404, 405, 408, 409, 413, 415, 417, 503}
"""Statuses that a service may answer with: those of `offchain.enclave.service.server`, and of HTTP
itself."""


def _of(seed: int, *place: object) -> random.Random:
    return random.Random(repr((seed, *place)))  # noqa: S311 - nothing secret


# ── Models ──


def models(count: int, seed: int, together: int = 1, jobs: int = 1) -> str:
    """Run mutated models of every operator: each is scored or refused, and none is an abort."""
    size = max(1, min(LIST, -(-count // jobs)))
    found: Counter[str] = Counter()
    most = 0
    with ThreadPoolExecutor(jobs) as pool:
        running: deque[Future[tuple[Counter[str], int]]] = deque()
        for start in range(0, count, size):
            cases = list(mutated_models([seed, start], min(size, count - start)))
            running.append(pool.submit(_run_models, cases, start, together))
            while len(running) > jobs or (running and start + size >= count):
                kinds, growth = running.popleft().result()
                found += kinds
                print(f"{found.total()} of {count} models", file=sys.stderr)
                most = max(most, growth)
    assert most < GROWTH_BYTES["models"]
    kinds = ", ".join(f"{number} {name}" for name, number in sorted(found.items()))
    return f"{found.total()} models: {kinds}, 0 aborted; growth at most {most / MIB:.1f} MiB"


def _run_models(cases: list[Case], start: int, together: int) -> tuple[Counter[str], int]:
    results, growth = outcomes_and_growth(cases, together=together)
    for number, (case, outcome) in enumerate(zip(cases, results, strict=True), start):
        assert not outcome.abort, f"model {number}: {outcome.abort}: {case.model.hex()}"
    names = ("scored" if each.fault is None else str(each.fault) for each in results)
    return Counter(names), growth


# ── Documents ──


def cosign_request() -> CosignRequest:
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)
    return CosignRequest(RunId(TASK_ID, 0), enclave.propose(TASK_ID, 0), word("platform"))


def all_documents() -> list[object]:
    """Return a document of every kind that is read from others."""
    enclave, asked = fresh(), cosign_request()
    enclave.measure(BUNDLE, TOOLS)
    signed = enclave.cosign(TASK_ID, 0, asked.proposal, asked.platform)
    return [
        BUNDLE,
        BUNDLE,  # twice as often as the others
        asked,
        asked.proposal,
        signed,
        signed.results,
        BUNDLE.release,
        TaskDocuments(HONEST.manifest, HONEST.transcript.roster),
        Inventory(TASK_ID, REPORT.seed, (0, 1)),
        RunId(TASK_ID, 0),
        Registration("0x" + 40 * "1", "0x" + 40 * "2", 1, 1, word("block")),
    ]


def documents(count: int, seed: int) -> str:
    """Read mutated documents as the judge reads them, and give enclaves those that can be read.

    An enclave refuses a bundle or measures it, and signs at most one report.
    """
    known = [(type(document), to_json(document)) for document in all_documents()]
    enclave, reports = fresh(), set()
    enclave.measure(BUNDLE, TOOLS)
    found: Counter[str] = Counter()
    before = 0
    for number in range(count):
        source = _of(seed, "document", number)
        kind, plain = source.choice(known)
        content = source.choice([change_bytes, change_document])(plain, source)
        value = read_as_judged(kind, content)
        if isinstance(value, Bundle):
            with suppress(InvalidRequest, RunAborted):
                fresh().measure(value, TOOLS)
        elif isinstance(value, CosignRequest):
            with suppress(InvalidRequest):
                run, *asked = value.run, value.proposal, value.platform, value.report
                signed = enclave.cosign(run.task_id, run.round, *asked)
                reports.add(signed.report)
        assert len(reports) <= 1, content
        found["read" if value is not None else "refused"] += 1
        if number == count // 10:
            before = status_bytes("self", "VmRSS")
    growth = status_bytes("self", "VmRSS") - before
    assert growth < GROWTH_BYTES["documents"]
    return (
        f"{count} documents: {found['read']} read, {found['refused']} refused, as the judge does; "
        f"growth {growth / MIB:.1f} MiB"
    )


def read_as_judged(kind: type, content: bytes) -> object | None:
    """Read a document; return None if it is refused; assert that the judge agrees."""
    try:
        expected = judge.read(kind, content)
    except (judge.Malformed, ValueError) as error:
        expected = error
    value = fault = None
    try:
        value = from_json(kind, content)
    except ValidationError as refusal:  # kept as such, it would keep this frame, and all of it
        fault = refusal.error_count(), str(refusal)
    if fault is None:
        assert value == expected, (kind, content)
    else:
        assert isinstance(expected, Exception), (kind, content, fault)
        assert (fault[0], len(fault[1]) < 1_000) == (1, True), content
    return value


# ── HTTP requests ──

ARTIFACT = b"/artifacts/" + b"0" * 64


def all_requests() -> list[tuple[bytes, bytes, bytes]]:
    """Return method, path and body of an honest request of every kind."""
    status = b"/measure/0x" + TASK_ID.hex().encode() + b"/0"
    return [
        (b"POST", b"/measure", to_json(BUNDLE)),
        (b"POST", b"/cosign", to_json(cosign_request())),
        (b"POST", b"/propose", to_json(RunId(TASK_ID, 0))),
        (b"POST", b"/attestation", to_json(all_documents()[-1])),
        (b"PUT", ARTIFACT, b"3\r\nabc\r\n0\r\n\r\n"),
        *((b"GET", path, b"") for path in (b"/identity", b"/health", status)),
        (b"HEAD", ARTIFACT, b""),
    ]


LINES = (
    b"Expect: 100-continue",
    b"Content-Encoding: gzip",
    b"Connection: close",
    b"X: " + b"x" * 9000,
)


def request(method: bytes, path: bytes, plain: bytes, source: random.Random) -> bytes:
    """Return a request whose body, head, or all bytes may be mutated; or an honest one."""
    body, kind = plain, source.randrange(5)
    if method == b"POST" and kind <= 1:
        body = source.choice([change_bytes, change_document])(plain, source)
    chunked = body and (method == b"PUT" or source.random() < 0.1)
    if chunked and method != b"PUT":
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    lines = [b"Transfer-Encoding: chunked"] if chunked else []
    if source.random() < 0.1:
        lines.append(source.choice(LINES))
    first = head(method, path, None if chunked else len(body), *lines)
    if kind == 2:
        return change_bytes(first, source) + body
    return change_bytes(first + body, source) if kind == 3 else first + body


PIPELINED = 2
"""Requests on one connection, before one for the identity of the enclave."""


def requests(served: Served, count: int, seed: int) -> str:
    """Send mutated requests: none is answered with a fault, and the service keeps its memory."""
    known = all_requests()
    asyncio.run(_send_all(served, known, max(1, count // 10), seed + 1))
    before = served.resident()
    statuses = asyncio.run(_send_all(served, known, count, seed))
    assert statuses.keys() <= STATUSES, statuses
    served.check()
    growth = served.resident() - before
    assert growth < GROWTH_BYTES["requests"]
    answers = ", ".join(f"{number} of {status}" for status, number in sorted(statuses.items()))
    return (
        f"{count} requests, answers {answers}; the service has {served.resident() // MIB} MiB, "
        f"growth {growth / MIB:.1f} MiB, peak {served.peak() // MIB} MiB"
    )


async def _send_all(served: Served, known: list[tuple], count: int, seed: int) -> Counter[int]:
    statuses: Counter[int] = Counter()
    numbers = iter(range(0, count, PIPELINED))

    async def work() -> None:
        for number in numbers:
            source = _of(seed, "request", number)
            mutants = (
                request(*source.choice(known), source)
                for _ in range(min(PIPELINED, count - number))
            )
            answer = await _exchange(served.url, b"".join(mutants) + LAST)
            statuses.update(map(int, STATUS_LINE.findall(answer)))
            assert served.process.poll() is None, f"requests {number} to {number + PIPELINED}"

    await asyncio.gather(*(work() for _ in range(6)))
    return statuses


STATUS_LINE = re.compile(rb"^HTTP/1\.[01] (\d+)", re.MULTILINE)
LAST = head(b"GET", b"/identity", None, b"Connection: close")


async def _exchange(url: str, content: bytes) -> bytes:
    """Send bytes and return what comes, for a moment: a mutant may wait for more than it got."""
    parts, found = urlsplit(url), bytearray()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    with suppress(ConnectionError, TimeoutError):
        writer.write(content)
        while piece := await asyncio.wait_for(reader.read(2**16), 0.1):
            found += piece
    writer.transport.abort()
    return bytes(found)


# ── All ──


def requests_to_one(count: int, seed: int) -> str:
    """Send requests to a service of its own."""
    with tempfile.TemporaryDirectory() as folder, process(Path(folder)) as served:
        return requests(served, count, seed)


SHARES = (
    (partial(models, together=TOGETHER, jobs=2), 0.1),
    (documents, 0.45),
    (requests_to_one, 0.45),
)
"""The kinds of input, and their shares: a model costs more than the others."""


def campaign(count: int, seed: int) -> Iterator[str]:
    """Yield a line for each kind of input; the kinds run side by side."""
    with ProcessPoolExecutor(len(SHARES), get_context("spawn")) as pool:
        running = [pool.submit(kind, int(share * count), seed) for kind, share in SHARES]
        for each in as_completed(running):
            yield each.result()
    yield f"{count} inputs with seed {seed}: no abort, no signal, no growth"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="of all kinds (%(default)s)")
    parser.add_argument("--seed", type=int, default=17, help="of all inputs (%(default)s)")
    arguments = parser.parse_args()
    for line in campaign(arguments.inputs, arguments.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
