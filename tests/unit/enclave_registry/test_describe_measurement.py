"""describe_measurement and description."""

# Holds S-49.

import pytest
from brownie import ZERO_ADDRESS, reverts

from tests.reasons import ALREADY_DESCRIBED, BAD_DESCRIPTION
from tests.sale import word
from tests.unit.enclave_registry.registry_deployment import (
    NOT_OWNER,
    PROGRAM,
    measurement_of,
    only_event,
)

SOURCE = bytes.fromhex("da39a3ee5e6b4b0d3255bfef95601890afd80709") + bytes(12)
TEXT = "Golden Grain 1.0 under Gramine"
NOTHING = (bytes(32), "")


def description(registry, measurement):
    source, text = registry.description(measurement)
    return bytes(source), text


def test_describe_measurement__first__is_on_record_and_logged(registry, owner, verifier):
    receipt = registry.describe_measurement(verifier, PROGRAM, SOURCE, TEXT, {"from": owner})
    measurement = measurement_of(verifier)
    assert bytes(receipt.return_value) == measurement
    assert description(registry, measurement) == (SOURCE, TEXT)
    assert only_event(receipt, "MeasurementDescribed") == {
        "measurement": measurement,
        "verifier": verifier,
        "program": PROGRAM,
        "source": SOURCE,
        "text": TEXT,
    }


def test_describe_measurement__neighbours__stay_undescribed(
    registry, owner, verifier, second_verifier
):
    registry.describe_measurement(verifier, PROGRAM, SOURCE, TEXT, {"from": owner})
    assert description(registry, measurement_of(verifier, word("another program"))) == NOTHING
    assert description(registry, measurement_of(second_verifier)) == NOTHING
    assert description(registry, PROGRAM) == NOTHING


@pytest.mark.parametrize(
    ("source", "text"),
    [(bytes(32), " "), (b"\xff" * 32, "~" * 256), (bytes(31) + b"\1", "!" * 255)],
    ids=["least", "most", "one less"],
)
def test_describe_measurement__extremes__are_kept_whole(registry, owner, source, text):
    top = b"\xff" * 32
    registry.describe_measurement(ZERO_ADDRESS, top, source, text, {"from": owner})
    assert description(registry, measurement_of(ZERO_ADDRESS, top)) == (source, text)


def test_describe_measurement__again__reverts_whoever_owns_it_by_then(
    registry, owner, verifier, stranger
):
    registry.describe_measurement(verifier, PROGRAM, bytes(32), TEXT, {"from": owner})
    registry.transfer_ownership(stranger, {"from": owner})
    registry.accept_ownership({"from": stranger})
    for source, text in ((bytes(32), TEXT), (SOURCE, TEXT), (bytes(32), "another")):
        with reverts(ALREADY_DESCRIBED):
            registry.describe_measurement(verifier, PROGRAM, source, text, {"from": stranger})
    assert description(registry, measurement_of(verifier)) == (bytes(32), TEXT)


def test_describe_measurement__not_the_owner__reverts(
    registry, deployer, operator, market, stranger, verifier
):
    for caller in (deployer, operator, market, stranger):
        with reverts(NOT_OWNER):
            registry.describe_measurement(verifier, PROGRAM, SOURCE, TEXT, {"from": caller})
    assert description(registry, measurement_of(verifier)) == NOTHING


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x1f",
        "\x7f",
        "\n",
        "a\0",
        "\x1b[2Jcleared",
        "a \x1b[2J cleared text",
        "x" * 32 + "\x7f" + "x" * 32,
        "x" * 200 + "\n" + "x" * 55,
        "x" * 255 + "\t",
        "Intel\u00ae",
        "Intel\u00ae SGX",
        "é",
    ],
)
def test_describe_measurement__not_printable_ascii__reverts(registry, owner, verifier, text):
    with reverts(BAD_DESCRIPTION):
        registry.describe_measurement(verifier, PROGRAM, SOURCE, text, {"from": owner})
    assert description(registry, measurement_of(verifier)) == NOTHING


def test_describe_measurement__too_long__reverts(registry, owner, verifier):
    with reverts(""):
        registry.describe_measurement(verifier, PROGRAM, SOURCE, "x" * 257, {"from": owner})


def test_describe_measurement__described_or_not__says_nothing_of_trust(
    deployment, registry, owner, verifier, enlisted
):
    """Beside the record, which it leaves alone; revoked or not."""
    record = registry.measurement(deployment.measurement)
    registry.describe_measurement(verifier, PROGRAM, SOURCE, TEXT, {"from": owner})
    assert registry.measurement(deployment.measurement) == record
    assert deployment.is_active(enlisted)
    registry.revoke_measurement(deployment.measurement, {"from": owner})
    assert not deployment.is_active(enlisted)
    assert description(registry, deployment.measurement) == (SOURCE, TEXT)
    revoked = word("revoked")
    registry.revoke_measurement(measurement_of(verifier, revoked), {"from": owner})
    registry.describe_measurement(verifier, revoked, SOURCE, TEXT, {"from": owner})
    assert registry.measurement(measurement_of(verifier, revoked))[1] > 0
