"""Calls as a file for a Safe: what its transaction builder takes, for several people to sign."""

from collections.abc import Sequence
from typing import Any

from offchain.guardian.acts import Act


def batch(chain_id: int, acts: Sequence[Act]) -> dict[str, Any]:
    """Return acts in the format of Safe's transaction builder, version 1.0."""
    calls = [
        {
            "to": act.function.address,
            "value": "0",
            "data": act.function._encode_transaction_data(),
        }
        for act in acts
    ]
    meta = {"name": "Golden Grain: guardian", "description": "; ".join(act.what for act in acts)}
    return {"version": "1.0", "chainId": str(chain_id), "meta": meta, "transactions": calls}
