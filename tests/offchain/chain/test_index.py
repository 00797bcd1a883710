"""The index of events answers as the node does, whatever the node and other processes do."""

import multiprocessing
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3RPCError

from offchain.chain.index import IndexedNode
from offchain.chain.node import ATTEMPTS, LogReader, Node
from tests.offchain.chain.scripted_node import (
    CONTRACTS,
    REFUSED,
    STALLED,
    TOPICS,
    ScriptedNode,
    matching,
)

CONTRACT = CONTRACTS[0]
ONE = (0, TOPICS[:1], 1)
FILTERS = ([], [TOPICS[0]], [None, TOPICS[1]], [TOPICS[1], None], [None, None, TOPICS[2]])


def indexed(provider, path, **options):
    options = {"confirmations": 0, "pause": lambda _: None} | options
    return IndexedNode(Web3(provider), path=path, **options)


def plain(logs):
    """Return the parts that distinguish logs, as the scripted node writes them."""
    return [
        (
            log["address"],
            log["blockNumber"]
            if isinstance(log["blockNumber"], int)
            else int(log["blockNumber"], 16),
            log["logIndex"] if isinstance(log["logIndex"], int) else int(log["logIndex"], 16),
            _hex(log["blockHash"]),
            _hex(log["transactionHash"]),
            tuple(_hex(topic) for topic in log["topics"]),
            _hex(log["data"]),
        )
        for log in logs
    ]


def _hex(value):
    return value if isinstance(value, str) else "0x" + bytes(value).hex()


def read(node, until=10**6, topics=(), contract=CONTRACT):
    return plain(node.logs(contract, list(topics), until))


def right(node, until=10**6, topics=(), contract=CONTRACT):
    return plain(node.logs(contract, list(topics), 0, until))


# ── Against the model ──

events = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 3).flatmap(lambda n: st.permutations(TOPICS).map(lambda t: tuple(t[:n]))),
        st.integers(0, 9),
    ),
    max_size=2,
).map(tuple)
blocks = st.lists(events, max_size=6)
changes = st.one_of(
    st.tuples(st.just("mine"), blocks),
    st.tuples(st.just("reorganise"), st.integers(1, 12), blocks),
)
mishaps = st.lists(
    st.one_of(st.none(), st.none(), st.just(REFUSED), st.just(STALLED), changes), max_size=6
)
readings = st.tuples(
    st.just("read"),
    st.integers(0, 2),
    st.sampled_from(CONTRACTS),
    st.sampled_from(FILTERS),
    st.integers(-1, 40),
    mishaps,
)


@given(
    st.lists(st.one_of(changes, readings, readings), min_size=3, max_size=15),
    st.integers(1, 9),
    st.integers(2, 9),
)
def test_logs__whatever_the_node_does__are_those_of_a_chain_that_it_had(
    steps, most_blocks, most_logs
):
    node = ScriptedNode(most_blocks=most_blocks, most_logs=most_logs)

    def change(kind, *arguments):
        if kind == "mine":
            node.mine(*arguments[0])
        else:
            node.reorganise(arguments[0], *arguments[1])

    def plan(each):
        return (lambda: change(*each)) if isinstance(each, tuple) else each

    with TemporaryDirectory() as folder:
        file = Path(folder) / "events.sqlite"
        readers = [indexed(node, file, first_block=first, span=16) for first in (0, 0, 3)]
        for kind, *arguments in steps:
            if kind != "read":
                change(kind, *arguments)
                continue
            which, contract, topics, until, happens = arguments
            node.states = [tuple(node.chain)]
            node.plan = iter([plan(each) for each in happens])
            found = read(readers[which], until, topics, contract)
            first = readers[which].first_block
            possible = [
                plain(matching(state, contract, topics, first, min(until, len(head) - 1)))
                for state in node.states
                for head in node.states
            ]
            assert found in possible
            node.plan = iter(())
            again = read(readers[which], until, topics, contract)
            assert again == plain(node.logs(contract, topics, first, until))


@pytest.mark.parametrize("topics", FILTERS)
def test_logs__with_the_index__are_those_without(topics, tmp_path):
    node = ScriptedNode()
    node.mine(*(((0, TOPICS[:n], n), (1, TOPICS, n)) for n in range(4)))
    without = Node(Web3(node), 0)
    for contract in CONTRACTS:
        expected = plain(without.logs(contract, topics, 4))
        assert read(indexed(node, tmp_path / "events"), 4, topics, contract) == expected
        assert expected == right(node, 4, topics, contract)


# ── What it saves ──


