"""`golden-grain page` in a real browser: numbers, proofs, sums, themes, widths, accessibility.

With `GOLDEN_GRAIN_PICTURES=docs/images` in the environment, the pictures of the docs are made anew.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from datetime import datetime
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from brownie import chain, web3
from PIL import Image
from playwright.sync_api import sync_playwright

from offchain.cli.main import main
from offchain.page.document import document
from offchain.protocol.encoding import ZERO_ADDRESS
from tests.e2e.market_scene import build
from tests.offchain.page.made import market_view
from tests.sale import ETHER

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium"
)
CUT = """[...document.querySelectorAll('.scroll')]
    .filter(each => each.offsetParent && each.scrollWidth > each.clientWidth)
    .map(each => each.getAttribute('aria-label'))"""
"""The tables that are cut, and have to be scrolled."""
NOTHING = "\N{EN DASH}"
VALUES = re.compile(r'(<script type="application/json" id="values">)(.*?)(</script>)', re.S)


# ── The page, and a browser ──


@pytest.fixture(scope="module")
def scene(hosts):
    return build(hosts)


@pytest.fixture(scope="module")
def network(scene, tmp_path_factory):
    """Options of the command, for the scene's market; its folder has the address book."""
    folder = tmp_path_factory.mktemp("page")
    made = scene.chain.hosts.made
    book = {each: getattr(made, each).address for each in ("market", "registry", "verifier")}
    book |= {"policy": made.policy.address, "chain_id": chain.id, "block": 0}
    book["rpc"] = web3.provider.endpoint_uri
    (folder / "harvest.json").write_text(json.dumps(book))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(folder))
        yield ["--network", "harvest", "--home", str(folder / "home")]


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    """The page of the scene, as the command writes it."""
    made = tmp_path_factory.mktemp("page") / "public" / "market.html"
    assert main(["page", "--out", str(made), *network]) == 0
    assert made.stat().st_mode & 0o777 == 0o644  # a web server may read it
    return made


