"""Rows of the sample, in the order of the first pass."""

import numpy as np

from offchain.enclave.opening import draw_samples
from offchain.protocol.artifacts import TEST_SET, decrypt_bytes
from offchain.protocol.passes import order
from offchain.protocol.sample import artifact_bytes, draw_sample, unpack
from tests.offchain.market import SAMPLE, STORE, Offer, make_market


def test_draw_samples__of_a_seed__are_in_the_order_of_pass_one() -> None:
    market = make_market([Offer()])
    manifest, seed = market.manifest, market.transcript.seed
    artifact = STORE.fetch_bytes(manifest.test_set.artifact_digest, artifact_bytes(manifest))
    content = decrypt_bytes(artifact, market.key, TEST_SET)
    hidden = unpack(content, manifest.test_set.samples, manifest.model, False)
    rows = draw_sample(seed, manifest, hidden.targets)[order(seed, 1, SAMPLE)]
    drawn = draw_samples(manifest, seed, market.key, STORE)
    np.testing.assert_array_equal(drawn.inputs, hidden.inputs[rows])
    np.testing.assert_array_equal(drawn.targets, hidden.targets[rows])
