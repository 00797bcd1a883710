"""Evidence that is accepted: what it attests, what it leaves behind, and how long it holds."""

from dataclasses import astuple, replace

import pytest
from brownie import reverts
from eth_utils.crypto import keccak

from offchain.attestation.evidence import Chain, Known
from offchain.attestation.programs import program_id
from offchain.simulation import Machine
from tests.anvil import events, now
from tests.dcap import BODIES, REPORT_DATA, evidence
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_UNKNOWN,
    EVIDENCE_KIND,
    MR_CONFIG,
)
from tests.reasons import REPORT_DATA as WRONG_REPORT_DATA
from tests.unit.dcap_verifier.support import kept_by, verify, verify_quote, views_see

TDX = ("tdx v4", "tdx v5")


def attested(intel, machine, body, dstack=False):
    """The answer expected for a machine's quote of a body."""
    platform = keccak(intel.machine_values("machine").ppid)
    return program_id(body, dstack), platform, machine.pck.certificate.not_after


# ── Attestation and cache ──


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("known", Known)
def test_verify__whatever_is_cached__attests_the_same(verifier, intel, machine, trust, name, known):
    quote = machine.quote(BODIES[name])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    again = evidence(quote, trust.root_key, known)
    assert verify(verifier, again, REPORT_DATA) == attested(intel, machine, BODIES[name])
    assert verify_quote(verifier, again) == (
        attested(intel, machine, BODIES[name]),
        REPORT_DATA + bytes(32),
    )


def test_verify__whole_chain__is_cached_once(verifier, machine, trust, chain_of):
    whole = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    assert chain_of.known_by(kept_by(verifier)) is Known.AUTHORITY
    assert events(verifier.verify(whole, REPORT_DATA)) == [
        ("PckAdded", {"pck": astuple(chain_of.pck_record)}),
    ]
    assert chain_of.known_by(kept_by(verifier)) is Known.PCK
    assert events(verifier.verify(whole, REPORT_DATA)) == []


def test_verify__another_certificate_of_one_serial_number__takes_its_place(
    verifier, intel, machine, trust
):
    """A record that is not the last one's is unknown."""
    later, quotes = now() + 10_000, []
    for more in (0, 1):
        changed = replace(machine.pck.certificate, not_after=later + more)
        issued = intel.authority.issue(machine.pck.key, changed)
        quotes.append(Machine.with_pck(intel, "machine", issued).quote(BODIES["sgx v3"]))
    for last in (0, 1, 0):
        receipt = verifier.verify(evidence(quotes[last], trust.root_key), REPORT_DATA)
        record = Chain.of(quotes[last], trust.root_key).pck_record
        assert events(receipt) == [("PckAdded", {"pck": astuple(record)})]
        shown = evidence(quotes[last], trust.root_key, Known.PCK)
        assert verify(verifier, shown, REPORT_DATA)[2] == later + last
        with reverts(CERTIFICATE_UNKNOWN):
            shown = evidence(quotes[1 - last], trust.root_key, Known.PCK)
            verifier.verify.call(shown, REPORT_DATA)


def test_verify__another_machine_of_a_known_authority__is_cached(verifier, intel, machine, trust):
    verifier.verify(evidence(machine.quote(BODIES["sgx v3"]), trust.root_key), REPORT_DATA)
    newcomer = Machine.simulate(intel, "newcomer").quote(BODIES["sgx v3"])
    chain = Chain.of(newcomer, trust.root_key)
    assert chain.known_by(kept_by(verifier)) is Known.AUTHORITY
    receipt = verifier.verify(evidence(newcomer, trust.root_key, Known.AUTHORITY), REPORT_DATA)
    assert events(receipt) == [("PckAdded", {"pck": astuple(chain.pck_record)})]


@pytest.mark.parametrize("known", [Known.PCK, Known.AUTHORITY])
def test_verify__record_not_cached__reverts(fresh, machine, trust, known):
    verifier = fresh.verifier
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key, known)
    with reverts(CERTIFICATE_UNKNOWN):
        verifier.verify.call(shown, REPORT_DATA)


@pytest.mark.parametrize("known", [Known.PCK, Known.AUTHORITY])
def test_verify__any_word_of_a_cached_record_changed__reverts(verifier, machine, trust, known):
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    shown = evidence(quote, trust.root_key, known)
    size = 256 if known is Known.PCK else 160
    for offset in range(1 + 31, 1 + size, 32):
        changed = shown[:offset] + bytes([shown[offset] ^ 1]) + shown[offset + 1 :]
        with reverts(CERTIFICATE_UNKNOWN):
            verifier.verify.call(changed, REPORT_DATA)