@pytest.fixture(scope="module")
def values(file):
    return json.loads(VALUES.search(file.read_text()).group(2))


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def visit(browser, file):
    """Opens the page in a fresh context; in the end nothing was said on the console or asked."""
    contexts, faults, asked = [], [], []

    def open_page(theme="light", width=1_440, html=None, url=None):
        context = browser.new_context(
            color_scheme=theme, viewport={"width": width, "height": 900}, timezone_id="UTC"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        target = file
        if html is not None:
            target = file.with_name(f"changed {len(contexts)}.html")
            target.write_text(html)
        page.goto(url or target.as_uri())
        page.wait_for_selector("h1")
        return page

    yield open_page
    for each in contexts:
        each.close()
    assert faults == []
    assert [each for each in asked if not each.startswith(("file:", "http://127.0.0.1:"))] == []


def changed(file, change):
    """The page's text with other values."""
    start, text, end = VALUES.search(file.read_text()).groups()
    found = json.loads(text)
    change(found)
    whole = start + json.dumps(found).replace("<", "\\u003c") + end
    return VALUES.sub(lambda _: whole, file.read_text())


def go(page, route):
    page.evaluate("route => { location.hash = route; }", route)
    page.wait_for_timeout(50)


def amounts(place):
    """The exact amounts in a place, in units of their tokens."""
    return [int(each.get_attribute("value")) for each in place.locator("data.amount").all()]


def fact(page, name):
    """The text beside a term."""
    term = page.locator("dt").get_by_text(name, exact=True)
    return page.locator("dl.facts > div", has=term).locator("dd")


def rows(page, caption):
    region = page.get_by_role("group", name=caption, exact=True)
    return [each.locator("th, td").all_inner_texts() for each in region.locator("tbody tr").all()]


# ── How it looks, to eyes and to others ──


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1_440])
def test_page__every_view_theme_and_width__fits_and_is_accessible(
    theme, width, visit, scene, values
):
    page = visit(theme, width)
    page.evaluate(AXE.read_text())
    names = "settled", "overturned", "voided", "fresh"
    ids = {name: f"#/tasks/0x{scene.sales[name].id.hex()}" for name in names}
    operator = values["operators"][0]["address"]
    views = {"overview": "#/", "operators": "#/operators", "money": "#/money", **ids}
    views["operator"] = f"#/operators/{operator}"
    for name, route in views.items():
        go(page, route)
        assert page.evaluate(CUT) == [], name
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} wide"
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        faults = [
            (each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found
        ]
        assert faults == [], name


def elsewhere(found):
    """Values without the folders of this machine, for pictures."""
    for task in found["tasks"]:
        task["uri"] = "https://provider.example"
        if task["report"]:
            task["report"]["place"] = "https://operator.example"
    for each in found["operators"]:
        each["uri"] = "https://operator.example"


PICTURES = {
    "page-overview": ("#/", "dark", 1_200, None),
    "page-task": ("settled", "light", 1_200, 1_560),
    "page-dispute": ("overturned", "dark", 390, 2_250),
    "page-operators": ("#/operators", "light", 1_200, 690),
}
"""View, theme, width and height of each picture of the docs; without a height it is the whole."""


@needs_browser
@pytest.mark.parametrize("name", PICTURES)
def test_picture__of_the_docs__is_written_when_it_is_asked_for(name, visit, scene, file):
    view, theme, width, height = PICTURES[name]
    page = visit(theme, width, html=changed(file, elsewhere))
    sale = scene.sales.get(view)
    go(page, f"#/tasks/0x{sale.id.hex()}" if sale else view)
    whole = page.evaluate("document.scrollingElement.scrollHeight")
    assert whole >= (height or 0)
    clip = {"x": 0, "y": 0, "width": width, "height": height or whole}
    picture = Image.open(BytesIO(page.screenshot(full_page=True, clip=clip)))
    assert picture.size == (width, clip["height"])
    folder = os.environ.get("GOLDEN_GRAIN_PICTURES")
    if folder:
        picture.convert("RGB").quantize(256, kmeans=2).save(
            Path(folder) / f"{name}.png", optimize=True
        )


HOSTILE = (
    "</script><img src=x onerror=alert(1)>\u202e\u2067" + "\N{FULL BLOCK}" * 1_000 + "{{ 7 * 7 }}"
)


@needs_browser
@pytest.mark.parametrize("width", [390, 1_440])
def test_page__words_and_numbers_of_strangers__stay_in_their_place(width, visit, scene, file):
    def tamper(found):
        for task in found["tasks"]:
            task.update(description=HOSTILE, uri=HOSTILE, documents=HOSTILE)
            task["task"]["curve"] = [{"score": 1_000_000, "price": "0"}]
            if task["report"]:
                task["report"].update(fault=HOSTILE, place=HOSTILE)
        for token in found["tokens"].values():
            token.update(symbol="W" * 12, decimals=255)
        for operator in found["operators"]:
            operator.update(uri=HOSTILE, stake=str(2**255), fined=str(2**255))

    page = visit(width=width, html=changed(file, tamper))
    routes = ["#/", "#/operators", "#/money", "#/tasks/0x12", "#/operators/x", "#/__proto__/a"]
    for route in [*routes, *(f"#/tasks/0x{each.id.hex()}" for each in scene.sales.values())]:
        go(page, route)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, route
        assert page.evaluate("document.images.length") == 0


@needs_browser
def test_table__on_a_phone__names_each_cell_and_leaves_none_out(visit, scene):
    page = visit(width=390)
    for route, caption, count in (
        ("#/", "All tasks", 7),
        ("#/operators", "Operators", 10),
        (f"#/tasks/0x{scene.sales['settled'].id.hex()}", "Results", 6),
    ):
        go(page, route)
        row = page.get_by_role("group", name=caption, exact=True).get_by_role("row").nth(1)
        cells = row.locator("th, td").all()
        assert len(cells) == count
        assert all(each.is_visible() for each in cells)
        named = "each => getComputedStyle(each, '::before').content"
        assert all(len(each.evaluate(named)) > 3 for each in cells)


# ── The numbers are the chain's ──


@needs_browser
def test_task__settled__shows_what_the_chain_says(visit, scene, values):
    sale, page = scene.sales["settled"], visit()
    task = sale.task
    go(page, f"#/tasks/0x{sale.id.hex()}")
    assert page.locator("#block").get_attribute("value") == str(values["block"])
    assert values["block"] == chain.height
    assert amounts(fact(page, "budget")) == [task.budget]
    assert fact(page, "entries").inner_text() == "9 of 100, 8 revealed"
    assert "8 of 8 Merkle proofs lead to the root" in page.locator(".proofs").inner_text()
    found = {int(row[0]): row[1:] for row in rows(page, "Results")}
    scores = ["91.20 %", "87.45 %", "90.53 %", "73.10 %", "48.60 %", "66.24 %"]
    scores += ["memory", "duplicate", "not revealed"]
    for index, made in enumerate(sale.models):
        developer, score, _, bought, proof = found[index]
        assert developer == f"{made.developer[:8]}…{made.developer[-4:]}"
        assert score == scores[index]
        assert bought.endswith(["paid", "paid", "not claimed", *6 * [NOTHING]][index])
        assert proof == (NOTHING if index == 8 else "✓ valid")
    region = page.get_by_role("group", name="Results", exact=True)
    prices = amounts(region.locator("tbody tr").first.locator("td").nth(3))
    assert prices == [task.price(912_000)]
    assert [row[2] for _, row in sorted(found.items())] == [
        *(f"{each.submission.min_price // ETHER} ether" for each in sale.models[:8]),
        NOTHING,
    ]
    bought = page.locator("circle.bought")
    assert {each.get_attribute("data-index") for each in bought.all()} == {"0", "1", "2"}
    assert page.locator("circle").count() == 6


@needs_browser
def test_money__of_every_task_and_the_market__comes_out(visit, scene, values):
    page, market = visit(), scene.chain.market
    for sale in scene.sales.values():
        go(page, f"#/tasks/0x{sale.id.hex()}")
        sums = page.locator(".sum").all_inner_texts()
        assert sums
        assert all("It adds up." in each for each in sums), sums
    go(page, "#/money")
    assert len(page.locator(".sum").all()) == 2
    assert all("It adds up." in each for each in page.locator(".sum").all_inner_texts())
    held = {each["token"]: int(each["held"]) for each in values["balances"]}
    waiting = {token: int(amount) for token, amount in values["credits"].items()}
    had = {ZERO_ADDRESS: web3.eth.get_balance(market.address)}
    had[scene.token.address] = scene.token.balanceOf(market)
    assert {each: held[each] + waiting.get(each, 0) for each in held} == had
    operators = [each.operator for each in scene.chain.enclaves]
    assert waiting[ZERO_ADDRESS] >= sum(market.credits(ZERO_ADDRESS, each) for each in operators)


@needs_browser
def test_open_tasks__each__count_down_to_the_deadline_on_the_chain(visit, scene):
    page = visit()
    cards = page.locator(".card")
    assert cards.count() == 2
    for name in ("open", "fresh"):
        sale = scene.sales[name]
        card = cards.filter(has=page.locator(f"a[href='#/tasks/0x{sale.id.hex()}']"))
        until = card.locator("time.countdown").get_attribute("datetime")
        assert datetime.fromisoformat(until).timestamp() == sale.task.commit_deadline
        assert amounts(card) == [sale.task.knots()[-1].price]
    assert cards.first.locator(".countdown").inner_text().startswith("8 d 23 h")


@needs_browser
def test_operators__stake_status_and_record__are_the_registrys(visit, scene):
    page, registry = visit(), scene.chain.registry
    go(page, "#/operators")
    assert "SIMULATED" in page.locator(".banner").inner_text()
    shown = {row[0]: row[1:] for row in rows(page, "Operators")}
    region = page.get_by_role("group", name="Operators", exact=True)
    stakes = [amounts(each)[0] for each in region.locator("tbody tr").all()]
    names = [each.get_attribute("title") for each in region.locator("tbody th code").all()]
    assert dict(zip(names, stakes, strict=True)) == {
        each: registry.operator(each)[0] for each in names
    }
    assert page.get_by_role("table", name="Operators").get_by_role("cell").count() == 9 * len(shown)
    signer = scene.chain.enclaves[0].operator
    row = shown[f"{signer[:8]}…{signer[-4:]}"]
    assert (row[0], row[2], row[3]) == ("active", "1 of 1", "UpToDate")
    assert row[5:8] == ["4", "1", "0"]  # reports, overturned, panels
    bond = scene.sales["overturned"].task.bond(scene.chain.market.seat_bond())
    go(page, f"#/operators/{signer}")
    assert amounts(fact(page, "fined")) == [bond]
    assert [row[2] for row in rows(page, "Reports and panels")].count("overturned") == 1
    (enclave,) = rows(page, "Enclaves")
    assert enclave[1:4] == ["active", "SIMULATED", "UpToDate"]


@needs_browser
def test_operators__enclaves_of_several_statuses__show_each(visit, file):
    """The first enclave may be up to date, and the second far out of it."""

    def tamper(found):
        operator = found["operators"][0]
        (first,) = operator["enclaves"]
        late = first["attested"] | {"status": "OutOfDate", "accepted": False}
        operator["enclaves"] += [first, first | {"attested": late}]

    page = visit(html=changed(file, tamper))
    go(page, "#/operators")
    assert rows(page, "Operators")[0][4] == "UpToDate, OutOfDate"


@needs_browser
def test_dispute__overturned__shows_both_reports(visit, scene):
    sale, page = scene.sales["overturned"], visit()
    go(page, f"#/tasks/0x{sale.id.hex()}")
    assert rows(page, "Awards as posted") == [["0", "99.00 %", "5.9 ether"]]
    assert rows(page, "Awards that stand") == [["1", "95.15 %", "5.515 ether"]]
    course = page.locator(".course").inner_text()
    assert "Verdict of 3 enclaves" in course
    assert amounts(page.locator(".course")) == [sale.task.bond(scene.chain.market.seat_bond())]
    steps = [each.get_attribute("class") for each in page.locator(".timeline > li").all()]
    assert steps[-3:] == ["ReportDisputed", "DisputeResolved", "AwardClaimed"]


@needs_browser
def test_task__without_an_act__waits_or_is_over(visit, scene, file):
    def idle(found):
        for task in found["tasks"]:
            task["acts"] = []

    page = visit(html=changed(file, idle))
    for name, words in (("fresh", "waits for its next deadline"), ("settled", "Nothing is left")):
        go(page, f"#/tasks/0x{scene.sales[name].id.hex()}")
        assert words in page.locator("p.now").inner_text()


# ── What is wrong is said ──


@needs_browser
@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["result"].update(score=999_999),
        lambda entry: entry.update(developer="0x" + 40 * "1"),
        lambda entry: entry["result"]["proof"].pop(),
        lambda entry: entry.update(index=77),
    ],
)
def test_proofs__one_changed_result__is_invalid_and_the_others_are_not(change, visit, scene, file):
    sale = scene.sales["settled"]

    def tamper(found):
        (task,) = [each for each in found["tasks"] if each["id"] == f"0x{sale.id.hex()}"]
        change(task["entries"][3])

    page = visit(html=changed(file, tamper))
    go(page, f"#/tasks/0x{sale.id.hex()}")
    said = page.get_by_role("alert").inner_text()
    assert "7 of 8 Merkle proofs" in said
    marks = [row[-1] for row in rows(page, "Results")]
    assert (marks.count("✓ valid"), marks.count("✗ invalid")) == (7, 1)


