"""Settings of a deployment: `scripts/config/<network>.json`, read strictly.

chain_id        the chain that the network must have; may be left out
root            "intel", "simulated", or an uncompressed P-256 key as 128 hex digits (X‖Y)
owner           the guardian of registry and policy; null is the deployer, local chains only
seat_bond       what a dispute costs per seat of its panel, such as "0.01 ether"
min_tolerance   the smallest tolerance of a task, ppm
platform_stake  what an operator must stake for each of its machines, such as "1 ether"
payment_gas     gas of the market's payments: {ether, token, reserve}, the cap of each kind and what
                is kept beside it; ten times what scripts/lib/gas_prices.py measures, or more
tcb_statuses    the TCB statuses that the policy accepts for good, in Intel's names
grace_days      for how many days after its next update a document of Intel's is not stale yet
programs        list of programs to describe in the registry, as in an allow-list
                (offchain/attestation/programs.py), or "simulated"; may be left out
untrusted_root  on a live network, to accept a root that is not Intel's: the words of CONSENT
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from eth_utils.address import is_checksum_address
from web3 import Web3

from offchain.attestation.programs import DEVELOPMENT, AllowedProgram
from offchain.attestation.programs import load_allowlist as load_allowlist
from offchain.attestation.programs import parse_allowlist as parse_allowlist
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.chain.policy import BITS
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.simulation.intel import SIMULATED_ROOT_KEY, root_name

CONFIG = Path(__file__).parents[1] / "config"
CONSENT = "anybody who holds this root can forge every attestation"
MAX_SEAT_BOND = 2**64
MAX_PLATFORM_STAKE = 2**128
MAX_TOLERANCE = 1_000_000
OUT_OF_DATE = {"OutOfDate", "OutOfDateConfigurationNeeded"}
MAX_GRACE_DAYS = 365


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it, its value, and what was expected."""


class PaymentGas(NamedTuple):
    """Gas of the market's payments, in the order of its constructor."""

    ether: int
    token: int
    reserve: int


@dataclass(frozen=True)
class Settings:
    """The settings that `deploy` needs, checked."""

    root_key: bytes
    """X‖Y, 64 bytes."""
    owner: str | None
    seat_bond: int
    """Wei."""
    min_tolerance: int
    """Parts per million."""
    platform_stake: int
    """Wei."""
    payment_gas: PaymentGas
    tcb_statuses: int
    """The sum of the bits of `BITS` whose statuses the policy accepts."""
    grace_days: int
    programs: tuple[AllowedProgram, ...]
    chain_id: int | None = None

    @property
    def root_name(self) -> str:
        """The name of the root, for people to read."""
        return root_name(self.root_key)


def status_names(statuses: int) -> list[str]:
    """Return Intel's names of the statuses of a sum of bits."""
    return [name for name, bit in BITS.items() if statuses & bit]


