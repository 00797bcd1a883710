"""Operators agree by files, in whatever order they act, and lies bind nobody."""

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from offchain.chain.history import History
from offchain.chain.registry import Registered
from offchain.operator.case import Case
from offchain.operator.cosigning import Agreed, Cosigning, Peer, awards_of, find_peers
from offchain.operator.polling import Polls
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import InvalidRequest, RequestFault, SubmissionFault
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Posted, Proposal, RunId, Signed
from offchain.protocol.pricing import Award
from offchain.protocol.reports import recover, sign
from offchain.protocol.results import Result
from offchain.storage.publications import ResultsFolder, TaskDocuments
from tests.offchain.market import ROWS, TOOLS, Offer, key_of, make_market, model, run
from tests.vectors.generate import address, word

SMALLER = [0, 1, 2, 3]
MARKET = make_market(
    [Offer(model(SMALLER)), Offer(model(range(20, 32)))],
    manifest={"sample_size": ROWS, "minimum_gain": 25_000},
    tolerance=25_000,
    quorum=2,
)
"""One row is worth the tolerance: honest machines may differ by it."""
TRANSCRIPT = MARKET.transcript
RUN = RunId(TRANSCRIPT.task_id, 0)
DOMAIN = TRANSCRIPT.domain


class Service:
    """An enclave without its service, on a machine that may see one row otherwise."""

    def __init__(self, seat: int, *, differs: bool = False, posted: Posted | None = None) -> None:
        market = make_market(
            [Offer(model(SMALLER)), Offer(model(range(20, 32)))],
            manifest=MARKET.manifest,
            tolerance=25_000,
            quorum=2,
        )
        self.enclave = market.enclaves[seat]
        self.asked: list[Proposal] = []
        tools = replace(TOOLS, run=otherwise) if differs else TOOLS
        self.enclave.measure(replace(market.bundle(self.enclave), posted=posted), tools)
        self.propose = self.enclave.propose

    def cosign(self, task_id, round_, proposal, platform, expected=None):
        self.asked.append(proposal)
        return self.enclave.cosign(task_id, round_, proposal, platform, expected)


def otherwise(content, *rest, **options):
    changed = model([*SMALLER, 4]) if content == model(SMALLER) else content
    return run(changed, *rest, **options)


@dataclass
class Seat:
    """An operator with its own folder."""

    service: Service
    cosigning: Cosigning
    case: Case
    peers: list[Peer]
    run: RunId = RUN

    def step(self, seats: int = 2) -> tuple[list[str], Agreed | None]:
        self.cosigning.polls.next_step()
        stepping, said = self.cosigning.step(self.case, self.run, seats, self.peers, word("p")), []
        while True:
            try:
                said.append(next(stepping))
            except StopIteration as end:
                return said, end.value

    @property
    def key(self) -> str:
        return self.case.own.signing_key

    @property
    def signed(self):
        return self.cosigning.folder.signature(self.run, self.key)


def entry_of(seat: int):
    return MARKET.enclaves[seat].identity


def folder_of(root: Path, seat: int) -> ResultsFolder:
    return ResultsFolder(str(root / f"operator {seat}"))


def peer_of(root: Path, seat: int, operator: str | None = None) -> Peer:
    entry = entry_of(seat)
    name = address(f"operator {seat}") if operator is None else operator
    known = Registered(name, word(f"platform {seat}"), entry.sealing_key, 1)
    return Peer(entry, known, folder_of(root, seat))


def seat_of(root: Path, seat: int, others, *, turn: int = 3, linger: float = 30, **options) -> Seat:
    service = Service(seat, **options)
    documents = TaskDocuments(MARKET.manifest, TRANSCRIPT.roster)
    case = Case(RUN.task_id, History(TRANSCRIPT.task), documents, TRANSCRIPT, entry_of(seat), None)
    cosigning = Cosigning(service, folder_of(root, seat), Polls(linger), turn)
    return Seat(service, cosigning, case, [peer_of(root, each) for each in others])


# ── One report, whoever comes first ──


