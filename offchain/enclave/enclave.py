"""The enclave: keys of one boot, one measurement and one signature per task and round.

All input comes from the host and is untrusted. The contents of a bundle hash to a task id, a seed
and an inventory digest. With other values than the market's, the provider's release does not open
and the market does not accept the signature.
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
    """A measurement, its proposal and its signed report.

    Args:
        measured: the measurement; its outputs are deleted once a report is signed.
        posted: the report to judge, in round 1.
        upheld: True if the measurement supports the posted awards.
        proposal: the one that was signed, or the enclave's own before that.
        signed: None until a report is signed.
    """

    measured: Measured
    posted: Posted | None
    upheld: bool
    proposal: Proposal
    signed: Signed | None = None

    @classmethod
    def of(cls, measured: Measured, posted: Posted | None) -> "_Run":
        """Make a run with its proposal: one with the posted awards if the measurement supports
        them, else one on the measurement's own results."""
        upheld = None if posted is None else upholding(measured, posted)
        return cls(measured, posted, upheld is not None, upheld or measured.propose())

    def sign(self, proposal: Proposal, round_: int, key: PrivateKey) -> Signed:
        """Sign the report of a proposal that satisfies the rule of co-signing."""
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
                submission. Nothing is stored.
        """
        with self._measuring:
            self._measure(bundle, tools, workers, progress)

    def propose(self, task_id: bytes, round_: int) -> Proposal:
        """Return the proposal that this enclave signed, or else its own.

        An enclave of a panel proposes the posted awards if its measurement supports them.

        Raises:
            InvalidRequest: `NOT_MEASURED`.
        """
        return self._get(task_id, round_).proposal

    def cosign(self, task_id: bytes, round_: int, proposal: Proposal, platform: bytes) -> Signed:
        """Check a proposal against the rule of co-signing and sign the report computed from it.

        A retry with the same proposal returns the same signature; any other proposal is refused.

        Args:
            task_id: bytes32.
            round_: 0, or 1 for a panel.
            proposal: of any enclave, this one included; untrusted.
            platform: the registry's for this enclave (bytes32); the signature does not cover it.

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
        benchmark = Benchmark(
            manifest,
            samples.targets,
            samples.weights,
            transcript.seed,
            transcript.task.tolerance,
            tools,
        )
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
