"""Workers: their number and place change no bit of the results."""

import sys
from argparse import Namespace
from dataclasses import replace

import dask
import pytest
from distributed import LocalCluster, Security

from offchain.enclave.enclave import Enclave
from offchain.enclave.service.boot import device_named
from offchain.enclave.service.workers import parallel_of
from offchain.protocol.messages import Proposal
from offchain.storage.store import Store
from tests.offchain.market import STORE, TOOLS, Market, Offer, make_market, model

PEM = {"tls_ca_file": "tls_ca_file", "tls_cert": "tls_client_cert", "tls_key": "tls_client_key"}
"""Names of the arguments, and distributed's names of the same."""
OFFERS = [Offer(model(range(wrong))) for wrong in (0, 3, 3, 5, 8, 13, 21)] + [Offer(keyring=b"")]


@pytest.fixture
def market(tmp_path):
    """Make a sale with its artifacts on disk, where other processes can read them."""
    made = make_market(OFFERS)
    store = Store(str(tmp_path / "store"))
    digests = [each.submission.artifact_digest for each in made.transcript.reveals]
    for digest in {*digests, made.manifest.test_set.artifact_digest}:
        store.put_bytes(STORE.fetch_bytes(digest, 10**6))
    return made, replace(TOOLS, artifacts=store)


def measured(made: tuple[Market, object], workers: int, **arguments: str | None) -> Proposal:
    """Measure with a new object of the same keys; return its proposal."""
    market, tools = made
    old = market.enclaves[0]
    enclave = Enclave(old._signing_key, old._sealing_private)
    options = Namespace(**{"scheduler": None} | dict.fromkeys(PEM) | arguments)
    with parallel_of(options) as parallel, parallel():
        enclave.measure(market.bundle(enclave), tools, workers)
    return enclave.propose(market.transcript.task_id, 0)


def test_measure__one_worker_or_many__is_the_same(market):
    assert measured(market, 1) == measured(market, 4)


def test_measure__two_workers_of_a_cluster_over_tls__is_the_same(market, tmp_path):
    security, files = Security.temporary(), {}
    for name, part in PEM.items():
        (tmp_path / name).write_text(getattr(security, part))
        files[name] = str(tmp_path / name)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, security=security
    ) as cluster:
        assert cluster.scheduler_address.startswith("tls://127.0.0.1:")
        found = measured(market, 2, scheduler=cluster.scheduler_address, **files)
    assert found == measured(market, 1)


def test_parallel_of__nobody_listens__is_an_os_error():
    options = Namespace(scheduler="tcp://127.0.0.1:1", tls_ca_file=None)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(OSError, match="Timed out trying to connect to tcp"),
        parallel_of(options),
    ):
        pass


def test_parallel_of__image_without_dask__says_which_image_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match="expected an image with the extra dask"):
        parallel_of(Namespace(scheduler="tcp://127.0.0.1:1")).__enter__()


def test_parallel_of__tls_without_certificates__names_the_options():
    arguments = Namespace(scheduler="tls://127.0.0.1:1", tls_ca_file=None)
    with pytest.raises(ValueError, match="without --tls-ca-file, expected it with --tls-cert"):
        parallel_of(arguments).__enter__()


def test_device_named__image_without_dstack__says_which_image_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "offchain.enclave.devices.dstack", None)
    with pytest.raises(ValueError, match="expected that of the target dstack"):
        device_named("dstack")


@pytest.mark.parametrize("name", ["gramine", "tdx", "dstack"])
def test_device_named__each_tee__gives_its_device(name):
    assert device_named(name).name == name
