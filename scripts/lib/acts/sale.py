"""A sale from its task to its settlement: parties act, and the clock moves where people wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from offchain.chain.history import CLOSED, REPORTED, History
from offchain.cli.units import ETHER, format_score
from offchain.observer.scores import find_results, rows
from scripts.lib.acts.parties import Provider, Seller
from scripts.lib.acts.stage import Party, Stage
from scripts.lib.local_chain import now, warp


@dataclass
class Sale:
    """A task with its provider and its developers."""

    stage: Stage
    provider: Provider
    sellers: list[Seller]

    @property
    def id(self) -> bytes:
        """The task's id, bytes32."""
        return self.provider.buyer.task_id

    @property
    def history(self) -> History:
        """The events of the task."""
        found = self.stage.market.history(self.id)
        if found is None:
            raise RuntimeError("the task is gone, expected it on the chain")
        return found

    def to_the_seed(self, silent: Sequence[str] = ()) -> None:
        """Commit, reveal, and close the reveals; those who are silent do not reveal."""
        stage, task, market = self.stage, self.provider.task, self.stage.market
        stage.turn(*self.sellers)
        stage.turn(self.provider)
        warp(task.commit_deadline)
        self.sellers = [each for each in self.sellers if each.name not in silent]
        stage.turn(*self.sellers)
        for name in silent:
            stage.tell(name, "stays away: its bond is forfeited")
        warp(task.reveal_deadline)
        stage.play([self.provider], until=lambda: market.stage(self.id) == CLOSED)

    def to_a_report(self) -> None:
        """Let operators measure, sign and post; the first to get the test set stay silent."""
        stage, task, market = self.stage, self.provider.task, self.stage.market
        stage.turn(self.provider)
        stage.say("  the first operators stay silent; a third of the time to report passes")
        warp(task.reveal_deadline + (task.report_deadline - task.reveal_deadline) // 3)
        parties: list[Party] = [self.provider, *stage.honest]
        stage.play(parties, until=lambda: market.stage(self.id) == REPORTED)

    def to_the_end(self) -> None:
        """Claim, settle, open and measure what was bought."""
        stage, market = self.stage, self.stage.market
        stage.turn(*self.sellers)
        warp(max(market.progress(self.id).time_a, now() + 1))
        stage.play(self.sellers, until=lambda: all(each.is_done for each in self.sellers))
        stage.play([self.provider], until=lambda: self.provider.buyer.is_done)
        for line in self.provider.delivery():
            stage.tell(self.provider.name, line)

    def table(self) -> None:
        """Print every result of the report that stands, each proved against the chain."""
        history, names = self.history, {each.address: each.name for each in self.sellers}
        report = history.standing(self.id)
        uris = set(self.stage.registry.endpoints().values())
        _, results = find_results(report, uris, local_uris=True)
        prices = history.record(self.stage.market.domain).prices
        made = Table(title="Results, each with its Merkle proof")
        for column in ("index", "developer", "result", "bought for"):
            made.add_column(column, no_wrap=True)
        for each in rows(history, self.id, report, results, prices):
            result = str(each.reason) if each.score is None else format_score(each.score)
            price = "" if each.price is None else ETHER.format(each.price)
            made.add_row(str(each.index), names[each.developer], result, price)
        self.stage.console.print(made)
