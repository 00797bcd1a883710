"""Verification of a raw quote by the host: parsed, verified and packed before gas is paid."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from offchain.attestation.evidence import Chain, Known, pack
from offchain.attestation.quote import parse
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.operator.registration import verify_and_pack
from offchain.protocol.messages import Attestation
from tests.offchain.attestation.support import AT, BODIES, REPORT_DATA

NODE = SimpleNamespace(now=lambda: AT)
DSTACK = replace(BODIES["tdx v5"], mr_config_id=b"\1" + bytes(47))
QUOTED = BODIES | {"tdx v5": DSTACK}
DEVICES = {"sgx v3": "gramine", "tdx v4": "tdx", "tdx v5": "dstack"}


@pytest.fixture
def verifier(trust):
    return SimpleNamespace(
        trust=lambda _: trust, root_key=trust.root_key, known=lambda _: Known.AUTHORITY
    )


@pytest.fixture(params=DEVICES)
def kind(request):
    return request.param


@pytest.fixture
def quote(machine, kind):
    return machine.quote(replace(QUOTED[kind], report_data=REPORT_DATA)).encode()


def judged(verifier, quote, device):
    attestation = Attestation(quote, REPORT_DATA[:32], device)
    return verify_and_pack(attestation, verifier, NODE, REPORT_DATA)


@pytest.mark.parametrize("padding", [0, 1, 3_065])
def test_verify_and_pack__raw_quote__is_trimmed_verified_and_packed(verifier, kind, quote, padding):
    device = DEVICES[kind]
    verified, packed = judged(verifier, quote + bytes(padding), device)
    assert verified.report_data == REPORT_DATA
    dstack, parsed = device == "dstack", parse(quote)
    chain = Chain.of(parsed, verifier.root_key)
    assert packed == pack(parsed, chain, Known.AUTHORITY, dstack=dstack)


@pytest.mark.parametrize("cut", [1, 2_000])
def test_verify_and_pack__quote_cut_short__is_refused(verifier, kind, quote, cut):
    with pytest.raises(QuoteRejected) as rejection:
        judged(verifier, quote[:-cut], DEVICES[kind])
    assert rejection.value.reason is RejectionReason.QUOTE_LENGTH


def test_verify_and_pack__nothing__is_refused(verifier, kind):
    with pytest.raises(QuoteRejected, match="quote length"):
        judged(verifier, b"", DEVICES[kind])


def test_verify_and_pack__other_report_data__is_refused(verifier, machine, kind):
    stale = machine.quote(replace(QUOTED[kind], report_data=b"\xff" * 64)).encode()
    with pytest.raises(ValueError, match=f"is bound to 0x{'ff' * 64}, expected 0x"):
        judged(verifier, stale, DEVICES[kind])


@pytest.mark.parametrize(
    ("kind", "device"),
    [("sgx v3", "tdx"), ("sgx v3", "dstack"), ("tdx v4", "gramine"), ("tdx v5", "gramine")],
)
def test_verify_and_pack__quote_of_another_tee_than_the_device_s__is_refused(
    verifier, quote, kind, device
):
    with pytest.raises(ValueError, match=f"quote of an? (SGX|TDX) enclave from device {device!r}"):
        judged(verifier, quote, device)
