"""From terms and a manifest to a task on the chain: what ``create`` and ``buy`` share."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from offchain.attestation.programs import load_allowlist
from offchain.attestation.programs import measurement as measurement_of
from offchain.chain.refusals import Refused
from offchain.chain.vetting import check_program
from offchain.cli import plans, session
from offchain.cli.common import on_one_line
from offchain.cli.terms import MIN_COMMIT, Terms, parse_terms, read_terms
from offchain.cli.units import ETHER
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.keys import public_key
from offchain.protocol.manifest import Manifest
from offchain.protocol.task import Roster
from offchain.provider.creation import (
    DELIVERY_KEY,
    DRAFT,
    PUBLISHED,
    TEST_SET_KEY,
    Draft,
    Drafts,
    TaskCreation,
)
from offchain.provider.rosters import RosterCandidate, candidates, named, propose
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import PublicationFolder, TaskDocuments
from offchain.storage.store import Store

MAX_URI_BYTES = 256


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of terms, folder and account."""
    parser.add_argument(
        "--publish",
        type=Path,
        default=Path("published"),
        help="local folder that you publish (%(default)s)",
    )
    parser.add_argument(
        "--uri", help="where strangers read that folder: http(s), ipfs or s3 (local chain: itself)"
    )
    session.add_allow_list(parser)
    parser.add_argument(
        "--accept-warnings", action="store_true", help="go on though the plan has warnings"
    )
    session.add(parser)


@dataclass(frozen=True)
class Secrets:
    """Manifest, key and encrypted test set of a task on the provider's machine.

    Args:
        manifest: of the task.
        test_set_key: 32 bytes.
        stores: stores of which one has the encrypted test set.
    """

    manifest: Manifest
    test_set_key: bytes
    stores: Sequence[Store]


def published(arguments: argparse.Namespace) -> Path:
    """Return the local folder that the provider publishes, as an absolute path."""
    chosen: Path = arguments.publish
    return chosen.expanduser().absolute()


def uri_of(here: session.Session, arguments: argparse.Namespace) -> str:
    """Return the URI at which strangers read the published folder.

    Raises:
        Refused: none is named on a chain that others have, or it is too long.
    """
    uri = arguments.uri
    if uri is None and here.is_local:
        uri = str(published(arguments))
    if uri is None:
        raise Refused(
            f"no public address of {published(arguments)}, expected --uri: developers and "
            "operators read documents and test set there (docs/PROVIDER.md)"
        )
    if not 0 < len(uri.encode()) <= MAX_URI_BYTES:
        raise Refused(f"uri of {len(uri.encode())} bytes, expected 1 to {MAX_URI_BYTES}")
    return str(uri)


def create(
    here: session.Session,
    arguments: argparse.Namespace,
    secrets: Secrets,
    random: Callable[[int], bytes],
) -> TaskCreation:
    """Create a task, or find the one that an earlier run of the same line created.

    Raises:
        Refused: terms, roster, program, balance or published files are not good enough, the user
            declined, or the plan has warnings; says what to do.
        ContractLogicError: the market refuses.
        BlockingIOError: another process is at the same line.
    """
    given, uri = read_terms(arguments.terms), uri_of(here, arguments)
    folder = _folder(here, given, secrets.manifest)
    with folder.lock("creates this task"):
        drafts = Drafts(here.market, folder)
        delivery_key = folder.remember(DELIVERY_KEY, random(32))
        draft, is_new = drafts.current(), False
        if draft is None:
            draft, is_new = _draft(here, given, secrets.manifest, delivery_key), True
        target = PublicationFolder(str(published(arguments)))
        made = TaskCreation(here.market, here.sender, draft, target, uri, here.local_uris)
        private = here.private(made.task_id)
        if not made.exists():
            _check(here, arguments, made)
            if is_new:
                drafts.write(draft)
            private.write(DELIVERY_KEY, delivery_key)
            private.write(TEST_SET_KEY, secrets.test_set_key)
            private.write_value(DRAFT, draft)
            private.remember(PUBLISHED, str(published(arguments)).encode())
            made.publish(secrets.stores)
            made.read_back()
        here.say(*map(on_one_line, made.send()))
        here.say(
            f"back up {private.path}: without {DELIVERY_KEY} nothing that you buy can be opened, "
            f"and without {TEST_SET_KEY} nothing can be measured"
        )
    return made


def _folder(here: session.Session, given: dict[str, object], manifest: Manifest) -> PrivateFolder:
    """Return the folder of this line alone: of its terms, manifest, account, market and chain."""
    first = here.node.web3.eth.get_block(here.network.first_block)["hash"]
    parts = [given, manifest.digest().hex(), here.sender.address, here.market.contract.address]
    name = sha256(json.dumps([*parts, first.hex()], sort_keys=True).encode()).hexdigest()[:16]
    return PrivateFolder(here.files / "drafts" / name)