@pytest.mark.parametrize("seed", range(12))
def test_step__two_machines_that_differ_act_in_any_order__sign_one_report(tmp_path, seed):
    """However the steps of the two are mixed, neither enclave signs alone."""
    source = Random(seed)  # noqa: S311 - nothing secret
    first = seat_of(tmp_path, 0, [1])
    second = seat_of(tmp_path, 1, [0], differs=True)
    assert first.service.propose(*ids()) != second.service.propose(*ids())
    for _ in range(40):
        _, agreed = source.choice([first, second]).step()
        if agreed is not None:
            break
    assert agreed is not None
    assert first.signed.report == second.signed.report == agreed.report
    digest = agreed.report.digest(DOMAIN)
    assert {recover(digest, each) for each in agreed.cosignatures} == {first.key, second.key}
    platforms = {each.platform for each in agreed.cosignatures}
    assert len(platforms) == 2  # the registry's, whatever the files say


def ids():
    return RUN.task_id, RUN.round


def test_step__quorum_of_one__lower_key_posts_and_the_other_waits_its_turn(tmp_path):
    low, high = seat_of(tmp_path, 0, [1]), seat_of(tmp_path, 1, [0])
    assert low.step(1)[1] is not None
    waited = 0
    while (agreed := high.step(1)[1]) is None:
        waited += 1
    assert waited == 3  # it joins at once, and leaves the low one three steps to post
    assert agreed.report == low.signed.report


def test_step__turn_of_a_lower_key_that_is_silent__is_over_after_its_steps(tmp_path):
    """A proposal is there, and its operator is not seen again."""
    silent, second, third = (seat_of(tmp_path, n, {0, 1, 2} - {n}, turn=2) for n in range(3))
    silent.cosigning.folder.put_proposal(RUN, silent.key, silent.service.propose(*ids()))
    for _ in range(3):  # its two steps, and the one between proposal and signature
        second.step()
        assert second.signed is None
    second.step()
    assert second.signed is not None
    third.step()
    assert third.signed.report == second.signed.report


def test_step__two_lower_keys__have_their_turns_one_after_the_other(tmp_path):
    first, second, third = (seat_of(tmp_path, n, {0, 1, 2} - {n}, turn=2) for n in range(3))
    for silent in (first, second):
        silent.cosigning.folder.put_proposal(RUN, silent.key, silent.service.propose(*ids()))
    for _ in range(2 + 2 + 1):
        third.step()
        assert third.signed is None
    third.step()
    assert third.signed is not None
    waited = 0
    while third.step(1)[1] is None:
        waited += 1
    assert waited == 2 + 2


def test_step__report_that_most_signed__is_joined(tmp_path):
    lonely = seat_of(tmp_path, 0, [1, 2, 3], differs=True)
    one, two = seat_of(tmp_path, 1, [2]), seat_of(tmp_path, 2, [1])
    for seat in (lonely, lonely, one, two, one, two):
        seat.step()
    assert lonely.signed.report != one.signed.report == two.signed.report
    joining = seat_of(tmp_path, 3, [0, 1, 2])
    said, _ = joining.step()
    assert joining.signed.report == one.signed.report
    assert any("signed another report, results 0x" in line for line in said)


def test_step__host_that_starts_anew__goes_on_with_what_its_enclave_signed(tmp_path):
    first, second = seat_of(tmp_path, 0, [1]), seat_of(tmp_path, 1, [0], differs=True)
    for seat in (second, second, first):
        seat.step()
    signed = first.signed
    assert signed.report == second.signed.report
    for name in (tmp_path / "operator 0").iterdir():
        name.unlink()  # the folder is lost too
    again = Cosigning(first.service, first.cosigning.folder, Polls(30), 3)
    first.cosigning = again
    for _ in range(3):
        first.step()
    assert first.signed == signed
    assert first.cosigning.folder.proposal(RUN, first.key) == second.service.propose(*ids())


# ── A panel ──


def judged() -> tuple[list[Service], Posted]:
    """The first two seats, which have signed one report, and this report."""
    services = [Service(0), Service(1)]
    proposal = services[0].propose(*ids())
    made = [each.cosign(*ids(), proposal, word("p")) for each in services]
    return services, Posted(made[0].report, tuple(each.cosignature for each in made))


def test_step__seat_that_upholds__signs_at_once_and_joins_nobody(tmp_path):
    """A peer with a lower key, which would come first, has signed that nobody is awarded."""
    (_, posted), run = judged(), RunId(RUN.task_id, 1)
    seat = replace(seat_of(tmp_path, 3, [2], posted=posted), run=run)
    report = replace(posted.report, round=1, awards=())
    peer, folder = entry_of(2).signing_key, folder_of(tmp_path, 2)
    signature = sign(report.digest(DOMAIN), key_of(MARKET.enclaves[2]), word("p"))
    own = seat.service.propose(RUN.task_id, 1)
    folder.put_proposal(run, peer, shifted(own, 1))
    folder.put_signature(run, peer, Signed(report, signature, None))
    said, agreed = seat.step(5)
    assert agreed is None
    assert "signed another report" in said[0]
    assert seat.signed.report == replace(posted.report, round=1)
    assert seat.service.asked == [own]
    assert seat.cosigning.folder.proposal(run, seat.key) == own


