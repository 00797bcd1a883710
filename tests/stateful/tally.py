"""Counts of what a play did, against what the interfaces promise of every function."""

import re
from collections import Counter

from tests.inprocess import ROOT
from tests.reasons import REASONS
from tests.stateful.office import NOT_NEW_OWNER, NOT_OWNER

INTERFACES = {"market": "IModelMarket", "registry": "IEnclaveRegistry", "policy": "ITcbPolicy"}
FUNCTION = re.compile(r'@external\n((?:@\w+\n)*)def (\w+)\(.*?"""(.*?)"""', re.DOTALL)
JUDGES = ("check_quorum", "check")
"""Views whose refusals decide."""

DONE = "done"
ANY = "any function"

# What a function refuses for the reasons of another.
LIKE = {
    ("market", "post_report"): ("registry", "check_quorum"),
    ("market", "resolve_dispute"): ("registry", "check_quorum"),
    ("registry", "revoke_platform"): ("registry", "revoke_enclave"),
    ("registry", "revoke_measurement"): ("registry", "revoke_enclave"),
    ("registry", "revoke_verifier"): ("registry", "revoke_enclave"),
    ("policy", "update_identity"): ("policy", "update_tcb"),
}

UNREACHABLE = {
    (ANY, "too little gas"): "depends on the gas limit: tests/attacks/test_gas_limits.py",
    ("post_report", "operator excluded"): "the market excludes nobody from a report",
}
"""Refusals that no play meets, and why."""

Key = tuple[str, ...]


def promised() -> dict[tuple[str, str], set[str]]:
    """Every state-changing function, and the reasons for which its interface lets it refuse."""
    known = {*REASONS.values(), NOT_OWNER, NOT_NEW_OWNER}
    found = {}
    for contract, interface in INTERFACES.items():
        text = (ROOT / "interfaces" / f"{interface}.vyi").read_text()
        for decorators, name, doc in FUNCTION.findall(text):
            if name in JUDGES or not re.search("@(view|pure)", decorators):
                said = " ".join(doc.split())
                reasons = {each for each in known if f'"{each}"' in said}
                owner = {NOT_OWNER} if "Owner only" in said else set()
                found[contract, name] = reasons | owner
    for function, other in LIKE.items():
        found[function] = found[function] | found[other] - {NOT_OWNER}
    return found


class Tally(Counter[Key]):
    """How often each thing happened, by words that name it."""

    def add(self, *key: str) -> None:
        self[key] += 1

    def missing(self, deadlines: list[Key]) -> list[Key]:
        """Return what a complete play would have done, and this one never did."""
        wanted = [
            (contract, function, outcome)
            for (contract, function), reasons in promised().items()
            for outcome in [DONE, *sorted(reasons)]
            if not {(ANY, outcome), (function, outcome)} & set(UNREACHABLE)
        ]
        return [key for key in [*wanted, *deadlines] if not self[key]]

    def report(self) -> str:
        """One line each, in the order of the words."""
        width = max((len(" · ".join(key)) for key in self), default=0)
        return "\n".join(f"{' · '.join(key):{width}}  {self[key]:>9,}" for key in sorted(self))
