"""A developer's opinion of the report that stands, formed once from an operator's results file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.developer.entries import EntryFolder
from offchain.developer.preparation import Entry
from offchain.developer.results import Opinion, judge, own_result
from offchain.protocol.reports import Report
from offchain.protocol.results import Results
from offchain.storage.publications import TaskDocuments


@dataclass
class Judgement:
    """The opinion of one entry's developer.

    Args:
        market: on the developer's own node.
        files: of the entry.
        entry: as prepared.
        documents: of the task, checked.
        find_results: returns the results file of a report of a history, or None.
        amount: turns units of the task's token into text.
        opinion: on the report that stands; None before it is formed.
    """

    market: Market
    files: EntryFolder
    entry: Entry
    documents: TaskDocuments
    find_results: Callable[[History, Report], Results | None]
    amount: Callable[[int], str]
    opinion: Opinion | None = None
    _report: Report | None = None

    def form(self, history: History, index: int) -> Iterator[str]:
        """Judge the own result, with its proof checked; yield a line, once for each report."""
        report = history.standing(self.entry.task_id)
        if self._report == report:
            return
        self.opinion = None
        results = self.find_results(history, report)
        if results is None:
            yield "no operator's results file can be read yet; the awards are on the chain"
            return
        transcript = self.market.transcript(history, self.documents.roster)
        self._report = report
        try:
            result = own_result(report, results, transcript, index)
        except ValueError as error:
            self.opinion = Opinion(str(error), is_wrong=True)
        else:
            manifest, model = self.documents.manifest, self.files.model(self.entry)
            self.opinion = judge(result, results, report, transcript, manifest, model, self.amount)
        yield f"own result, proven: {self.opinion.text}"
