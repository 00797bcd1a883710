"""The enclave: keys of one boot, one measurement and one signature per task and round.

All input comes from the host and is untrusted. The contents of a bundle hash to a task id, a seed
and an inventory digest. With other values than the market's, the provider's release does not open
and the market does not accept the signature.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from threading import Lock

from eth_keys.datatypes import PrivateKey

from offchain.enclave.benchmark import Benchmark, Kept, Tools, measure_all
from offchain.enclave.opening import draw_samples, open_submissions
from offchain.enclave.panel import check_posted, upholds
from offchain.enclave.proposals import Measured
from offchain.enclave.sealed import SealedArrays
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import (
    InvalidRequest,
    RequestFault,
    RunAborted,
    RunStopped,
    expect_digest,
)
from offchain.protocol.keys import hkdf, public_key
from offchain.protocol.messages import Bundle, Posted, Proposal, Signed
from offchain.protocol.release import MAX_INVENTORIES, open_release
from offchain.protocol.reports import Report, StopNotice, sign
from offchain.protocol.results import Result
from offchain.protocol.selection import Votes
from offchain.protocol.task import RosterEntry

MAX_REFUSALS = 16
"""Number of different proposals that an enclave refuses for a run before it looks at no more.

Each refusal tells the host a little of the measurement.
"""


@dataclass
class _Run:
    """A measurement, its proposal and its signed report.

    Args:
        measured: the measurement; its outputs are deleted once a report is signed.
        posted: the report to judge, in round 1.
        upheld: True if the measurement supports the posted report.
        proposal: the one that was signed, or the enclave's own before that.
        signed: None until a report is signed.
        refused: digests of the proposals that were refused.
    """

    measured: Measured
    posted: Posted | None
    upheld: bool
    proposal: Proposal
    signed: Signed | None = None
    refused: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, measured: Measured, posted: Posted | None) -> "_Run":
        """Make a run with a proposal on the measurement's own results."""
        upheld = posted is not None and upholds(measured, posted.report)
        return cls(measured, posted, upheld, replace(measured.propose(), upheld=upheld))

    def sign(
        self, proposal: Proposal, round_: int, key: PrivateKey, expected: bytes | None
    ) -> Signed:
        """Sign the report of a proposal that satisfies the rule of co-signing.

        A panel's enclave that upholds the posted report signs this one, whatever is proposed: its
        proposal counts for nothing, so all that uphold it sign the same.
        """
        measured = self.measured
        if self.posted is not None and self.upheld:
            report, results = replace(self.posted.report, round=1), None
        else:
            report = self._checked(proposal, round_, expected)
            results = measured.results_file(proposal)
            self.proposal = proposal
        cosignature = sign(report.digest(measured.transcript.domain), key, bytes(32))
        self.signed = Signed(report, cosignature, results)
        self.measured = replace(measured, votes=Votes({}, measured.votes.measure))
        return self.signed

    def _checked(self, proposal: Proposal, round_: int, expected: bytes | None) -> Report:
        digest = sha256(to_json(proposal)).digest()
        known = digest in self.refused or proposal == self.proposal
        if not known and len(self.refused) == MAX_REFUSALS:
            raise InvalidRequest(
                RequestFault.TOO_MANY_PROPOSALS,
                f"{MAX_REFUSALS} proposals were refused, expected no other",
            )
        try:
            report = self.measured.report(proposal, round_)
            made = report.digest(self.measured.transcript.domain)
            expect_digest(RequestFault.ANOTHER_REPORT, "report", made, expected or made)
            return report
        except InvalidRequest:
            self.refused.add(digest)
            raise