def test_logs__nothing_new__are_not_asked_for_again(tmp_path):
    node = ScriptedNode()
    node.mine(*[(ONE,)] * 50)
    first = indexed(node, tmp_path / "events")
    assert read(first) == right(node)
    node.asked.clear()
    assert read(indexed(node, tmp_path / "events")) == right(node)
    assert "eth_getLogs" not in node.asked
    assert len(node.asked) <= 4


def test_logs__reorganised__read_from_the_fork_on(tmp_path):
    node = ScriptedNode()
    reader = indexed(node, tmp_path / "events")
    for _ in range(30):
        node.mine(*[(ONE,)] * 100)
        read(reader)
    node.reorganise(150, *[((0, TOPICS[:1], 2),)] * 151)
    node.spans.clear()
    assert read(reader) == right(node)
    assert sum(node.spans) <= 201 + 64


def test_logs__from_an_earlier_block_than_the_file_has__are_read_too(tmp_path):
    node = ScriptedNode()
    node.mine(*[(ONE,)] * 9)
    late = indexed(node, tmp_path / "events", first_block=5)
    assert read(late) == right(node)[4:]
    assert read(indexed(node, tmp_path / "events", first_block=4)) == right(node)[3:]
    assert read(indexed(node, tmp_path / "events")) == right(node)
    assert read(late) == right(node)[4:]


def test_logs__chain_begun_anew__are_the_new_ones(tmp_path):
    node = ScriptedNode()
    node.mine(*[(ONE,)] * 20)
    read(indexed(node, tmp_path / "events"))
    fresh = ScriptedNode()
    fresh.mine(((0, TOPICS, 3),))
    assert read(indexed(fresh, tmp_path / "events")) == right(fresh)


def test_logs__node_that_lagged__healed_by_the_next_reading(tmp_path):
    node = ScriptedNode()
    node.mine(*[(ONE,)] * 9)
    reader = indexed(node, tmp_path / "events")
    node.lag = 3
    assert len(read(reader)) == 6
    node.lag = 0
    node.mine((ONE,))
    assert read(reader) == right(node)


def test_logs__until_the_future__are_those_up_to_the_latest_block(tmp_path):
    node = ScriptedNode()
    node.mine((ONE,))
    reader = indexed(node, tmp_path / "events")
    assert read(reader, 10**9) == right(node)
    node.mine((ONE,))
    assert len(read(reader, 10**9)) == 2
    assert read(reader, -1) == []


# ── Nodes that refuse ──


def test_read__limits_of_a_node__found_by_halving_and_growing():
    node = ScriptedNode(most_blocks=100)
    node.mine(*[(ONE,)] * 1_999)
    paused = []
    reader = Node(Web3(node), 0, pause=paused.append)
    assert plain(reader.logs(CONTRACT, [], 1_999)) == right(node, 1_999)
    assert max(node.spans) <= 2_000
    assert len(node.spans) <= 60
    assert len(paused) == sum(span > 100 for span in node.spans)


def test_read__too_many_logs__fewer_blocks_at_a_time():
    node = ScriptedNode(most_logs=3)
    node.mine(*[(ONE, ONE)] * 10)
    assert plain(Node(Web3(node), 0, pause=lambda _: None).logs(CONTRACT, [], 10)) == right(node)


@pytest.mark.parametrize("fault", [REFUSED, STALLED])
def test_read__refused_in_a_row__given_up_at_the_last_attempt_only(fault):
    node = ScriptedNode()
    node.mine((ONE,))
    reader = LogReader(Node(Web3(node), 0, pause=lambda _: None))
    node.plan = iter([fault] * (ATTEMPTS - 1))
    assert len(reader.read(CONTRACT, [], 0, 1)[1]) <= 1
    node.plan = iter([fault] * ATTEMPTS)
    with pytest.raises((Web3RPCError, OSError), match=r"Too Many Requests|timed out"):
        reader.read(CONTRACT, [], 0, 1)


def test_logs__refused_half_way__what_was_read_is_kept_and_not_served(tmp_path):
    node = ScriptedNode(most_blocks=10)
    node.mine(*[(ONE,)] * 39)
    reader = indexed(node, tmp_path / "events", span=10)
    node.plan = iter([None, None, *[STALLED] * ATTEMPTS])
    with pytest.raises(OSError, match="timed out"):
        read(reader)
    node.spans.clear()
    assert read(reader) == right(node)
    assert len(node.spans) < 7  # as many as a reading of everything would take


