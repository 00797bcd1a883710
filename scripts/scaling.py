"""Compute a month of a large market from the measured gas: `python -m scripts.scaling`.

Gas comes from the snapshot of `make gas`, sizes and counts from the interface. Everything else is
an assumption, which `Assumptions` states; change one by its option, such as ``--tasks 1000``.
"""

import argparse
from dataclasses import dataclass, fields

from rich.console import Console
from rich.table import Table

from scripts.lib.gas_report import DRAFTS, SNAPSHOT, read
from scripts.lib.replay import FORKS, Figures

WORD = 32
STATE_BYTES = 64
"""Bytes of state that EIP-8037 counts for a new word."""
DATA_WORDS = {
    "create_task": 31,
    "commit_model": 2,
    "reveal_model": 13,
    "close_reveals": 1,
    "post_report": 35,
    "claim_award": 14,
    "settle": 35,
}
"""Words of calldata beside the selector: a roster of four, one award, one signature, URIs of 65."""
LOG_WORDS = {
    "create_task": 31,
    "commit_model": 2,
    "reveal_model": 13,
    "close_reveals": 3,
    "post_report": 13,
    "claim_award": 7,
    "settle": 5,
}
"""Words of data in the market's events of each function."""
LOG_TOPICS = {
    "create_task": (3,),
    "commit_model": (3,),
    "reveal_model": (2,),
    "close_reveals": (2,),
    "post_report": (2,),
    "claim_award": (3,),
    "settle": (2, 3, 3),
}
"""Topics of each of these events; the address of the market takes 20 bytes more."""
BLOB_BYTES = 2**17
GIGABYTE, TERABYTE = 10**9, 10**12


@dataclass(frozen=True)
class Assumptions:
    """A month, the chains, prices and machines.

    `make bench` measures ``keyring_milliseconds``; nothing else here is measured.

    Args:
        roster: enclaves of a task.
        blobs_a_block: target of L1 for the data of all rollups (BPO2).
        state_gigabytes_a_year: growth that EIP-8037 sets its prices for, 120 GiB.
        machines: of operators; each task is measured by one.
        cores: of a machine, one model each.
        megabits: of a machine's connection.
        host_terabytes: disk of the host that keeps all artifacts.
        kept_days: from the first upload of an artifact to the end of the claims.
        reader_gigabytes: events that a client is willing to read for a month.
    """

    tasks: int = 100_000
    submissions: int = 50
    roster: int = 4
    days: int = 30
    l1_gas_a_block: int = 60_000_000
    l1_seconds_a_block: int = 12
    rollup_gas_a_second: int = 30_000_000
    l1_gwei: float = 1.0
    rollup_gwei: float = 0.01
    dollars_an_ether: int = 3_000
    blobs_a_block: int = 14
    state_gigabytes_a_year: float = 129.0
    model_megabytes: float = 5.0
    model_seconds: float = 2.0
    keyring_milliseconds: float = 0.8
    machines: int = 10
    cores: int = 8
    megabits: int = 1_000
    host_terabytes: float = 10.0
    kept_days: int = 14
    reader_gigabytes: float = 1.0

    @property
    def seconds(self) -> int:
        """Seconds of the month."""
        return self.days * 86_400

    @property
    def l1_blocks(self) -> int:
        """Blocks of L1 in the month."""
        return self.seconds // self.l1_seconds_a_block

    @property
    def capacity(self) -> dict[str, int]:
        """Gas of each chain in the month."""
        return {
            "L1": self.l1_gas_a_block * self.l1_blocks,
            "rollup": self.rollup_gas_a_second * self.seconds,
        }


@dataclass(frozen=True)
class Month:
    """Resources that a market uses in a month; hours are of one core."""

    gas: Figures
    data_bytes: int
    log_bytes: int
    new_words: int
    x25519: int
    artifact_bytes: int
    model_hours: float
    keyring_hours: float

    @property
    def state_bytes(self) -> int:
        """Growth of the state, as EIP-8037 counts it."""
        return self.new_words * STATE_BYTES


@dataclass(frozen=True)
class Limit:
    """A resource, what the month uses of it, and what there is, in the same unit."""

    resource: str
    used: float
    most: float

    def tasks(self, assumed: Assumptions) -> int:
        """Return the tasks of a month that use all of it."""
        return int(assumed.tasks * self.most / self.used)


def sale_gas(rows: dict[str, Figures], submissions: int, awards: int = 1) -> Figures:
    """Return the gas of a sale from its task to its settlement, by hardfork.

    Every model is revealed and one enclave signs. Several awards count as calls of eight.
    """
    several = awards > 1
    counts = {
        "create_task, 2 knots": 1,
        "commit_model, 2nd": submissions,
        "reveal_model, first": 1,
        "reveal_model, later": submissions - 1,
        "close_reveals": 1,
        f"post_report, 1 signature, roster of 4, {'8 awards' if several else '1 award'}": 1,
        f"claim_award, of {8 if several else 1}": awards,
        "settle, 1 signer": 1,
    }
    return {fork: sum(n * rows[name][fork] for name, n in counts.items()) for fork in FORKS}