# ── Lies ──


def liar_of(tmp_path, seat=0):
    """An operator whose enclave has signed, and whose folder says so."""
    made = seat_of(tmp_path, seat, [])
    made.step(1)
    assert made.signed is not None
    return made


def shifted(proposal: Proposal, by: int) -> Proposal:
    first, *rest = proposal.results
    return replace(proposal, results=(replace(first, score=first.score + by), *rest))


def test_step__proposals_that_were_not_signed__are_tried_once_and_bind_nobody(tmp_path):
    liar, honest = liar_of(tmp_path), seat_of(tmp_path, 1, [0, 2])
    true = liar.service.propose(*ids())
    for by in (-1, -2, -3):
        liar.cosigning.folder.put_proposal(RUN, liar.key, shifted(true, by))
        said, _ = honest.step()
        if by == -1:
            assert f"does not join the report of operator {address('operator 0')}" in said[0]
            assert RequestFault.ANOTHER_REPORT in said[0]
    assert honest.service.asked == [shifted(true, -1)]
    assert honest.signed is None


def test_step__proposal_of_one_signer_is_a_lie__that_of_another_is_joined(tmp_path):
    liar, other, honest = liar_of(tmp_path), seat_of(tmp_path, 2, [0]), seat_of(tmp_path, 1, [0, 2])
    other.step()
    assert other.signed.report == liar.signed.report
    true = liar.service.propose(*ids())
    liar.cosigning.folder.put_proposal(RUN, liar.key, shifted(true, -1))
    said, _ = honest.step()
    assert f"does not join the report of operator {address('operator 0')}" in said[0]
    assert honest.service.asked == [shifted(true, -1), true]
    assert honest.signed.report == liar.signed.report


def test_step__signature_without_its_proposal__is_named_and_waited_for(tmp_path):
    liar, honest = liar_of(tmp_path), seat_of(tmp_path, 1, [0])
    path = next((tmp_path / "operator 0").glob("*proposal*"))
    kept = path.read_bytes()
    path.unlink()
    said, _ = honest.step()
    assert "published a signature without its proposal" in said[0]
    path.write_bytes(kept)
    honest.step()
    assert honest.signed.report == liar.signed.report


@pytest.mark.parametrize("lie", ["key", "round", "task", "junk", "results"])
def test_step__signature_of_something_else__is_named_and_not_counted(tmp_path, lie):
    liar, honest = liar_of(tmp_path), seat_of(tmp_path, 1, [0])
    signed, folder = liar.signed, liar.cosigning.folder
    if lie == "key":
        other = liar_of(tmp_path, 2)
        folder.put_signature(RUN, liar.key, other.signed)
        expected = f"signed by {other.key}, expected {liar.key}"
    elif lie == "round":
        folder.put_signature(RUN, liar.key, replace(signed, report=replace(signed.report, round=1)))
        expected = "in round 1"
    elif lie == "task":
        report = replace(signed.report, task_id=word("another"))
        folder.put_signature(RUN, liar.key, replace(signed, report=report))
        expected = f"signature for task 0x{word('another').hex()}"
    elif lie == "results":
        report = replace(signed.report, results=word("another"))
        folder.put_signature(RUN, liar.key, replace(signed, report=report))
        expected = f"expected {liar.key}"
    else:
        next((tmp_path / "operator 0").glob("*signature*")).write_bytes(b"\xff")
        expected = "Invalid JSON"
    said, _ = honest.step()
    assert expected in said[0]
    assert address("operator 0") in said[0]
    assert honest.service.asked == []


def test_step__report_of_the_same_awards_and_other_results__is_not_counted(tmp_path):
    first, second = liar_of(tmp_path), seat_of(tmp_path, 1, [])
    proposal = second.service.propose(*ids())
    *rest, last = proposal.results
    other = replace(proposal, results=(*rest, replace(last, score=last.score + 1)))
    signed = second.service.cosign(*ids(), other, word("p"))
    assert signed.report.awards == first.signed.report.awards
    second.cosigning.folder.put_signature(RUN, second.key, signed)
    first.peers = [peer_of(tmp_path, 1)]
    said, agreed = first.step()
    assert agreed is None
    assert f"signed another report, results 0x{signed.report.results.hex()}" in said[0]


