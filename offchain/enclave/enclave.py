"""What runs in the TEE: keys of one boot, one measurement and one signature per task and round.

Everything comes from the host, and nothing of it is believed: what a bundle shows leads by hash to
a task, a seed and an inventory, under which the test set opens or does not, and under which the
market takes the signature or does not.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from threading import Lock

from eth_keys.datatypes import PrivateKey

from offchain.enclave.benchmark import Benchmark, Tools, measure_all
from offchain.enclave.opening import draw_samples, open_submissions
from offchain.enclave.panel import check_posted, upholding
from offchain.enclave.proposals import Measured
from offchain.enclave.sealed import SealedArrays
from offchain.protocol.errors import InvalidRequest, RequestFault, expect_digest
from offchain.protocol.keys import hkdf, public_key
from offchain.protocol.messages import Bundle, Posted, Proposal, Signed
from offchain.protocol.release import open_release
from offchain.protocol.reports import sign
from offchain.protocol.results import Result
from offchain.protocol.selection import Votes
from offchain.protocol.task import RosterEntry


@dataclass
class _Run:
    """A measurement, and what came of it.

    Args:
        measured: the measurement; its outputs go once a report is signed.
        posted: the report to judge, in round 1.
        upheld: whether the measurement bears that out.
        proposal: what was signed, or would be.
        signed: None until then.
    """

    measured: Measured
    posted: Posted | None
    upheld: bool
    proposal: Proposal
    signed: Signed | None = None

    @classmethod
    def of(cls, measured: Measured, posted: Posted | None) -> "_Run":
        """With the proposal that the measurement leads to: on its own results, or, when it bears
        them out, on those of the posted report."""
        upheld = None if posted is None else upholding(measured, posted)
        return cls(measured, posted, upheld is not None, upheld or measured.propose())

    def sign(self, proposal: Proposal, round_: int, key: PrivateKey) -> Signed:
        """Signs the report that a proposal leads to, if that keeps to the rule."""
        measured = self.measured
        report = measured.report(proposal, round_)
        if self.posted is not None and self.upheld and report.awards != self.posted.report.awards:
            raise InvalidRequest(
                RequestFault.POSTED_STANDS,
                f"awards {report.awards}, expected {self.posted.report.awards} as posted",
            )
        cosignature = sign(report.digest(measured.transcript.domain), key, bytes(32))
        self.signed = Signed(report, cosignature, measured.results_file(proposal))
        self.proposal = proposal
        self.measured = replace(measured, votes=Votes({}, measured.votes.measure))
        return self.signed


class Enclave:
    """One boot of the enclave program.

    Safe for concurrent calls: measurements take turns, and so do signatures; proposals and
    signatures do not wait for a measurement, which is kept only once it is whole.
    """

    def __init__(self, signing_key: PrivateKey, sealing_private: bytes) -> None:
        """
        Args:
            signing_key: secp256k1, fresh for this boot and never written out.
            sealing_private: X25519, 32 bytes, likewise.
        """
        self._signing_key = signing_key
        self._sealing_private = sealing_private
        self._measuring, self._signing = Lock(), Lock()
        self._attempts = count()
        self._measured: dict[tuple[bytes, int], _Run] = {}

    @classmethod
    def boot(cls, random: Callable[[int], bytes]) -> "Enclave":
        """An enclave with fresh keys; ``random`` gives that many random bytes."""
        return cls(PrivateKey(random(32)), random(32))

    @property
    def identity(self) -> RosterEntry:
        """The public keys."""
        address = self._signing_key.public_key.to_checksum_address()
        return RosterEntry(address, public_key(self._sealing_private))

    def measure(
        self,
        bundle: Bundle,
        tools: Tools,
        workers: int = 1,
        progress: Callable[[Result], None] = lambda _: None,
    ) -> None:
        """Measures a task for a round and keeps the results. The same again does nothing.

        Args:
            bundle: what the host hands over.
            tools: where artifacts are, and how models run.
            workers: how many submissions are measured at a time.
            progress: is told every result as it comes.

        Raises:
            InvalidRequest: the bundle is inconsistent, is not for this enclave, or is another than
                the one measured before.
            RunAborted: the environment's fault, such as a missing artifact; names the submission.
                Nothing is kept.
        """
        with self._measuring:
            self._measure(bundle, tools, workers, progress)

    def propose(self, task_id: bytes, round_: int) -> Proposal:
        """What this enclave signed, or would: on its own results, or for a panel on the posted.

        Raises:
            InvalidRequest: `NOT_MEASURED`.
        """
        return self._get(task_id, round_).proposal

    def cosign(self, task_id: bytes, round_: int, proposal: Proposal, platform: bytes) -> Signed:
        """Holds a proposal to the rule of co-signing and signs the report that follows from it.

        The same proposal is signed again, with the same signature; no other is.

        Args:
            task_id: bytes32.
            round_: 0, or 1 for a panel.
            proposal: of any enclave, this one included.
            platform: bytes32 that the registry holds for this enclave; not signed.

        Raises:
            InvalidRequest: `NOT_MEASURED`, `RESULTS`, `SCORES`, `SELECTION`, `POSTED_STANDS` or
                `SIGNED_OTHERWISE`.
        """
        run = self._get(task_id, round_)
        with self._signing:
            signed = run.signed or run.sign(proposal, round_, self._signing_key)
        if proposal != run.proposal:
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
        benchmark = Benchmark(manifest, samples.targets, transcript.task.tolerance, tools)
        outputs = self._outputs(tools)
        results |= measure_all(benchmark, samples.inputs, jobs, workers, progress, outputs)
        own = Measured(
            transcript,
            manifest,
            release.inventory,
            secret,
            tuple(results[index] for index in transcript.by_index),
            Votes(outputs, benchmark.score),
        )
        self._measured[transcript.task_id, bundle.round] = _Run.of(own, bundle.posted)

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
                f"roster without {own.signing_key} and its sealing key",
            )
        return roster.index(own)

    def _has_measured(self, bundle: Bundle, inventory: bytes) -> bool:
        known = self._measured.get((bundle.transcript.task_id, bundle.round))
        if known is None:
            return False
        measured, posted = known.measured, known.posted
        # The inventory's digest binds the seed, and the seed the transcript.
        kept = measured.transcript.inventory_digest(measured.inventory)
        expect_digest(RequestFault.MEASURED_OTHERWISE, "inventory", inventory, kept)
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