def simulate(rows: dict[str, Figures], assumed: Assumptions) -> Month:
    """Compute a month in which each task has one award, one signature, and every model revealed."""
    calls = dict.fromkeys(DATA_WORDS, 1) | {
        "commit_model": assumed.submissions,
        "reveal_model": assumed.submissions,
    }
    gas = {fork: assumed.tasks * used for fork, used in sale_gas(rows, assumed.submissions).items()}

    def total(words: dict[str, int]) -> int:
        return assumed.tasks * WORD * sum(n * words[name] for name, n in calls.items())

    heads = {name: sum(20 + WORD * each for each in of) for name, of in LOG_TOPICS.items()}
    entries = assumed.tasks * assumed.submissions
    return Month(
        gas=gas,
        data_bytes=total(DATA_WORDS) + assumed.tasks * 4 * sum(calls.values()),
        log_bytes=total(LOG_WORDS)
        + assumed.tasks * sum(count * heads[name] for name, count in calls.items()),
        # Progress and head of each task, and a word for each submission.
        new_words=2 * assumed.tasks + entries,
        # Each key is sealed to every enclave of the roster and to the provider, and opened by one,
        # which seals it anew to compare.
        x25519=entries * (2 * (assumed.roster + 1) + 1),
        artifact_bytes=round(entries * assumed.model_megabytes * 10**6),
        model_hours=entries * assumed.model_seconds / 3_600,
        keyring_hours=entries * assumed.keyring_milliseconds / 3_600_000,
    )


def limits(month: Month, assumed: Assumptions) -> list[Limit]:
    """Return all limits, the first to be reached first."""
    machine_seconds = assumed.machines * assumed.seconds
    found = [
        Limit(f"gas of {chain}, {fork}", month.gas[fork], most)
        for chain, most in assumed.capacity.items()
        for fork in FORKS
    ]
    found += [
        Limit(
            "state of L1, EIP-8037's target",
            month.state_bytes,
            assumed.state_gigabytes_a_year * GIGABYTE * assumed.days / 365,
        ),
        Limit(
            "blobs of L1, for a rollup's calldata",
            month.data_bytes,
            assumed.blobs_a_block * BLOB_BYTES * assumed.l1_blocks,
        ),
        Limit("events that a client reads", month.log_bytes, assumed.reader_gigabytes * GIGABYTE),
        Limit(
            "disk of a host of artifacts",
            month.artifact_bytes * assumed.kept_days / assumed.days,
            assumed.host_terabytes * TERABYTE,
        ),
        Limit(
            "connections of the enclaves",
            month.artifact_bytes,
            machine_seconds * assumed.megabits * 10**6 / 8,
        ),
        Limit(
            "cores of the enclaves",
            3_600 * (month.model_hours + month.keyring_hours),
            machine_seconds * assumed.cores,
        ),
    ]
    return sorted(found, key=lambda limit: limit.tasks(assumed))


def on_chains(month: Month, assumed: Assumptions) -> Table:
    """Return gas, share of the chain's capacity, and price, on each chain under each fork."""
    gwei = {"L1": assumed.l1_gwei, "rollup": assumed.rollup_gwei}
    made = Table(title="A month, execution", caption=DRAFTS)
    for heading in ("chain", "fork", "gas, billions", "of capacity", "dollars", "dollars a task"):
        made.add_column(heading, justify="right")
    for chain, most in assumed.capacity.items():
        for fork in FORKS:
            used = month.gas[fork]
            dollars = used * gwei[chain] * 1e-9 * assumed.dollars_an_ether
            cells = f"{used / 1e9:,.0f}", f"{used / most:.1%}", f"{dollars:,.0f}"
            made.add_row(chain, fork, *cells, f"{dollars / assumed.tasks:,.2f}")
    return made


def off_chain(month: Month) -> Table:
    """Return what is not gas."""
    made = Table(title="A month, everything else")
    made.add_column("")
    made.add_column("", justify="right")
    for name, value in {
        "new words of storage": f"{month.new_words:,}",
        "state, gigabytes (EIP-8037's count)": f"{month.state_bytes / GIGABYTE:,.2f}",
        "calldata, gigabytes": f"{month.data_bytes / GIGABYTE:,.2f}",
        "events with topics, gigabytes": f"{month.log_bytes / GIGABYTE:,.2f}",
        "X25519 operations": f"{month.x25519:,}",
        "artifacts, terabytes": f"{month.artifact_bytes / TERABYTE:,.1f}",
        "enclave hours, one core: models": f"{month.model_hours:,.0f}",
        "enclave hours, one core: keyrings": f"{month.keyring_hours:,.0f}",
    }.items():
        made.add_row(name, value)
    return made


def first_limits(month: Month, assumed: Assumptions) -> Table:
    """Return the share that the month uses of each limit, and the market that reaches it."""
    made = Table(title="Limits, the first to be reached first")
    for heading in ("resource", "used", "tasks a month at the limit"):
        made.add_column(heading, justify="left" if heading == "resource" else "right")
    for limit in limits(month, assumed):
        used = f"{limit.used / limit.most:.1%}"
        made.add_row(limit.resource, used, f"{limit.tasks(assumed):,}")
    return made


def main(arguments: list[str] | None = None) -> Month:
    """Print a month under the assumptions, or those that options change; return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for each in fields(Assumptions):
        kind = float if isinstance(each.default, float) else int
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=kind, default=each.default)
    assumed = Assumptions(**vars(parser.parse_args(arguments)))
    month = simulate(read(SNAPSHOT)["rows"], assumed)
    console = Console(width=100)
    console.print(on_chains(month, assumed))
    console.print(off_chain(month))
    console.print(first_limits(month, assumed))
    return month


if __name__ == "__main__":
    main()