def load(network: str, *, live: bool, folder: Path = CONFIG) -> Settings:
    """Load the settings of a network.

    Raises:
        SettingsError: there is no file, or `parse` refuses what it says.
    """
    path = folder / f"{network}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.json")))
        raise SettingsError(f"no settings for network {network!r}: expected {path}; have {known}")
    try:
        values = json.loads(path.read_text(), object_pairs_hook=_once)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    return parse(values, live=live)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON; refuse a key that stands in it twice, as only one would count."""
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise SettingsError(f"{', '.join(twice)} stands there twice: expected once")
    return values


def parse(values: object, *, live: bool) -> Settings:
    """Check settings.

    Raises:
        SettingsError: there is no object; a key is missing, unknown or wrong; a program is
            described as SIMULATED but the root is not, or the other way round; or, on a live
            network, the owner is not named or the root is not Intel's and `untrusted_root` does
            not say CONSENT.
    """
    if not isinstance(values, Mapping):
        raise SettingsError(f"settings are {values!r:.80}: expected an object of JSON")
    wanted = {
        "root",
        "owner",
        "seat_bond",
        "min_tolerance",
        "platform_stake",
        "payment_gas",
        "tcb_statuses",
        "grace_days",
    }
    missing = wanted - values.keys()
    unknown = values.keys() - wanted - {"untrusted_root", "programs", "chain_id"}
    if missing or unknown:
        raise SettingsError(f"settings miss {sorted(missing)} and do not know {sorted(unknown)}")
    root_key = _root(values["root"])
    if live and root_key != INTEL_ROOT_KEY and values.get("untrusted_root") != CONSENT:
        raise SettingsError(
            f"root is {root_name(root_key)} on a live network: expected 'intel', or untrusted_root "
            f"to say {CONSENT!r}"
        )
    if values.get("untrusted_root", CONSENT) != CONSENT:
        raise SettingsError(
            f"untrusted_root is {values['untrusted_root']!r}: expected nothing, or {CONSENT!r}"
        )
    return Settings(
        root_key,
        _owner(values["owner"], live=live),
        _wei("seat_bond", values["seat_bond"], MAX_SEAT_BOND),
        _tolerance(values["min_tolerance"]),
        _wei("platform_stake", values["platform_stake"], MAX_PLATFORM_STAKE),
        _payment_gas(values["payment_gas"]),
        _statuses(values["tcb_statuses"]),
        _grace_days(values["grace_days"]),
        _programs(values.get("programs", []), simulated=root_key == SIMULATED_ROOT_KEY),
        _chain_id(values["chain_id"]) if "chain_id" in values else None,
    )


def _root(value: object) -> bytes:
    if value == "intel":
        return INTEL_ROOT_KEY
    if value == "simulated":
        return SIMULATED_ROOT_KEY
    if isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{128}", value):
        return bytes.fromhex(value)
    raise SettingsError(f"root is {value!r}: expected 'intel', 'simulated' or 128 hex digits")


def _owner(value: object, *, live: bool) -> str | None:
    if value is None and not live:
        return None
    if not isinstance(value, str) or not is_checksum_address(value):
        raise SettingsError(f"owner is {value!r}: expected a checksummed address")
    if value == ZERO_ADDRESS:
        raise SettingsError(f"owner is {value}: expected an account, since nobody has that one")
    return value


def _wei(key: str, value: object, bound: int) -> int:
    """Return an amount such as "0.01 ether" in wei; refuse zero, and ``bound`` and above."""
    expected = f"{key} is {value!r}: expected such as '0.01 ether'"
    if not isinstance(value, str):
        raise SettingsError(expected)
    try:
        amount, unit = value.split()
        exact = Decimal(amount) * Web3.to_wei(1, unit)
        wei = int(exact)
    except (ValueError, ArithmeticError) as error:
        raise SettingsError(expected) from error
    if wei != exact:
        raise SettingsError(f"{key} is {value!r}: expected whole wei")
    if not 0 < wei < bound:
        power = bound.bit_length() - 1
        raise SettingsError(f"{key} is {wei} wei: expected above 0 and below 2**{power}")
    return wei


def _tolerance(value: object) -> int:
    if type(value) is not int or not 0 < value <= MAX_TOLERANCE:
        raise SettingsError(f"min_tolerance is {value!r}: expected 1 to {MAX_TOLERANCE} ppm")
    return value


def _payment_gas(value: object) -> PaymentGas:
    wanted = set(PaymentGas._fields)
    if not isinstance(value, dict) or value.keys() != wanted:
        raise SettingsError(f"payment_gas is {value!r}: expected {', '.join(sorted(wanted))}")
    gas = PaymentGas(**value)
    if not all(type(each) is int and each > 0 for each in gas):
        raise SettingsError(f"payment_gas is {value!r}: expected whole numbers above 0")
    return gas


def _statuses(value: object) -> int:
    if (
        not isinstance(value, list)
        or not all(isinstance(name, str) and name in BITS for name in value)
        or len(set(value)) != len(value)
    ):
        raise SettingsError(f"tcb_statuses is {value!r}: expected a list of some of {[*BITS]}")
    if "UpToDate" not in value or len(OUT_OF_DATE.intersection(value)) == 1:
        raise SettingsError(
            f"tcb_statuses is {value!r}: expected UpToDate among them, and both or none of "
            f"{sorted(OUT_OF_DATE)}"
        )
    return sum(BITS[name] for name in value)


def _grace_days(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_GRACE_DAYS:
        raise SettingsError(f"grace_days is {value!r}: expected 0 to {MAX_GRACE_DAYS}")
    return value


def _chain_id(value: object) -> int:
    if type(value) is not int or value <= 0:
        raise SettingsError(f"chain_id is {value!r}: expected a whole number above 0")
    return value


def _programs(value: object, *, simulated: bool) -> tuple[AllowedProgram, ...]:
    programs = load_allowlist(DEVELOPMENT) if value == "simulated" else _listed(value)
    for program in programs:
        if ("SIMULATED" in program.description) is not simulated:
            raise SettingsError(
                f"program is described as {program.description!r}: expected SIMULATED under the "
                "simulated root, and under no other"
            )
    return programs


def _listed(value: object) -> tuple[AllowedProgram, ...]:
    if not isinstance(value, list):
        raise SettingsError(f"programs is {value!r}: expected a list or 'simulated'")
    try:
        return parse_allowlist(value)
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"programs: {error!r}: expected objects of expected, commit and description"
        ) from error
