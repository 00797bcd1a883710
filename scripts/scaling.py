"""Compute a month of a large market from the measured gas: `python -m scripts.scaling`.

Gas comes from the snapshot of `make gas`. Everything else is an assumption, which `Assumptions`
states; change one by its option, such as ``--tasks 1000``.
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
    "create_task": 35,
    "commit_model": 2,
    "reveal_model": 13,
    "close_reveals": 1,
    "post_report": 59,
    "claim_award": 14,
    "settle": 39,
}
"""Words of calldata beside the selector: a roster of four, one award, one signature, URIs of 65."""
LOG_WORDS = {
    "create_task": 35,
    "commit_model": 2,
    "reveal_model": 13,
    "close_reveals": 3,
    "post_report": 13,
    "claim_award": 7,
    "settle": 5,
}
"""Words of data in the market's events of each function."""


@dataclass(frozen=True)
class Assumptions:
    """A month, the chains, and prices; none of these is measured here."""

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
    model_megabytes: float = 5.0
    enclave_seconds_a_model: float = 2.0


@dataclass(frozen=True)
class Month:
    """Resources that a market uses in a month."""

    gas: Figures
    data_bytes: int
    log_bytes: int
    new_words: int
    x25519: int
    artifact_bytes: int
    enclave_hours: float


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

    entries = assumed.tasks * assumed.submissions
    return Month(
        gas=gas,
        data_bytes=total(DATA_WORDS) + assumed.tasks * 4 * sum(calls.values()),
        log_bytes=total(LOG_WORDS),
        # Progress and head of each task, and a word for each submission.
        new_words=2 * assumed.tasks + entries,
        # Each key is sealed to every enclave of the roster and to the provider, and opened by one.
        x25519=entries * (assumed.roster + 2),
        artifact_bytes=round(entries * assumed.model_megabytes * 10**6),
        enclave_hours=entries * assumed.enclave_seconds_a_model / 3_600,
    )


def on_chains(month: Month, assumed: Assumptions) -> Table:
    """Return gas, share of the chain's capacity, and price, on each chain under each fork."""
    seconds = assumed.days * 86_400
    capacity = {
        "L1": assumed.l1_gas_a_block * seconds // assumed.l1_seconds_a_block,
        "rollup": assumed.rollup_gas_a_second * seconds,
    }
    gwei = {"L1": assumed.l1_gwei, "rollup": assumed.rollup_gwei}
    made = Table(title="A month, execution", caption=DRAFTS)
    for heading in ("chain", "fork", "gas, billions", "of capacity", "dollars", "dollars a task"):
        made.add_column(heading, justify="right")
    for chain, most in capacity.items():
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
        "state, gigabytes (EIP-8037's count)": f"{month.new_words * STATE_BYTES / 1e9:,.2f}",
        "calldata, gigabytes": f"{month.data_bytes / 1e9:,.2f}",
        "data of events, gigabytes": f"{month.log_bytes / 1e9:,.2f}",
        "X25519 operations": f"{month.x25519:,}",
        "artifacts, terabytes": f"{month.artifact_bytes / 1e12:,.1f}",
        "enclave hours, one core": f"{month.enclave_hours:,.0f}",
    }.items():
        made.add_row(name, value)
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
    return month


if __name__ == "__main__":
    main()
