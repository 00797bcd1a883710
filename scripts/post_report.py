"""Post a signed evaluation to the market of `deployments/<network>.json`.

    brownie run post_report <signed evaluation> --network <network>

The file holds the report and the signatures of a quorum of enclaves (`Posted` of
offchain/protocol/messages.py), or the report and one signature, as operators publish it
(`<task id>-round-0-signature-<key>.json`): then name one for each enclave. Anybody may post. On a
live network the script asks for a Brownie account.
"""

import json
from pathlib import Path
from typing import Any

from brownie import accounts, network, web3
from brownie._config import CONFIG
from rich.console import Console
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError

from offchain.chain.market import Market
from offchain.chain.node import Node
from offchain.chain.refusals import Refused, in_words
from offchain.observer.listing import documents_of
from offchain.operator.posting import read_evaluation, report_call
from offchain.protocol.messages import Posted

DEPLOYMENTS = Path(__file__).parent.parent / "deployments"


def post(market: Market, evaluation: Posted, account: Any, *, local_uris: bool) -> Any:
    """Post a report of round 0; the roster is fetched from where the task's provider says.

    Args:
        market: of the task; blocks that are not confirmed yet count too.
        evaluation: with the signatures of a quorum.
        account: of Brownie, which pays the gas.
        local_uris: follow a provider's URI into this machine.

    Raises:
        Refused: there is no such task, or the market would refuse the report; nothing was sent.
        ValueError, OSError: the provider's documents are not the task's, or not there.
    """
    task_id = evaluation.report.task_id
    history = market.history(task_id)
    if history is None:
        raise Refused(f"no task 0x{task_id.hex()} on this market; nothing was sent")
    roster = documents_of(task_id, history, local_uris=local_uris).roster
    call = report_call(market, history.task, roster, evaluation)
    try:
        call.call({"from": account.address})
    except ContractLogicError as error:
        raise Refused(f"{in_words(error)}; nothing was sent") from error
    data = call._encode_transaction_data()
    return account.transfer(market.contract.address, data=data, silent=True)


def main(*files: str) -> Any:
    """Post the evaluation of these files; return the transaction."""
    if not files:
        raise ValueError("no file, expected `brownie run post_report <signed evaluation>`")
    console, name = Console(), network.show_active()
    live = CONFIG.network_type == "live"
    evaluation = read_evaluation(Path(file).read_bytes() for file in files)
    file = DEPLOYMENTS / f"{name}.json"
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist, expected the address book of {name!r}")
    book = json.loads(file.read_text())
    plain = Web3(HTTPProvider(web3.provider.endpoint_uri))  # Brownie's own hides reasons
    market = Market(Node(plain, 0, book["block"]), book["market"])
    report = evaluation.report
    console.print(
        f"report of task 0x{report.task_id.hex()} with {len(report.awards)} awards and "
        f"{len(evaluation.cosignatures)} signatures, to market {book['market']}"
    )
    account = accounts.load(console.input("Brownie account: ")) if live else accounts[0]
    receipt = post(market, evaluation, account, local_uris=not live)
    console.print(f"posted: {receipt.txid}")
    return receipt
