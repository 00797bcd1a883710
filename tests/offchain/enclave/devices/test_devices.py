"""Attestation devices with look-alikes of the real interfaces."""

import json
import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offchain.attestation.quote import Body, trim
from offchain.attestation.trust import Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.enclave.devices.base import (
    DeviceFailedError,
    DeviceMissingError,
    QuoteDevice,
    QuoteRaceError,
    WrongDeviceError,
    write_file,
)
from offchain.enclave.devices.dstack import Dstack
from offchain.enclave.devices.gramine import Gramine
from offchain.enclave.devices.tdx import Tdx
from offchain.simulation import Machine
from tests.offchain.attestation.support import BODIES, REPORT_DATA, outcome
from tests.offchain.enclave.devices.lookalikes import configfs, dstack, gramine


class Hardware:
    """A simulated machine behind a device; it may pad its quotes."""

    def __init__(self, machine: Machine, body: Body, *, pad: int = 0) -> None:
        self.machine, self.body, self.pad = machine, body, pad

    def quote(self, report_data: bytes) -> bytes:
        body = replace(self.body, report_data=report_data)
        data = self.machine.quote(body).encode()
        return data + bytes(self.pad)

    def agent(self, method: str, request: dict[str, str]) -> tuple[int, bytes]:
        assert method == "/GetQuote"
        quote = self.quote(bytes.fromhex(request["report_data"]))
        return 200, json.dumps({"quote": quote.hex(), "event_log": "[]"}).encode()


@pytest.fixture
def sgx(machine: Machine) -> Hardware:
    return Hardware(machine, BODIES["sgx v3"])


@pytest.fixture(params=["tdx v4", "tdx v5"])
def tdx(request: pytest.FixtureRequest, machine: Machine) -> Hardware:
    return Hardware(machine, BODIES[request.param])


def check_two_quotes(device: QuoteDevice, trust: Trust) -> None:
    """Check two quotes of one device: each is for its own report data."""
    for report_data in (REPORT_DATA, bytes(64)):
        verdict = outcome(trim(device.quote(report_data)), trust)
        assert isinstance(verdict, VerifiedQuote)
        assert verdict.report_data == report_data


# ── Any device ──


@pytest.mark.parametrize("size", [0, 32, 63, 65])
@pytest.mark.parametrize("device", [Gramine(), Tdx(), Dstack()])
def test_quote__report_data_of_another_size__is_refused(device: QuoteDevice, size: int) -> None:
    with pytest.raises(ValueError, match=f"report data of {size} bytes, expected 64"):
        device.quote(bytes(size))


# ── Gramine ──


def test_gramine_quote__dcap_enclave__verifies(tmp_path: Path, sgx: Hardware, trust: Trust) -> None:
    with gramine(tmp_path, sgx.quote) as device:
        check_two_quotes(Gramine(device), trust)


@pytest.mark.parametrize("kind", [b"epid", b"none", b"", b"\xff"])
def test_gramine_quote__other_attestation_type__is_refused(
    tmp_path: Path, sgx: Hardware, kind: bytes
) -> None:
    with (
        gramine(tmp_path, sgx.quote, kind) as device,
        pytest.raises(WrongDeviceError, match="expected 'dcap'"),
    ):
        Gramine(device).quote(REPORT_DATA)


def test_gramine_quote__outside_gramine__names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissingError, match="attestation_type: No such file or directory"):
        Gramine(tmp_path).quote(REPORT_DATA)


def test_gramine_quote__report_data_file_missing__is_not_created(tmp_path: Path) -> None:
    (tmp_path / "attestation_type").write_text("dcap")
    with pytest.raises(DeviceMissingError, match="user_report_data: No such file or directory"):
        Gramine(tmp_path).quote(REPORT_DATA)
    assert not (tmp_path / "user_report_data").exists()


def test_gramine_quote__device_that_cannot_be_read__names_the_error(tmp_path: Path) -> None:
    (tmp_path / "attestation_type").mkdir()
    with pytest.raises(DeviceFailedError, match="attestation_type: Is a directory"):
        Gramine(tmp_path).quote(REPORT_DATA)


def test_gramine_quote__device_that_is_full__names_the_error(tmp_path: Path, sgx: Hardware) -> None:
    (tmp_path / "attestation_type").write_text("dcap")
    (tmp_path / "user_report_data").symlink_to("/dev/full")
    with pytest.raises(DeviceFailedError, match="user_report_data: No space left on device"):
        Gramine(tmp_path).quote(REPORT_DATA)


