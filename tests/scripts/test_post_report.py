"""A signed evaluation is posted by anybody, from one file or one for each signer."""

import json

import pytest
from brownie import accounts, web3
from web3 import HTTPProvider, Web3

from offchain.chain.history import choices_of
from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.refusals import Refused
from offchain.operator.posting import read_evaluation
from offchain.protocol.encoding import to_json
from offchain.protocol.messages import Posted, Signed
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Cosignature, Report
from offchain.protocol.task import RosterEntry
from offchain.storage.publications import PublicationFolder, TaskDocuments
from scripts import post_report
from tests import deployment
from tests import sale as parts
from tests.anvil import deploy_market
from tests.deployment import Sale
from tests.offchain.market import make_manifest
from tests.vectors.generate import word


@pytest.fixture(scope="module")
def deployed(module_isolation):
    return deploy_market(accounts[0], accounts[1])


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Nothing that one test does is left to the next."""


@pytest.fixture
def sale(deployed, tmp_path, monkeypatch):
    """A task of two signers whose reveals are closed."""
    manifest = make_manifest(word("test set"))
    made = Sale(deployed, benchmark=manifest.digest(), quorum=2)
    folder = PublicationFolder(str(tmp_path / "provider"))
    roster = tuple(RosterEntry(*each) for each in made.roster)
    folder.put_documents(made.id, TaskDocuments(manifest, roster))
    monkeypatch.setattr(deployment, "TASK_URI", folder.url)
    return made.enter(parts.model(str(accounts[5]), "model"))


@pytest.fixture
def market(deployed):
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0)
    return Market(node, deployed.market.address)


@pytest.fixture
def evaluation(sale):
    values = sale.measured((0, 900_000))
    report = Report(*values[:5], choices_of(values.choices), (Award(0, 900_000),))
    assert report.digest(sale.chain.domain) == values.digest(sale.chain.domain)
    signed = parts.cosign(values.digest(sale.chain.domain), sale.signing)
    return Posted(report, tuple(Cosignature(*each) for each in signed))


def test_main__file_of_report_and_signatures__is_posted(
    sale, deployed, evaluation, tmp_path, monkeypatch
):
    (tmp_path / "signed.json").write_bytes(to_json(evaluation))
    book = {"market": deployed.market.address, "block": 0}
    (tmp_path / "development.json").write_text(json.dumps(book))
    monkeypatch.setattr(post_report, "DEPLOYMENTS", tmp_path)
    receipt = post_report.main(str(tmp_path / "signed.json"))
    assert receipt.status == 1
    assert sale.stage == parts.REPORTED
    assert (
        sale.chain.head(sale.task)
        == parts.posted(
            sale.chain.domain, sale.task, sale.measured((0, 900_000)), sale.signing
        ).head()
    )


def test_read_evaluation__a_file_of_each_signer__is_the_same(evaluation):
    alone = [to_json(Signed(evaluation.report, each, None)) for each in evaluation.cosignatures]
    assert read_evaluation(alone) == evaluation
    assert read_evaluation([*alone, alone[0], to_json(evaluation)]) == evaluation


def test_read_evaluation__no_file_or_different_reports__are_refused(evaluation):
    with pytest.raises(ValueError, match="no file, expected a signed evaluation"):
        read_evaluation([])
    other = Posted(
        Report(word("another"), 0, bytes(32), bytes(32), bytes(32), (), ()),
        evaluation.cosignatures,
    )
    with pytest.raises(ValueError, match="files of different reports"):
        read_evaluation([to_json(evaluation), to_json(other)])
    with pytest.raises(ValueError, match="Posted"):
        read_evaluation([b"{}"])


def test_post__signatures_in_another_order__are_put_in_order(sale, market, evaluation):
    turned = Posted(evaluation.report, evaluation.cosignatures[::-1])
    post_report.post(market, turned, accounts[3], local_uris=True)
    assert sale.stage == parts.REPORTED


def test_post__refused_by_the_market__sends_nothing(sale, market, evaluation):
    nonce = accounts[3].nonce
    one = Posted(evaluation.report, evaluation.cosignatures[:1])
    with pytest.raises(Refused, match=r"refuses: wrong quorum \(.*nothing was sent"):
        post_report.post(market, one, accounts[3], local_uris=True)
    unknown = Report(word("another"), 0, bytes(32), bytes(32), bytes(32), (), ())
    with pytest.raises(Refused, match=r"no task 0x.* on this market; nothing was sent"):
        post_report.post(market, Posted(unknown, ()), accounts[3], local_uris=True)
    assert accounts[3].nonce == nonce
    assert sale.stage == parts.CLOSED


def test_post__documents_of_another_task__sends_nothing(sale, market, evaluation, tmp_path):
    for file in (tmp_path / "provider").rglob("documents.json"):
        file.unlink()
    with pytest.raises(FileNotFoundError, match="no documents at"):
        post_report.post(market, evaluation, accounts[3], local_uris=True)
    assert sale.stage == parts.CLOSED


def test_main__without_a_file_or_an_address_book__says_what_is_missing(
    evaluation, tmp_path, monkeypatch
):
    with pytest.raises(ValueError, match="brownie run post_report <signed evaluation>"):
        post_report.main()
    (tmp_path / "signed.json").write_bytes(to_json(evaluation))
    monkeypatch.setattr(post_report, "DEPLOYMENTS", tmp_path)
    with pytest.raises(FileNotFoundError, match="expected the address book of 'development'"):
        post_report.main(str(tmp_path / "signed.json"))
