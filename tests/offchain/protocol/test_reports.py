"""Reports and signatures in the form that the market accepts."""

import json
from dataclasses import replace

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Cosignature, Report, recover, sign
from tests.signing import ORDER, digest_signed_with
from tests.vectors.generate import DOMAIN, address, signing_key, word

REPORT = Report(
    word("task"), 0, word("seed"), word("inventory"), word("results"), (4, 0), (Award(3, 9),)
)
DIGEST = REPORT.digest(DOMAIN)


@given(st.binary(min_size=32, max_size=32))
def test_recover__what_sign_signed__is_the_signer(digest: bytes) -> None:
    cosignature = sign(digest, signing_key("enclave"), word("platform"))
    assert recover(digest, cosignature) == address("enclave")
    assert int.from_bytes(cosignature.vs, "big") % 2**255 <= ORDER // 2


def test_sign__a_wallet_signs_the_typed_data__is_the_same_signature() -> None:
    message = DOMAIN.message(
        "Report",
        {
            "task_id": REPORT.task_id,
            "round": 0,
            "seed": REPORT.seed,
            "inventory": REPORT.inventory,
            "results": REPORT.results,
            "choices": 1 << 20 | 5,
            "awards": [9 << 32 | 3, 0],
        },
    )
    signed = Account.sign_message(message, signing_key("enclave").to_bytes())
    cosignature = sign(DIGEST, signing_key("enclave"), word("platform"))
    assert int.from_bytes(cosignature.r, "big") == signed.r
    assert int.from_bytes(cosignature.vs, "big") == signed.s | (signed.v - 27) << 255


@pytest.mark.parametrize("field", ["choices", "awards"])
def test_report__of_more_than_eight__raises(field: str) -> None:
    entries = tuple(range(9)) if field == "choices" else tuple(Award(i, 9) for i in range(9))
    assert replace(REPORT, **{field: entries[:8]})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at most 8 items"):
        replace(REPORT, **{field: entries})  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [-1, 2])
def test_report__of_no_round__raises(number: int) -> None:
    with pytest.raises(ValueError, match=r"^1 validation error for Report\nround\n"):
        replace(REPORT, round=number)


def test_from_json__report_of_nine_awards__is_refused_before_any_is_read() -> None:
    nine = json.loads(to_json(REPORT)) | {"awards": [0] * 9}
    with pytest.raises(ValueError, match="expected at most 8 items"):
        from_json(Report, json.dumps(nine).encode())


def test_digest__any_field_or_domain_changed__differs() -> None:
    changed = [
        replace(REPORT, task_id=word("x")),
        replace(REPORT, round=1),
        replace(REPORT, seed=word("x")),
        replace(REPORT, inventory=word("x")),
        replace(REPORT, results=word("x")),
        replace(REPORT, choices=()),
        replace(REPORT, choices=(0, 4)),
        replace(REPORT, awards=()),
        replace(REPORT, awards=(Award(3, 10),)),
        replace(REPORT, awards=(Award(3, 9), Award(4, 10))),
        replace(REPORT, awards=(Award(4, 10), Award(3, 9))),
    ]
    eight = replace(
        REPORT, choices=tuple(range(8)), awards=tuple(Award(index, 9) for index in range(8))
    )
    changed += [
        eight,
        replace(eight, choices=(*range(7), 8)),
        replace(eight, awards=(*eight.awards[:7], Award(8, 9))),
    ]
    digests = {each.digest(DOMAIN) for each in [REPORT, *changed]}
    digests.add(REPORT.digest(replace(DOMAIN, chain_id=1)))
    digests.add(REPORT.digest(replace(DOMAIN, market=address("market"))))
    assert len(digests) == 17


@pytest.mark.parametrize("above", [0, 1])
def test_recover__s_at_its_bound_and_above__opens_and_raises(above: int) -> None:
    digest, (r, vs) = digest_signed_with(signing_key("enclave"), ORDER // 2 + above)
    cosignature = Cosignature(r, vs, word("platform"))
    if not above:
        assert recover(digest, cosignature) == address("enclave")
        return
    with pytest.raises(ValueError, match=r"^signature with s 0x[0-9a-f]+, expected at most 0x7f"):
        recover(digest, cosignature)


@pytest.mark.parametrize("r", [bytes(32), bytes([255]) * 32, ORDER.to_bytes(32, "big")])
def test_recover__r_of_no_signature__raises(r: bytes) -> None:
    with pytest.raises(ValueError, match=r"^signature with r 0x[0-9a-f]{64} recovers no key"):
        recover(DIGEST, Cosignature(r, bytes([0] * 31 + [1]), bytes(32)))