def test_verify__quote_of_another_machine_with_a_cached_record__reverts(
    verifier, intel, machine, trust
):
    """A record shows one machine's key only."""
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    stolen = replace(
        Machine.simulate(intel, "thief").quote(BODIES["sgx v3"]), pck_chain=quote.pck_chain
    )
    for known in Known:
        with reverts("qe signature"):
            verifier.verify.call(evidence(stolen, trust.root_key, known), REPORT_DATA)


# ── Report data ──


@pytest.mark.parametrize("name", BODIES)
def test_verify__other_report_data__reverts(verifier, machine, trust, name):
    shown = evidence(machine.quote(BODIES[name]), trust.root_key)
    for asked in (bytes(32), REPORT_DATA[::-1], REPORT_DATA[:31] + b"\0", b"\1" + REPORT_DATA[1:]):
        with reverts(WRONG_REPORT_DATA):
            verifier.verify.call(shown, asked)


# Holds S-61.
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("second_half", [b"\1" + bytes(31), bytes(31) + b"\1"])
def test_verify__second_half_of_the_report_data_not_zero__reverts(
    verifier, machine, trust, name, second_half
):
    body = replace(BODIES[name], report_data=REPORT_DATA + second_half)
    shown = evidence(machine.quote(body), trust.root_key)
    with reverts(WRONG_REPORT_DATA):
        verifier.verify.call(shown, REPORT_DATA)
    assert verify_quote(verifier, shown)[1] == REPORT_DATA + second_half


# ── dstack ──


@pytest.mark.parametrize("name", TDX)
def test_verify__dstack__leaves_rtmr3_out(verifier, intel, machine, trust, name):
    app = replace(BODIES[name], mr_config_id=b"\1" + bytes(47))
    for body in (app, replace(app, rtmr3=b"\7" * 48)):
        shown = evidence(machine.quote(body), trust.root_key, dstack=True)
        assert verify(verifier, shown, REPORT_DATA) == attested(intel, machine, app, dstack=True)
        plain = evidence(machine.quote(body), trust.root_key)
        assert verify(verifier, plain, REPORT_DATA) == attested(intel, machine, body)


@pytest.mark.parametrize("name", TDX)
def test_verify__dstack_with_any_bit_of_mrconfigid__is_accepted(verifier, machine, trust, name):
    for place in (0, 47):
        config = bytes(place) + b"\1" + bytes(47 - place)
        body = replace(BODIES[name], mr_config_id=config)
        shown = evidence(machine.quote(body), trust.root_key, dstack=True)
        assert verify(verifier, shown, REPORT_DATA)[0] == program_id(body, dstack=True)


@pytest.mark.parametrize("name", TDX)
def test_verify__dstack_without_mrconfigid__reverts(verifier, machine, trust, name):
    neighbours = replace(BODIES[name], mr_td=b"\xff" * 48, mr_owner=b"\xff" * 48)
    for body in (BODIES[name], neighbours):
        with reverts(MR_CONFIG):
            verifier.verify.call(
                evidence(machine.quote(body), trust.root_key, dstack=True), REPORT_DATA
            )


def test_verify__dstack_claimed_for_sgx__reverts(verifier, machine, trust):
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    with reverts(EVIDENCE_KIND):
        verifier.verify.call(bytes([shown[0] | 0x80]) + shown[1:], REPORT_DATA)


# ── Time ──


@pytest.mark.parametrize("known", Known)
def test_verify__around_the_end_of_the_pck_certificate(verifier, intel, trust, known):
    end = now() + 1_000
    machine = Machine.with_pck(intel, "brief", intel.issue_pck("brief", not_after=end))
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    shown = evidence(quote, trust.root_key, known)
    for time in (end - 1, end):
        views_see(time)
        assert verify(verifier, shown, REPORT_DATA)[2] == end
    views_see(end + 1)
    with reverts(CERTIFICATE_EXPIRED):
        verifier.verify.call(shown, REPORT_DATA)


def test_verify__around_the_beginning_of_the_pck_certificate(verifier, intel, trust):
    start = now() + 1_000
    machine = Machine.with_pck(intel, "future", intel.issue_pck("future", not_before=start))
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    views_see(start - 1)
    with reverts(CERTIFICATE_NOT_YET_VALID):
        verifier.verify.call(shown, REPORT_DATA)
    for time in (start, start + 1):
        views_see(time)
        assert verify(verifier, shown, REPORT_DATA)[1] == keccak(
            intel.machine_values("future").ppid
        )
