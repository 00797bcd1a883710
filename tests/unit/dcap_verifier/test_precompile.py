"""P256VERIFY (EIP-7951) of the node agrees with Wycheproof, as the in-process shim does."""

import json
from hashlib import sha256
from pathlib import Path

from tests.anvil import rpc

ADDRESS = "0x" + "0100".zfill(40)
VECTORS = json.loads(Path("tests/vectors/standards.json").read_text())
ONE = "0x" + (1).to_bytes(32, "big").hex()


def test_p256verify__wycheproof__agrees_with_it():
    """Signatures that are not 64 bytes make another length of input, which is always refused."""
    assert len(VECTORS["p256"]) == 262
    for number, message, signature, key, result in VECTORS["p256"]:
        digest = sha256(bytes.fromhex(message)).hexdigest()
        data = "0x" + digest + signature + VECTORS["p256_keys"][key]
        answer = rpc("eth_call", {"to": ADDRESS, "data": data}, "latest")
        assert answer == (ONE if result == "valid" else "0x"), number
