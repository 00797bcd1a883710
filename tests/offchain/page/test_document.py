"""The page is one file that loads nothing, and that no text of a stranger can change."""

import json
import re
from dataclasses import replace

import pytest

from offchain.page import document as module
from offchain.page.document import document
from offchain.page.view import MarketView, TokenView, to_json
from offchain.protocol.encoding import ZERO_ADDRESS
from tests.vectors.generate import address

EMPTY = MarketView(
    network="harvest",
    chain_id=1,
    market=address("market"),
    registry=address("registry"),
    block=7,
    now=1_800_000_000,
    made=1_800_000_001.5,
    tokens={ZERO_ADDRESS: TokenView("ether", 18)},
    tasks=(),
    operators=(),
    balances=(),
    credits={ZERO_ADDRESS: 2**53, address("token"): 2**53 - 1},
)


def test_to_json__amounts_above_what_javascript_counts__are_text():
    found = json.loads(to_json(EMPTY))["credits"]
    assert list(found.values()) == [str(2**53), 2**53 - 1]


def test_document__text_that_ends_its_script__stays_a_text():
    evil = "</script><script>alert(1)</script><!--"
    page = document(replace(EMPTY, network=evil))
    assert evil not in page
    assert page.count("</script>") == 3
    (values,) = re.findall(r'id="values">(.*?)</script>', page, re.S)
    assert json.loads(values)["network"] == evil
    assert "&lt;/script&gt;" in page.partition("<style>")[0]


@pytest.mark.parametrize(("live", "connects"), [(False, "'none'"), (True, "'self'")])
def test_document__its_policy__lets_it_load_nothing(live, connects):
    page = document(EMPTY, live=live)
    assert (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src {connects};"
        in page
    )
    assert not re.search(r"<(script|img|iframe|link)[^>]* (src|href)=\"(?!data:)", page)


def test_document__libraries__come_with_their_licences():
    page = document(EMPTY)
    for each in (
        "Apache License",
        "Permission is hereby granted",
        "Redistribution and use in source",
    ):
        assert each in page


def test_document__libraries_are_missing__says_how_to_get_them(tmp_path, monkeypatch):
    module.libraries.cache_clear()
    monkeypatch.setattr(module, "_MODULES", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"standalone.umd.js is missing.*make setup"):
        document(EMPTY)
