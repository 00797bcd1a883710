"""The client of an enclave's service without a service; others: enclave/service/test_server.py."""

import socket

import pytest

from offchain.operator.client import EnclaveClient
from offchain.protocol.messages import ServiceError


def test_health__closed_port__is_a_service_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        said = f"GET http://127.0.0.1:{port}/health: no connection .*enclave's service running"
        with (
            EnclaveClient(f"http://127.0.0.1:{port}") as client,
            pytest.raises(ServiceError, match=said),
        ):
            client.health()
