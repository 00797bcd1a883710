"""Arguments of the hosts' commands, for a sale of `tests/e2e/hosts.py`."""

import json
import subprocess
import time
from pathlib import Path

from eth_account import Account

from tests.anvil import fund
from tests.e2e.hosts import CONFIRMATIONS, ETHER, KEY, HostedSale
from tests.offchain.market import STORE
from tests.vectors.generate import word

PASSWORD = "no less than a word"  # noqa: S105 - of an account of the local chain


def release_options(sale: HostedSale, rpc: str | None = None) -> list[str]:
    key, folder = sale.hosts.folder / "test set.key", sale.published.url
    key.write_bytes(KEY)
    options = [sale.task_id.hex(), "--folder", folder, "--key", str(key)]
    options += ["--network", "test", "--confirmations", str(CONFIRMATIONS)]
    options += [] if rpc is None else ["--rpc", rpc]
    return [*options, "--store", f"{folder}/held"]


def write_book(made: object, url: str, folder: Path, **contracts: str) -> dict[str, str]:
    """Writes the address book of a deployment as network ``test``, with other contracts where they
    are given; gives the environment."""
    names = ("market", "registry", "verifier", "policy")
    book = {each: getattr(made, each).address for each in names} | contracts
    book |= {"chain_id": 31337, "block": 0, "rpc": url}
    folder.mkdir(exist_ok=True)
    (folder / "test.json").write_text(json.dumps(book))
    return {"GOLDEN_GRAIN_DEPLOYMENTS": str(folder), "GOLDEN_GRAIN_NETWORK": "test"}


def operate_options(sale: HostedSale, seat: int, enclave: str, rpc: str | None = None) -> list[str]:
    """All but the account; see `upload`."""
    hosts = sale.hosts
    rpc = hosts.web3.provider.endpoint_uri if rpc is None else rpc
    options = ["--network", "test", "--rpc", rpc, "--confirmations", str(CONFIRMATIONS), "--yes"]
    options += ["--home", str(hosts.folder / f"home {seat}"), "--store", sale.uploads.url]
    options += ["--publish", hosts.endpoint(seat), "--enclave", enclave, "--poll", "0.1"]
    return options


def upload(sale: HostedSale) -> None:
    """Puts all artifacts where the enclaves look, in this process's memory, and the operators."""
    test_set = sale.documents.manifest.test_set.artifact_digest
    sale.uploads.put_bytes(STORE.fetch_bytes(test_set, 10**6))
    for artifact in sale.artifacts:
        STORE.put_bytes(artifact)


def enclave_of(process: subprocess.Popen) -> int:
    """The process of the enclave that `operate --serve` has started, or is about to start."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        time.sleep(0.02)
    (child,) = found
    return int(child)


def keystore_options(folder: Path, name: str) -> list[str]:
    """An account with ether, its key under a password in a file."""
    account = Account.from_key(word(f"key of operator {name}"))
    fund(account.address, ETHER)
    made = Account.encrypt(account.key, PASSWORD, kdf="pbkdf2", iterations=2)
    keystore, password = folder / f"{name}.json", folder / f"{name}.password"
    keystore.write_text(json.dumps(made))
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    return ["--account", str(keystore), "--password-file", str(password)]
