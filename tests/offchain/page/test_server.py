"""The server gives newer values once there are some, says when there are none, and only here."""

import asyncio
import json
from dataclasses import replace

from aiohttp.test_utils import TestClient, TestServer

from offchain.page.server import PageServer
from tests.offchain.page.test_document import EMPTY


def asked(read, *requests, wait=lambda server: True):
    """The answers to requests, each a path and headers, once the server is as it is waited for."""

    async def ask():
        server = PageServer(read, EMPTY, 0.01)
        async with TestClient(TestServer(server.application(), host="127.0.0.1")) as client:
            while not wait(server):
                await asyncio.sleep(0.01)
            found = []
            for path, headers in requests:
                async with client.get(path, headers=headers) as answer:
                    found.append((answer.status, await answer.text(), answer.headers))
            return found

    return asyncio.run(ask())


def is_newer(server):
    return server.view.block == 8


def test_values__after_a_newer_block__are_newer_and_known_by_their_tag():
    values = ("/values.json", {})
    ((status, text, headers),) = asked(lambda: replace(EMPTY, block=8), values, wait=is_newer)
    assert (status, json.loads(text)["block"]) == (200, 8)
    known = ("/values.json", {"If-None-Match": headers["ETag"]})
    ((status, text, _),) = asked(lambda: replace(EMPTY, block=8), known, wait=is_newer)
    assert (status, text) == (304, "")


def test_values__read_again_in_the_same_block__keep_their_tag():
    read = []

    def again():
        read.append(1)
        return replace(EMPTY, made=EMPTY.made + len(read))

    ((_, text, _),) = asked(again, ("/values.json", {}), wait=lambda _: len(read) > 2)
    assert json.loads(text)["made"] == EMPTY.made


def test_page__of_a_server__asks_for_newer_values():
    ((status, text, headers),) = asked(lambda: EMPTY, ("/", {}))
    assert status == 200
    assert 'data-live="yes"' in text
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_values__node_does_not_answer__says_so_and_the_page_stays():
    def fails():
        raise OSError("connection refused")

    paths = ("/values.json", {}), ("/", {})
    found = asked(fails, *paths, wait=lambda server: bool(server.fault))
    assert found[0][:2] == (503, "the node is not read: connection refused")
    assert found[1][0] == 200


def test_values__any_other_fault__says_so_too():
    def fails():
        raise KeyError("an event of another contract")

    (found,) = asked(fails, ("/values.json", {}), wait=lambda server: bool(server.fault))
    words = "the market is not read: KeyError: 'an event of another contract'"
    assert found[:2] == (503, words)


def test_values__market_can_be_read_again__are_given_again():
    answers = [OSError("connection refused"), KeyError("an event")]

    def recovers():
        if answers:
            raise answers.pop()
        return replace(EMPTY, block=8)

    ((status, *_),) = asked(recovers, ("/values.json", {}), wait=is_newer)
    assert status == 200


def test_any_path__name_that_a_stranger_made_loopback__is_refused():
    for path in ("/", "/values.json"):
        ((status, text, _),) = asked(lambda: EMPTY, (path, {"Host": "evil.example"}))
        assert (status, text) == (403, "host 'evil.example', expected 127.0.0.1")
    ((status, *_),) = asked(lambda: EMPTY, ("/", {"Host": "localhost"}))
    assert status == 200