def test_logs__chain_that_never_rests__said_after_many_attempts(tmp_path):
    node = ScriptedNode()
    node.mine(*[(ONE,)] * 5)

    def flap():
        node.reorganise(1, ((0, TOPICS[:1], len(node.states)),))

    node.plan = iter(lambda: flap, None)
    with pytest.raises(OSError, match="changed 32 times while it was read"):
        read(indexed(node, tmp_path / "events"))


def test_logs__of_other_blocks_than_asked_for__refused(tmp_path):
    node = ScriptedNode()
    node.mine((ONE,), (ONE,))
    (log,) = node.chain[2].logs()
    node.plan = iter([{"jsonrpc": "2.0", "id": 1, "result": [log]}])
    with pytest.raises(OSError, match="logs of block 2, expected 0 to 1"):
        read(indexed(node, tmp_path / "events"), 1)


# ── The file ──


def test_file__of_another_chain__refused_with_the_remedy(tmp_path):
    read(indexed(ScriptedNode(), tmp_path / "events"))
    with sqlite3.connect(tmp_path / "events") as file:
        file.execute("UPDATE chain SET id = 1")
    file.close()
    with pytest.raises(ValueError, match=r"is of chain 1, expected 31337\. Delete the file"):
        read(indexed(ScriptedNode(), tmp_path / "events"))


@pytest.mark.parametrize("content", [b"no database" * 99, b"SQLite format 3\0" + bytes(5_000)])
def test_file__damaged__refused_with_the_remedy_and_left(content, tmp_path):
    (tmp_path / "events").write_bytes(content)
    with pytest.raises(ValueError, match=r"events is not an index .* Delete the file"):
        read(indexed(ScriptedNode(), tmp_path / "events"))
    assert (tmp_path / "events").read_bytes() == content


def test_file__of_another_program__refused_and_left(tmp_path):
    with sqlite3.connect(tmp_path / "events") as file:
        file.execute("CREATE TABLE log (mine)")
    file.close()
    with pytest.raises(ValueError, match="of another program or version"):
        read(indexed(ScriptedNode(), tmp_path / "events"))
    with sqlite3.connect(tmp_path / "events") as file:
        assert file.execute("SELECT * FROM log").fetchall() == []
    file.close()


def test_file__cannot_be_written__named(tmp_path):
    (tmp_path / "events").mkdir()
    with pytest.raises(OSError, match=f"index of events {tmp_path / 'events'}: unable to open"):
        read(indexed(ScriptedNode(), tmp_path / "events"))


def test_file__deleted__made_again(tmp_path):
    node = ScriptedNode()
    node.mine((ONE,))
    reader = indexed(node, tmp_path / "events")
    read(reader)
    for file in tmp_path.iterdir():
        file.unlink()
    assert read(reader) == right(node)


def test_file__checkpoints__stay_few(tmp_path):
    node = ScriptedNode()
    reader = indexed(node, tmp_path / "events")
    for _ in range(600):
        node.mine(())
        read(reader)
    with sqlite3.connect(tmp_path / "events") as file:
        (count,) = file.execute("SELECT count(*) FROM checkpoint").fetchone()
    file.close()
    assert 257 <= count <= 259
    node.reorganise(500, (ONE,))
    assert read(reader) == right(node)


# ── Two processes ──


def served(node):
    """A scripted node on a port of this machine."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                answer = node.make_request(request["method"], request["params"])
            body = dumps({**answer, "id": request["id"]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def follow(port, path, rounds, results):
    node = Node(Web3(HTTPProvider(f"http://127.0.0.1:{port}")), 0, span=7)
    reader = IndexedNode.of(node, path)
    results.put(bool([read(reader) for _ in range(rounds)][-1]))  # more would block the pipe


def test_logs__two_processes_and_reorganisations__both_are_right(tmp_path):
    node = ScriptedNode()
    node.mine(*[(ONE,)] * 60)
    server = served(node)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (server.server_address[1], tmp_path / "events", 15, results)
    readers = [context.Process(target=follow, args=arguments) for _ in range(2)]
    try:
        for process in readers:
            process.start()
        for number in range(20):
            while len(node.asked) < 20 * number and any(each.is_alive() for each in readers):
                readers[0].join(0.01)
            node.reorganise(number % 7, *[((0, TOPICS[:2], number),)] * 8)
        found = [results.get(timeout=300) for _ in readers]
        for process in readers:
            process.join()
        assert [process.exitcode for process in readers] == [0, 0]
        assert all(found)
        assert read(indexed(node, tmp_path / "events")) == right(node)
    finally:
        server.shutdown()
        server.server_close()