def test_step__second_enclave_of_an_operator__has_no_second_signature(tmp_path):
    twin = address("operator 0")
    liar_of(tmp_path, 0)
    liar_of(tmp_path, 2)
    honest = seat_of(tmp_path, 1, [])
    honest.peers = [peer_of(tmp_path, 0), peer_of(tmp_path, 2, operator=twin)]
    said, agreed = honest.step(3)
    assert agreed is None
    assert said[-1] == "2 signatures, the market requires 3"


def test_step__disk_that_fails_between_the_files__has_no_signature_without_its_proposal(
    tmp_path, monkeypatch
):
    liar_of(tmp_path)
    honest, written = seat_of(tmp_path, 1, [0]), []
    put = ResultsFolder.put_proposal

    def fail_at_the_second(folder, *rest):
        written.append(rest)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        put(folder, *rest)

    monkeypatch.setattr(ResultsFolder, "put_proposal", fail_at_the_second)
    with pytest.raises(OSError, match="No space left on device"):
        honest.step()
    assert honest.service.asked != []  # its enclave has signed
    assert honest.signed is None
    honest.step()
    assert honest.signed is not None


# ── What follows from a proposal ──


@pytest.mark.parametrize(("chosen", "awarded"), [((), []), ((1,), [1]), ((1, 0), [0, 1])])
def test_awards_of__team__are_those_of_its_members(chosen, awarded):
    results = Result(0, 900_000), Result(1, 700_000)
    made = awards_of(Proposal(results, chosen), TRANSCRIPT, MARKET.manifest)
    assert [each.index for each in made] == awarded


def test_awards_of__top__are_the_best():
    manifest = replace(MARKET.manifest, selection=Selection.TOP, minimum_gain=0)
    results = Result(0, 900_000), Result(1, reason=SubmissionFault.UNSTABLE)
    made = awards_of(Proposal(results, ()), TRANSCRIPT, manifest)
    assert made == (Award(0, 900_000),)


# ── Bounds of files ──


@pytest.mark.parametrize(("name", "limit"), [("signature", 2**14), ("proposal", 2**22)])
@pytest.mark.parametrize("above", [0, 1])
def test_read__file_at_its_limit_and_above__is_read_or_refused(tmp_path, name, limit, above):
    liar = liar_of(tmp_path)
    path = next((tmp_path / "operator 0").glob(f"*{name}*"))
    path.write_bytes(path.read_bytes().ljust(limit + above))
    read = getattr(liar.cosigning.folder, name)
    if above:
        with pytest.raises(OSError, match=f"more than {limit} bytes"):
            read(RUN, liar.key)
    else:
        assert read(RUN, liar.key) is not None


@pytest.mark.parametrize("round_", [0, 1])
def test_put_signature__results__are_left_out(tmp_path, round_):
    service, folder = Service(0), folder_of(tmp_path, 0)
    signed = service.cosign(*ids(), service.propose(*ids()), word("p"))
    assert signed.results is not None
    run = replace(RUN, round=round_)
    folder.put_signature(run, "0x", signed)
    found = folder.signature(run, "0x")
    assert found == replace(signed, results=None)
    assert len(to_json(found)) < 4_096


# ── Who is asked ──


def test_find_peers__excluded_own_and_without_a_folder__are_left_out():
    keys = [entry_of(seat) for seat in range(6)]
    active = {
        entry: Registered(address(f"operator {seat}"), word("p"), entry.sealing_key, 1)
        for seat, entry in enumerate(keys)
    }
    active[keys[5]] = replace(active[keys[5]], operator=address("operator 0"))
    endpoints = {address(f"operator {seat}"): f"https://{seat}.example" for seat in (0, 1, 2)}
    endpoints[address("operator 3")] = "file:///etc"
    peers, lines = find_peers(keys[0], active, endpoints, [address("operator 1")], local=False)
    assert [peer.key for peer in peers] == [keys[2].signing_key]
    assert lines == [
        f"operator {address('operator 3')}: uri 'file:///etc', expected one of "
        "http, https, ipfs, s3",
        f"operator {address('operator 4')} has announced no folder",
    ]


def test_cosign__expected_report__is_checked_by_the_enclave_itself(tmp_path):
    service = Service(0)
    with pytest.raises(InvalidRequest, match="another report"):
        service.cosign(*ids(), service.propose(*ids()), word("p"), word("another digest"))