def _draft(
    here: session.Session,
    given: dict[str, object],
    manifest: Manifest,
    delivery_key: bytes,
) -> Draft:
    """Return a new draft: with a roster from the registry, and deadlines from now on."""
    terms = parse_terms(given, here.currency, here.now())
    functions = here.market.contract.functions
    bond, least = functions.seat_bond().call(), functions.min_tolerance().call()
    stake = terms.stake(bond, here.registry.contract.functions.platform_stake().call())
    cover = -(-bond * (2 * terms.quorum + 1) // terms.quorum)
    if stake < cover:
        raise Refused(
            f"min_stake: {ETHER.format(stake)}, expected at least {ETHER.format(cover)}: the "
            "stakes of a quorum must cover the bond of a dispute; leave it out for a good one"
        )
    if terms.tolerance < least:
        raise Refused(f"tolerance: {terms.tolerance} ppm, expected {least} of this market or more")
    measurement, roster = _roster(here, terms, stake)
    provider = here.sender.address
    task = terms.task(provider, manifest, measurement, roster, stake, public_key(delivery_key))
    return Draft(task, TaskDocuments(manifest, roster))


def _roster(here: session.Session, terms: Terms, stake: int) -> tuple[bytes, Roster]:
    """Return measurement and roster: of a program on the allow-list, with most enclaves."""
    options = [terms.measurement] if terms.measurement else _measurements(here)
    found: dict[bytes, list[RosterCandidate]] = {}
    for measurement in options:
        if terms.measurement:
            check_program(here.registry, measurement, here.allow_list)
        enclaves = candidates(
            here.registry, measurement, stake, terms.last_verdict, here.sender.address
        )
        found[measurement] = list(enclaves)
    best = max(found, key=lambda each: len(found[each]))
    try:
        if terms.roster is not None:
            return best, named(found[best], terms.roster, terms.quorum)
        return best, propose(found[best], terms.quorum, terms.spares)
    except ValueError as error:
        raise Refused(
            f"roster: {error}. Counted are enclaves with a stake of {ETHER.format(stake)} whose "
            "registration lasts until the last verdict: min_stake, spares, quorum or shorter times "
            "let in more"
        ) from error


def _measurements(here: session.Session) -> list[bytes]:
    """Return the measurements of the allowed programs under the deployment's verifier."""
    allowed = load_allowlist(here.allow_list)
    if not allowed:
        raise Refused(
            f"{here.allow_list} is empty, expected programs that you rebuilt (docs/PROVIDER.md)"
        )
    verifier = here.network.addresses["verifier"]
    return [measurement_of(verifier, each.program) for each in allowed]


def _check(here: session.Session, arguments: argparse.Namespace, made: TaskCreation) -> None:
    """Show the plan and ask.

    Raises:
        Refused: the program is not allowed, the roster is not good any more, the balance is too
            small, there are warnings that were not accepted, or the user declined.
    """
    task, roster = made.task, made.draft.documents.roster
    allowed = check_program(here.registry, task.measurement, here.allow_list)
    money = here.currency(task.token)
    times = task.report_deadline + task.dispute_window + task.verdict_window
    known = candidates(here.registry, task.measurement, task.min_stake, times, task.provider)
    seats = [each for each in known if each.entry in roster]
    lines = list(
        plans.plan(task, made.draft.documents.manifest, seats, money, str(allowed), here.now())
    )
    if len(seats) < 3 * task.quorum + 1:
        raise Refused(
            f"{len(seats)} enclaves of the roster of 0x{made.task_id.hex()} are left, expected "
            f"{3 * task.quorum + 1}: write another nonce into the terms for a new roster"
        )
    if task.commit_deadline < here.now() + MIN_COMMIT // 2:
        raise Refused(
            f"the draft of 0x{made.task_id.hex()} leaves less than {MIN_COMMIT // 120} minutes to "
            "commit: wait for its commit deadline and run this again, which makes a new one"
        )
    made.check_balance()
    found = list(plans.doubts(task, seats, money))
    warned = [f"WARNING: {each}" for each in found]
    if found and not arguments.accept_warnings:
        here.say(*map(on_one_line, lines))
        raise Refused("\n".join([*warned, "nothing was sent; --accept-warnings goes on"]))
    if task.token != ZERO_ADDRESS:
        lines.append(f"  allowance   {money.format(made.escrow)} for the market, exactly")
    lines += ["", f"  documents   {made.folder.url}, read by strangers at {made.uri}", *warned]
    here.confirm(map(on_one_line, lines))
