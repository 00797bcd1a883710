"""Find the tests that come first for a module, and the contracts that contain it."""

from pathlib import Path

from tests.compiled import imported_sources

MODULES = "contracts/modules/"
DEPLOYED = "ModelMarket", "EnclaveRegistry", "DcapVerifier", "TcbPolicy"

MARKET = ("attacks/test_money", "stateful/test_reference", "attacks/test_economics")
REGISTRY = ("attacks/test_signatures", "stateful/test_reference")
LONGEST = "property/test_longest_arguments"
QUOTES = ("property/test_dcap_refusals", "property/test_dcap_agreement")
POLICY = ("property/test_policy_documents", "property/test_policy_machines")

# Half a minute and more: after the unit tests, unless they are the nearest.
SLOW = {
    "attacks/test_economics",
    "attacks/test_gas_limits",
    "stateful/test_reference",
    *QUOTES,
    *POLICY,
}

# In this process; then the unit tests, on Brownie.
NEAREST: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ModelMarket": (MARKET, ("model_market/test_deployment", "model_market/test_reentrancy")),
    "market/disputes": (
        ("attacks/test_disputes", *MARKET),
        (
            "model_market/test_dispute_report",
            "model_market/test_resolve_dispute",
            "model_market/test_expire_dispute",
        ),
    ),
    "market/escrow": (
        ("attacks/test_money", "attacks/test_disputes", "attacks/test_gas_limits", *MARKET),
        (
            "model_market/test_withdraw",
            "model_market/test_claim_award_payment",
            "model_market/test_create_task_escrow",
            "model_market/test_deployment",
            "model_market/test_reentrancy",
            "model_market/test_views",
            "model_market/test_settle",
        ),
    ),
    "market/hashes": (
        ("property/test_commitment", "attacks/test_commit_reveal", *MARKET),
        ("modules/test_hashes", "modules/test_eip712", "model_market/test_views"),
    ),
    "market/pricing": (
        ("property/test_price_curve", "property/test_payouts", "property/test_task_terms", *MARKET),
        ("model_market/test_post_report",),
    ),
    "market/reports": (
        ("attacks/test_signatures", *MARKET),
        ("model_market/test_post_report", "model_market/test_resolve_dispute"),
    ),
    "market/settlement": (
        ("attacks/test_delivery_roles", *MARKET),
        (
            "model_market/test_claim_award",
            "model_market/test_settle",
            "model_market/test_void",
            "model_market/test_claim_share",
        ),
    ),
    "market/submissions": (
        ("attacks/test_commit_reveal", *MARKET),
        (
            "model_market/test_commit_model",
            "model_market/test_reveal_model",
            "model_market/test_close_reveals",
        ),
    ),
    "market/task_state": (
        ("property/test_task_state", *MARKET),
        ("modules/test_task_state", "model_market/test_views"),
    ),
    "market/task_terms": (
        ("property/test_task_terms", "property/test_unbonding", *MARKET),
        ("model_market/test_deployment",),
    ),
    "market/tasks": (
        MARKET,
        ("model_market/test_create_task", "model_market/test_create_task_escrow"),
    ),
    "EnclaveRegistry": (REGISTRY, ("enclave_registry/test_ownership",)),
    "registry/descriptions": (REGISTRY, ("enclave_registry/test_describe_measurement",)),
    "registry/endpoints": (REGISTRY, ("enclave_registry/test_announce",)),
    "registry/equivocation": (
        ("attacks/test_signatures", "stateful/test_reference"),
        ("enclave_registry/test_prove_equivocation",),
    ),
    "registry/quorum": (
        ("attacks/test_signatures", "stateful/test_reference"),
        (
            "enclave_registry/test_check_quorum",
            "enclave_registry/test_revoked_since",
            "enclave_registry/test_is_active",
        ),
    ),
    "registry/records": (
        ("property/test_records", *REGISTRY),
        ("enclave_registry/test_register_enclave", "enclave_registry/test_stake"),
    ),
    "registry/registration": (
        REGISTRY,
        (
            "enclave_registry/test_register_enclave",
            "enclave_registry/test_report_data",
            "enclave_registry/test_attested",
        ),
    ),
    "registry/revocation": (REGISTRY, ("enclave_registry/test_revocation",)),
    "registry/staking": (
        REGISTRY,
        (
            "enclave_registry/test_stake",
            "enclave_registry/test_request_unstake",
            "enclave_registry/test_unstake",
            "enclave_registry/test_slash",
            "enclave_registry/test_burn_stake",
            "enclave_registry/test_withdraw",
            "enclave_registry/test_set_market",
        ),
    ),
    "registry/verifiers": (REGISTRY, ("enclave_registry/test_verifiers",)),
    "DcapVerifier": (
        (*QUOTES, LONGEST),
        (
            "dcap_verifier/test_verify",
            "dcap_verifier/test_evidence_form",
            "dcap_verifier/test_constructor",
        ),
    ),
    "dcap/certificates": (QUOTES, ("dcap_verifier/test_add_ca", "dcap_verifier/test_add_pck")),
    "dcap/dates": (("property/test_der", *QUOTES, *POLICY), ("dcap_verifier/test_add_ca",)),
    "dcap/dcap_errors": (QUOTES, ()),
    "dcap/der": (("property/test_der", *QUOTES), ("dcap_verifier/test_add_ca",)),
    "dcap/documents": (POLICY, ("tcb_policy/test_update",)),
    "dcap/evaluations": (POLICY, ("tcb_policy/test_update", "tcb_policy/test_owner")),
    "dcap/json": (POLICY, ("tcb_policy/test_update",)),
    "dcap/p256": (("property/test_p256", *QUOTES), ("dcap_verifier/test_constructor",)),
    "dcap/qe_identities": (
        (*QUOTES, *POLICY),
        ("tcb_policy/test_update", "tcb_policy/test_owner"),
    ),
    "dcap/quote_body": (QUOTES, ("dcap_verifier/test_verify",)),
    "dcap/revocation_lists": (
        ("property/test_crl_agreement", *QUOTES, LONGEST),
        ("dcap_verifier/test_add_crl",),
    ),
    "dcap/sgx_extension": (QUOTES, ("dcap_verifier/test_add_pck",)),
    "dcap/tcb_floors": (
        (*reversed(POLICY), *QUOTES),
        ("tcb_policy/test_update", "tcb_policy/test_owner"),
    ),
    "dcap/x509": ((*QUOTES, LONGEST), ("dcap_verifier/test_add_ca", "dcap_verifier/test_add_pck")),
    "TcbPolicy": ((*POLICY, LONGEST), ("tcb_policy/test_update", "tcb_policy/test_owner")),
    "common/award_word": (
        ("property/test_payouts", "attacks/test_signatures"),
        ("model_market/test_claim_award", "enclave_registry/test_prove_equivocation"),
    ),
    "common/clock": (("stateful/test_state_machine", "property/test_unbonding"), ()),
    "common/compact_signature": (
        ("attacks/test_signatures",),
        ("enclave_registry/test_check_quorum",),
    ),
    "common/errors": (("attacks/test_commit_reveal",), ("model_market/test_create_task",)),
    "common/x25519_key": (("property/test_x25519_key", "property/test_task_terms"), ()),
}


def short(module: str) -> str:
    """A module's name without the folders that all have in common."""
    return module.removeprefix(MODULES).removeprefix("contracts/").removesuffix(".vy")


def contracts_with(root: Path, module: str) -> list[str]:
    """The deployed contracts that contain a module."""
    names = [f"contracts/{name}.vy" for name in DEPLOYED]
    return [name for name in names if root / module in imported_sources(root, name)]


def nearest_tests(module: str) -> tuple[list[str], list[str], list[str]]:
    """The files of tests nearest to a module: in this process, on Brownie, and the slow ones."""
    inside, units = NEAREST[short(module)]
    inside = tuple(dict.fromkeys(inside))
    slow = [name for name in inside[1:] if name in SLOW]
    quick = [name for name in inside if name not in slow]
    units = tuple(f"unit/{name}" for name in units)
    first, second, third = ([f"tests/{name}.py" for name in each] for each in (quick, units, slow))
    return first, second, third