@pytest.fixture
def short_writes() -> Iterator[None]:
    """The system accepts only 32 bytes of each write to a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_write_file__device_that_takes_less__says_how_much(
    tmp_path: Path, short_writes: None
) -> None:
    path = tmp_path / "user_report_data"
    path.touch()
    with pytest.raises(DeviceFailedError, match="user_report_data took 32 bytes, expected 64"):
        write_file(path, REPORT_DATA)


# ── configfs-tsm ──


@pytest.mark.parametrize("pad", [0, 1, 3065])
def test_tdx_quote__padded_or_not__verifies(
    tmp_path: Path, tdx: Hardware, trust: Trust, pad: int
) -> None:
    tdx.pad = pad
    with configfs(tmp_path / "report", tdx.quote) as instance:
        check_two_quotes(Tdx(instance), trust)


def test_tdx_quote__without_configfs__names_the_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissingError, match="tsm/report: No such file or directory"):
        Tdx(tmp_path / "tsm" / "report").quote(REPORT_DATA)


def test_tdx_quote__instance_missing__is_made_and_its_files_are_awaited(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissingError, match="provider: No such file or directory"):
        Tdx(tmp_path / "report").quote(REPORT_DATA)
    assert (tmp_path / "report").is_dir()


@pytest.mark.parametrize("provider", [b"sev_guest\n", b"", b"arm_cca_guest\n"])
def test_tdx_quote__other_provider__is_refused(
    tmp_path: Path, tdx: Hardware, provider: bytes
) -> None:
    with (
        configfs(tmp_path / "report", tdx.quote, provider) as instance,
        pytest.raises(WrongDeviceError, match="expected 'tdx_guest'"),
    ):
        Tdx(instance).quote(REPORT_DATA)


@pytest.mark.parametrize("writes", [1, 2])
def test_tdx_quote__another_writer_in_between__is_refused(
    tmp_path: Path, tdx: Hardware, writes: int
) -> None:
    with (
        configfs(tmp_path / "report", tdx.quote, writes_of_others=writes) as instance,
        pytest.raises(QuoteRaceError, match=f"generation went from 0 to {1 + writes}"),
    ):
        Tdx(instance).quote(REPORT_DATA)


# ── dstack ──


def test_dstack_quote__guest_agent__verifies(tmp_path: Path, tdx: Hardware, trust: Trust) -> None:
    with dstack(tmp_path / "dstack.sock", tdx.agent) as endpoint:
        check_two_quotes(Dstack(endpoint), trust)


def test_dstack_quote__endpoint_from_the_environment__verifies(
    tmp_path: Path, tdx: Hardware, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dstack(tmp_path / "dstack.sock", tdx.agent) as endpoint:
        monkeypatch.setenv("DSTACK_SIMULATOR_ENDPOINT", endpoint)
        check_two_quotes(Dstack(), trust)


def test_dstack_quote__without_a_socket__names_it(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissingError, match=r"dstack\.sock does not exist"):
        Dstack(str(tmp_path / "dstack.sock")).quote(REPORT_DATA)


def test_dstack_quote__socket_that_nobody_serves__is_missing(tmp_path: Path) -> None:
    os.mknod(tmp_path / "dstack.sock")
    with pytest.raises(DeviceMissingError, match="guest agent"):
        Dstack(str(tmp_path / "dstack.sock")).quote(REPORT_DATA)


def test_dstack_quote__agent_reports_an_error__names_it(tmp_path: Path) -> None:
    with (
        dstack(tmp_path / "dstack.sock", lambda *_: (500, b"no quote")) as endpoint,
        pytest.raises(DeviceFailedError, match="500 Internal Server Error"),
    ):
        Dstack(endpoint).quote(REPORT_DATA)


@pytest.mark.parametrize("body", [b"{}", b"no json", b'{"quote": "zz", "event_log": "[]"}'])
def test_dstack_quote__malformed_answer__is_refused(tmp_path: Path, body: bytes) -> None:
    with (
        dstack(tmp_path / "dstack.sock", lambda *_: (200, body)) as endpoint,
        pytest.raises(DeviceFailedError, match="wrong answer of dstack's guest agent"),
    ):
        Dstack(endpoint).quote(REPORT_DATA)


# ── Devices return any bytes: the host verifies them (operator/test_registration.py) ──


@pytest.mark.parametrize("content", [b"", b"no quote", bytes(5_000)])
def test_quote__any_bytes_of_the_interface__are_returned_as_they_are(
    tmp_path: Path, content: bytes
) -> None:
    with gramine(tmp_path, lambda _: content) as device:
        assert Gramine(device).quote(REPORT_DATA) == content
    with configfs(tmp_path / "report", lambda _: content) as instance:
        assert Tdx(instance).quote(REPORT_DATA) == content
    answer = json.dumps({"quote": content.hex(), "event_log": "[]"}).encode()
    with dstack(tmp_path / "dstack.sock", lambda *_: (200, answer)) as endpoint:
        assert Dstack(endpoint).quote(REPORT_DATA) == content
