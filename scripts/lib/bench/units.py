"""Units of work beside the libraries' own rates, in CPU time: keyrings, artifacts, quotes."""

import io
import time
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from statistics import median

import dcap_qvl  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from offchain.attestation.collateral import trust_in
from offchain.attestation.quote import parse
from offchain.attestation.verify import verify
from offchain.enclave.opening import open_key
from offchain.protocol.artifacts import MODEL, decrypt_bytes, encrypt
from offchain.protocol.messages import Bundle
from offchain.simulation import Machine, SimulatedIntel, collateral, td10_report


def in_turns(turns: int, *works: Callable[[], object]) -> list[float]:
    """Return the median seconds of each work, done in turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(turns):
        for work, taken in zip(works, times, strict=True):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
    return [median(taken) for taken in times]


def artifacts(turns: int, size: int = 2**26) -> tuple[float, float]:
    """Return the time of encryption and of decryption, over that of the library alone.

    The library encrypts, and makes the two digests that the protocol needs; it decrypts, and makes
    one.
    """
    content, secret = bytes(size), bytes(32)
    sealed = io.BytesIO()
    encrypt(io.BytesIO(content), sealed, secret, MODEL)
    artifact, cipher = sealed.getvalue(), AESGCM(bytes(32))
    raw = cipher.encrypt(bytes(12), content, None)

    def library() -> None:
        sha256(cipher.encrypt(bytes(12), content, None))
        sha256(content)

    ours, theirs, opened, raw_opened = in_turns(
        turns,
        lambda: encrypt(io.BytesIO(content), io.BytesIO(), secret, MODEL),
        library,
        lambda: sha256(decrypt_bytes(artifact, secret, MODEL)),
        lambda: sha256(cipher.decrypt(bytes(12), raw, None)),
    )
    return ours / theirs, opened / raw_opened


def keyrings(turns: int, bundle: Bundle, position: int, sealing: bytes) -> tuple[float, float]:
    """Return the milliseconds to open one keyring, and how many X25519 operations that is."""
    transcript = bundle.transcript
    reveals = list(transcript.by_index.values())[:50]
    own = X25519PrivateKey.generate()
    public = own.public_key()

    def open_all() -> None:
        for reveal in reveals:
            keyring = bundle.keyrings[reveal.index]
            open_key(transcript, reveal, keyring, position, sealing)

    def exchange_all() -> None:
        for _ in range(1000):
            own.exchange(public)

    opened, exchanged = in_turns(turns, open_all, exchange_all)
    each = opened / len(reveals)
    return 1000 * each, each / (exchanged / 1000)


def quotes(turns: int) -> tuple[float, float]:
    """Return the milliseconds to verify a quote in Python, and that over ``dcap-qvl``'s time.

    Both read Intel's documents and the quote from their bytes.
    """
    intel, at = SimulatedIntel.from_seed(b"benchmark"), 1_780_000_000
    quote = Machine.simulate(intel, "machine").quote(td10_report(bytes(64)))
    documents, content = collateral(intel, quote.tee_type), quote.encode()
    theirs = dcap_qvl.QuoteCollateralV3(**asdict(documents))
    own, other = in_turns(
        turns,
        lambda: verify(parse(content), trust_in(documents, intel.root.public_key, at), at),
        lambda: dcap_qvl.verify_with_root_ca(content, theirs, intel.root.der, at),
    )
    return 1000 * own, own / other
