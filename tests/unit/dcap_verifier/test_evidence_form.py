"""Evidence refused for its form: lengths, kinds, certificates that do not fit.

What is refused in a well-formed quote stands in tests/dcap_refusals.py.
"""

from dataclasses import astuple, replace

import pytest
from brownie import reverts

from offchain.attestation.evidence import Chain, Known
from offchain.simulation import Machine, issuing
from tests.dcap import BODIES, REPORT_DATA, evidence
from tests.dcap_refusals import altered
from tests.reasons import (
    DER,
    EVIDENCE_KIND,
    QUOTE_LENGTH,
    TCB_FLOOR,
)

GREATEST = 1_536
"""Bytes of a certificate, with its signature."""


@pytest.fixture
def refused(verifier, trust):
    """Checks that a quote, or evidence, is refused for a reason."""

    def check(reason, shown):
        if not isinstance(shown, bytes):
            shown = evidence(shown, trust.root_key)
        with reverts(reason):
            verifier.verify.call(shown, REPORT_DATA)

    return check


# Holds S-57.
@pytest.mark.parametrize("name", BODIES)
def test_verify__longer_or_shorter__reverts(refused, machine, trust, name):
    shown = evidence(machine.quote(BODIES[name]), trust.root_key)
    for wrong in (shown + b"\0", shown + bytes(32), shown[:-1], shown[:-32], shown[:1500]):
        refused(QUOTE_LENGTH, wrong)


def test_verify__next_to_nothing__reverts(refused):
    for size in (0, 1, 2, 432, 1_296):
        refused(QUOTE_LENGTH, bytes(size))


def test_verify__quote_as_published_without_its_packing__reverts(refused, machine):
    quote = machine.quote(BODIES["sgx v3"])
    refused(EVIDENCE_KIND, quote.encode())


@pytest.mark.parametrize("kind", [3, 4, 64, 127])
@pytest.mark.parametrize("dstack", [0, 128])
def test_verify__unknown_kind__reverts(refused, machine, trust, kind, dstack):
    shown = evidence(machine.quote(BODIES["tdx v4"]), trust.root_key)
    refused(EVIDENCE_KIND, bytes([kind | dstack]) + shown[1:])


@pytest.mark.parametrize(
    ("size", "reason"), [(0, DER), (64, DER), (65, DER), (1537, DER), (65535, DER)]
)
def test_verify__certificate_of_another_length_than_declared__reverts(
    refused, machine, trust, size, reason
):
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    refused(reason, altered(shown, 1, size.to_bytes(2, "big")))


def test_verify__certificate_around_the_greatest_size(verifier, refused, intel, machine, trust):
    certificate, shown = machine.pck.certificate, {}
    for padding in range(256, 1_024):
        more = issuing.extension("1.2.3", bytes(padding))
        padded = replace(certificate, extensions=(*certificate.extensions, more))
        size = len(padded.tbs()) + 64
        if size in (GREATEST, GREATEST + 1):
            pck = intel.authority.issue(machine.pck.key, padded)
            quote = Machine.with_pck(intel, "machine", pck).quote(BODIES["sgx v3"])
            shown[size] = evidence(quote, trust.root_key)
    assert verifier.verify.call(shown[GREATEST], REPORT_DATA)
    refused(DER, shown[GREATEST + 1])
    for left in (0, 1, 79):  # bytes of the quote, of which 80 say its form
        refused(QUOTE_LENGTH, shown[GREATEST][: left - 1_040])


@pytest.mark.parametrize("difference", [-1, 1])
def test_verify__certificate_one_byte_off__reverts(refused, machine, trust, difference):
    quote = machine.quote(BODIES["sgx v3"])
    size = len(Chain.of(quote, trust.root_key).ca) + difference
    refused(DER, altered(evidence(quote, trust.root_key), 1, size.to_bytes(2, "big")))


def test_verify__cached_machine_below_the_floor__reverts(refused, verifier, intel, trust):
    values = replace(intel.machine_values("low"), pce_svn=19)
    quote = Machine.simulate(intel, "low", values).quote(BODIES["sgx v3"])
    chain = Chain.of(quote, trust.root_key)
    verifier.add_ca(chain.ca)
    verifier.add_pck(astuple(chain.authority_record), chain.pck)
    refused(TCB_FLOOR, evidence(quote, trust.root_key, Known.PCK))
