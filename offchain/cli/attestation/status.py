"""``attestation status``: what Intel says of a quote's machine, and what a deployment holds."""

import argparse

from offchain.attestation.advice import standings
from offchain.attestation.policy import Rules, verified_lists, verify_document
from offchain.attestation.quote import Quote, TeeType
from offchain.attestation.rejections import QuoteRejected
from offchain.attestation.tcb import Validity
from offchain.attestation.verify import verify
from offchain.chain.verifier import ROOT, Verifier
from offchain.cli import session
from offchain.cli.attestation.inputs import (
    add_quote,
    add_root,
    add_sources,
    collateral_of,
    fmspc_of,
    quote_of,
    root_key_of,
)
from offchain.cli.attestation.output import Pairs, day
from offchain.cli.attestation.verify import add_rules, rules_of
from offchain.simulation.intel import root_name


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_quote(parser, optional=True)
    add_sources(parser)
    add_root(parser)
    add_rules(parser)
    session.add(parser, account=False)
    parser.add_argument("--dstack", action="store_true", help="the quote of a dstack application")


def status(arguments: argparse.Namespace) -> Pairs:
    """Yield the status of a quote's machine by Intel's documents, and what a deployment holds.

    Raises:
        ValueError: nothing is named, something that counts is stale, or the quote is not accepted.
        QuoteRejected: the quote is malformed, or the collateral is not Intel's.
    """
    quote = quote_of(arguments.quote) if arguments.quote else None
    faults: list[str] = []
    rules, root_key, at = rules_of(arguments), root_key_of(arguments), arguments.at
    if arguments.network is not None:
        here = session.Session.of(arguments)
        verifier, at = here.verifier, here.now()
        rules, root_key = verifier.policy.rules(), verifier.root_key
        yield from _deployment(verifier, rules, at, quote, faults)
        if quote is not None:
            try:
                verify(quote, verifier.trust(quote), at, dstack=arguments.dstack)
                yield "quote", "accepted by the deployment"
            except QuoteRejected as error:
                yield "quote", f"refused by the deployment: {error}"
                documents = verifier.policy.documents()
                for each in standings(documents, quote, rules.accepted):
                    for line in each.lines():
                        yield "status", line
                faults.append(f"the deployment refuses the quote: {error.reason}")
    if arguments.collateral or arguments.service:
        yield from _collateral(arguments, quote, rules, root_key, at, faults)
    elif arguments.network is None:
        raise ValueError("nothing to ask, expected --collateral, --from or --network")
    if faults:
        raise ValueError("; ".join(faults))


def _deployment(
    verifier: Verifier,
    rules: Rules,
    at: int,
    quote: Quote | None,
    faults: list[str],
) -> Pairs:
    policy = verifier.policy
    yield "root", root_name(verifier.root_key)
    yield "accepted statuses", ", ".join(sorted(rules.accepted))
    yield "grace", f"{rules.grace // 86_400} days"
    yield "least numbers", f"TCB info {rules.least_tcb}, identity {rules.least_identity}"
    for name, authority in {"root": ROOT, **verifier.authorities()}.items():
        until = verifier.next_update(authority)
        if not until:
            faults.append(f"no revocation list of {name}")
            yield "revocation list", f"{name}: none"
            continue
        lapsed = at > until + rules.grace
        if lapsed:
            faults.append(f"the revocation list of {name} is stale")
        times = _times(verifier.this_update(authority), until, rules, at)
        yield "revocation list", f"{name}: {times}"
    fmspcs = (fmspc_of(quote),) if quote else policy.known_fmspcs()
    tee_types = (quote.tee_type,) if quote else tuple(TeeType)
    for tee_type in tee_types:
        identities = policy.identities(tee_type)
        yield from _entries(
            f"{tee_type.name} QE identity",
            [(each.validity, each.min_isv_svn is not None) for each in identities],
            rules,
            rules.least_identity,
            at,
            faults,
        )
        for fmspc in fmspcs:
            floors = policy.floors(tee_type, fmspc)
            if floors or quote:
                yield from _entries(
                    f"{tee_type.name} TCB info {fmspc.hex()}",
                    [(each.validity, bool(each.svns)) for each in floors],
                    rules,
                    rules.least_tcb,
                    at,
                    faults,
                )


def _entries(
    name: str,
    entries: list[tuple[Validity, bool]],
    rules: Rules,
    least: int,
    at: int,
    faults: list[str],
) -> Pairs:
    if not entries:
        yield name, "none"
        return
    live = False
    for validity, accepted in entries:
        live = live or (at <= validity.next_update + rules.grace and validity.number >= least)
        refusing = "" if accepted else ", has no accepted level: refuses all"
        below = "" if validity.number >= least else f", below the least number {least}"
        times = _times(validity.issued, validity.next_update, rules, at)
        yield name, f"number {validity.number}, {times}{refusing}{below}"
    if not live:
        faults.append(f"{name} is stale")


def _times(issued: int, until: int, rules: Rules, at: int) -> str:
    lapses = until + rules.grace
    state = "STALE since" if at > lapses else "lapses after"
    return f"issued {day(issued)}, next update {day(until)}, {state} {day(lapses)}"


def _collateral(
    arguments: argparse.Namespace,
    quote: Quote | None,
    rules: Rules,
    root_key: bytes,
    at: int,
    faults: list[str],
) -> Pairs:
    bundle = collateral_of(arguments, *((fmspc_of(quote),) if quote else ()))
    lists = verified_lists(bundle, root_key, at)
    for document in bundle.documents:
        verify_document(document, bundle, root_key, at, lists)
        content = document.content
        of = f"{content['id']} {content['tcbEvaluationDataNumber']} {content.get('fmspc', '')}"
        yield "document", f"{of.strip()}, {content['issueDate']} to {content['nextUpdate']}"
    for id_, found in lists.newest.items():
        name = "root" if id_ == ROOT else f"CA 0x{id_.hex()}"
        times = _times(found.this_update, found.next_update, rules, at)
        yield "list in collateral", f"{name}: {len(found.serials)} entries, {times}"
    if quote is None:
        return
    found_standings = standings(bundle, quote, rules.accepted)
    if not found_standings:
        raise ValueError(
            f"no {quote.tee_type.name} TCB info of FMSPC {fmspc_of(quote).hex()}, or no identity "
            "of its quoting enclave, in the collateral"
        )
    for each in found_standings:
        for line in each.lines():
            yield "status", line
        times = _times(each.info.validity.issued, each.info.validity.next_update, rules, at)
        yield "document", f"TCB info {each.info.validity.number}: {times}"
    if not any(each.is_accepted for each in found_standings):
        faults.append("the machine has no accepted status")
    elif all(at > each.info.validity.next_update + rules.grace for each in found_standings):
        faults.append("the TCB info is stale")