@needs_browser
@pytest.mark.parametrize(("missing", "words"), [(5, "neither paid nor held"), (-5, "more than")])
def test_money__that_does_not_come_out__is_said_with_the_amount(missing, words, visit, scene, file):
    sale = scene.sales["settled"]

    def tamper(found):
        (task,) = [each for each in found["tasks"] if each["id"] == f"0x{sale.id.hex()}"]
        task["balances"][0]["missing"] = missing

    page = visit(html=changed(file, tamper))
    go(page, f"#/tasks/0x{sale.id.hex()}")
    alert = page.get_by_role("alert")
    assert words in alert.inner_text()
    assert amounts(alert)[-1] == 5


# ── For everybody ──


@needs_browser
def test_keyboard__alone__reaches_every_view(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    for presses, name in ((4, "Operators"), (5, "Money")):
        page.reload()
        page.wait_for_selector("h1")
        page.evaluate("document.activeElement.blur()")
        for _ in range(presses):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:focus")
        assert page.evaluate("document.activeElement.textContent") == name
        assert page.title().startswith(f"{name}, Golden Grain")


@needs_browser
def test_page__of_500_tasks_and_1000_submissions__is_usable(visit):
    page = visit(html=document(market_view(500, 1_000)))
    page.get_by_label("Search").fill("task number 49")
    assert page.get_by_role("status").inner_text() == "11 tasks"
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Show all 500").click()
    assert len(rows(page, "All tasks")) == 500
    page.get_by_role("link", name="task number 0", exact=True).click()
    page.wait_for_selector(".proofs")
    assert "1000 of 1000 Merkle proofs" in page.locator(".proofs").inner_text()
    page.get_by_role("button", name="Show all 1,000").click()
    assert page.get_by_role("group", name="Results").locator("tbody tr").count() == 1_000


@needs_browser
def test_serve__a_new_block__is_shown_without_a_reload(visit, scene, network):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "offchain", "page", "--serve", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--poll", "0.2", *network], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        url = server.stdout.readline().split()[0]
        page = visit(url=url)
        sale = scene.sales["open"]
        go(page, f"#/tasks/0x{sale.id.hex()}")
        assert fact(page, "entries").inner_text().startswith("2 of 40")
        sale.chain.commit(sale.task, scene.sales["settled"].models[5])
        page.wait_for_selector(f"#block[value='{chain.height}']")
        assert fact(page, "entries").inner_text().startswith("3 of 40")
        page.close()  # before the server, which it asks every few seconds
        refused = httpx.get(f"{url}values.json", headers={"Host": "evil.example"})
        assert refused.status_code == 403
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