class Enclave:
    """One boot of the enclave program.

    Concurrent calls are safe: measurements run one at a time, and so do signatures. Proposals and
    signatures do not wait for a measurement, which is stored only once it is complete.
    """

    def __init__(self, signing_key: PrivateKey, sealing_private: bytes) -> None:
        """Make an enclave with the given keys.

        Args:
            signing_key: secp256k1, fresh for this boot and never written to disk.
            sealing_private: X25519, 32 bytes, likewise.
        """
        self._signing_key = signing_key
        self._sealing_private = sealing_private
        self._measuring, self._signing = Lock(), Lock()
        self._attempts = count()
        self._measured: dict[tuple[bytes, int], _Run] = {}
        self._kept: dict[tuple[bytes, int], Kept] = {}
        self._inventories: dict[tuple[bytes, int], list[frozenset[int]]] = {}

    @classmethod
    def boot(cls, random: Callable[[int], bytes]) -> "Enclave":
        """Make an enclave with fresh keys; ``random(n)`` returns ``n`` random bytes."""
        return cls(PrivateKey(random(32)), random(32))

    @property
    def identity(self) -> RosterEntry:
        """Public keys of the enclave."""
        address = self._signing_key.public_key.to_checksum_address()
        return RosterEntry(address, public_key(self._sealing_private))

    def measure(
        self,
        bundle: Bundle,
        tools: Tools,
        workers: int = 1,
        progress: Callable[[Result], None] = lambda _: None,
    ) -> None:
        """Measure a task for a round and store the results. A repeated call does nothing.

        Args:
            bundle: from the host; untrusted.
            tools: access to artifacts, and the runner of models.
            workers: number of submissions measured at a time.
            progress: called with every result as it arrives.

        Raises:
            InvalidRequest: the bundle is inconsistent, is not for this enclave, or differs from the
                one measured before.
            RunAborted: the environment failed, for example an artifact is missing; names the
                submission. There is no report, but the other scores are kept for another attempt.
                A `RunStopped` carries a signed `StopNotice`.
        """
        with self._measuring:
            self._measure(bundle, tools, workers, progress)

    def propose(self, task_id: bytes, round_: int) -> Proposal:
        """Return the proposal that this enclave signed, or else its own.

        An enclave of a panel that upholds the posted report signs it, whatever is proposed.

        Raises:
            InvalidRequest: `NOT_MEASURED`.
        """
        return self._get(task_id, round_).proposal

    def cosign(
        self,
        task_id: bytes,
        round_: int,
        proposal: Proposal,
        platform: bytes,
        expected: bytes | None = None,
    ) -> Signed:
        """Check a proposal against the rule of co-signing and sign the report computed from it.

        A retry with the same proposal returns the same signature; any other proposal is refused.

        Args:
            task_id: bytes32.
            round_: 0, or 1 for a panel.
            proposal: of any enclave, this one included; untrusted.
            platform: the registry's for this enclave (bytes32); the signature does not cover it.
            expected: digest of the report that must follow from the proposal; None takes any.
                So nobody binds this enclave to a proposal that no other enclave has signed.

        Raises:
            InvalidRequest: `NOT_MEASURED`, `RESULTS`, `SCORES`, `SELECTION`, `ANOTHER_REPORT`,
                `SIGNED_OTHERWISE` or `TOO_MANY_PROPOSALS`.
        """
        run = self._get(task_id, round_)
        with self._signing:
            signed = run.signed or run.sign(proposal, round_, self._signing_key, expected)
            self._kept.pop((run.measured.transcript.seed, round_), None)
        if proposal != run.proposal and not run.upheld:
            raise InvalidRequest(
                RequestFault.SIGNED_OTHERWISE, f"task 0x{task_id.hex()} in round {round_}"
            )
        return replace(signed, cosignature=replace(signed.cosignature, platform=platform))

    def _measure(
        self, bundle: Bundle, tools: Tools, workers: int, progress: Callable[[Result], None]
    ) -> None:
        transcript, manifest, release = bundle.transcript, bundle.manifest, bundle.release
        position = self._position(transcript.roster)
        expect_digest(
            RequestFault.ANOTHER_MANIFEST, "manifest", manifest.digest(), transcript.task.benchmark
        )
        if tools.capacity is not None:
            tools.capacity.check(manifest)
        commitment = manifest.test_set.key_commitment
        secret = open_release(transcript, release, self._sealing_private, commitment)
        inventory = transcript.inventory_digest(release.inventory)
        if bundle.posted is not None:
            check_posted(bundle.posted, transcript, inventory, self.identity.signing_key)
        if self._has_measured(bundle, inventory):
            return
        samples = draw_samples(manifest, transcript.seed, secret, tools.artifacts)
        results, jobs = open_submissions(
            transcript, release.inventory, bundle.keyrings, position, self._sealing_private
        )
        benchmark = Benchmark(
            manifest,
            samples.targets,
            samples.weights,
            transcript.seed,
            transcript.task.tolerance,
            tools,
        )
        kept = self._keep(bundle, tools)
        try:
            results |= measure_all(benchmark, samples.inputs, jobs, workers, progress, kept)
        except RunStopped as stop:
            stopped = (stop.submission, *stop.others)
            notice = StopNotice.sign(transcript, stopped, self._signing_key)
            raise RunStopped(stop.submission, stop.cause, stop.others, notice) from stop
        own = Measured(
            transcript,
            manifest,
            release.inventory,
            secret,
            tuple(results[index] for index in transcript.by_index),
            Votes(kept.outputs, benchmark.score),
            {
                index: doubt
                for index, doubt in kept.doubtful.items()
                if results.get(index) == kept.results[index]
            },
            {index: text for index, text in kept.details.items() if index in release.inventory},
        )
        key = (transcript.task_id, bundle.round)
        try:
            run = _Run.of(own, bundle.posted)
        except RunAborted:  # the disk lost outputs: the next attempt measures all again
            del self._kept[transcript.seed, bundle.round]
            raise
        with self._signing:
            self._check_unsigned(*key)
            self._measured[key] = run

    def _check_unsigned(self, task_id: bytes, round_: int) -> None:
        known = self._measured.get((task_id, round_))
        if known is not None and known.signed is not None:
            raise InvalidRequest(
                RequestFault.MEASURED_OTHERWISE,
                f"task 0x{task_id.hex()} in round {round_} is signed on another inventory",
            )

    def _keep(self, bundle: Bundle, tools: Tools) -> Kept:
        """Return what earlier attempts have measured; each may leave submissions out, a few times.

        A model that the kernel or the clock ended is left out so, and the others keep their scores.
        """
        key = (bundle.transcript.seed, bundle.round)
        inventories = self._inventories.setdefault(key, [])
        inventory = frozenset(bundle.release.inventory)
        if inventory not in inventories:
            if len(inventories) == MAX_INVENTORIES or any(not inventory < i for i in inventories):
                raise InvalidRequest(
                    RequestFault.MEASURED_OTHERWISE,
                    f"inventory of {len(inventory)} submissions, expected a part of the earlier "
                    f"{len(inventories)} ones, of which {MAX_INVENTORIES} are allowed",
                )
            inventories.append(inventory)
        if key not in self._kept:
            self._kept[key] = Kept(self._outputs(tools))
        return self._kept[key]

    def _outputs(self, tools: Tools) -> SealedArrays:
        attempt = next(self._attempts).to_bytes(8, "big")
        key = hkdf(self._sealing_private, "outputs", attempt)
        return SealedArrays(key, tempfile.TemporaryFile(dir=tools.scratch))

    def _get(self, task_id: bytes, round_: int) -> "_Run":
        key = (task_id, round_)
        if key not in self._measured:
            raise InvalidRequest(
                RequestFault.NOT_MEASURED, f"task 0x{task_id.hex()} in round {round_}"
            )
        return self._measured[key]

    def _position(self, roster: tuple[RosterEntry, ...]) -> int:
        own = self.identity
        if own not in roster:
            raise InvalidRequest(
                RequestFault.ANOTHER_ENCLAVE,
                f"roster without {own.signing_key} and its sealing key, expected both in one entry",
            )
        return roster.index(own)

    def _has_measured(self, bundle: Bundle, inventory: bytes) -> bool:
        known = self._measured.get((bundle.transcript.task_id, bundle.round))
        if known is None:
            return False
        measured, posted = known.measured, known.posted
        # The inventory's digest commits to the seed, and the seed to the transcript.
        earlier = measured.transcript.inventory_digest(measured.inventory)
        same = bundle.transcript.seed == measured.transcript.seed
        smaller = same and set(bundle.release.inventory) < set(measured.inventory)
        if known.signed is None and bundle.posted is None and smaller:
            return False
        expect_digest(RequestFault.MEASURED_OTHERWISE, "inventory", inventory, earlier)
        if posted is not None and bundle.posted is not None:
            domain = measured.transcript.domain
            digest = bundle.posted.report.digest(domain)
            expect_digest(
                RequestFault.MEASURED_OTHERWISE,
                "posted report",
                digest,
                posted.report.digest(domain),
            )
        return True
