# pragma version 0.4.3
"""
@title The revert reasons of market, registry and adapters, each defined once
@license GNU Affero General Public License v3.0 only
@notice The interface of a contract says for each function what a reason means. Reasons of the verifier alone stand in
        dcap/dcap_errors.vy.
"""

# ── Common ──

BAD_ADDRESS: constant(String[32]) = "bad address"
ZERO_AMOUNT: constant(String[32]) = "zero amount"
NOT_A_CONTRACT: constant(String[32]) = "not a contract"
TOO_EARLY: constant(String[32]) = "too early"
TOO_LATE: constant(String[32]) = "too late"
NOTHING_OWED: constant(String[32]) = "nothing owed"
PAYMENT_FAILED: constant(String[32]) = "payment failed"
BAD_KEY: constant(String[32]) = "bad key"

# ── Task terms ──

NOT_PROVIDER: constant(String[32]) = "not the provider"
TASK_EXISTS: constant(String[32]) = "task exists"
BAD_BUDGET: constant(String[32]) = "bad budget"
BAD_CURVE: constant(String[32]) = "bad curve"
BAD_AWARD_COUNT: constant(String[32]) = "bad award count"
BAD_BENCHMARK: constant(String[32]) = "bad benchmark"
BAD_MEASUREMENT: constant(String[32]) = "bad measurement"
BAD_ROSTER: constant(String[32]) = "bad roster"
BAD_QUORUM: constant(String[32]) = "bad quorum"
BAD_TOLERANCE: constant(String[32]) = "bad tolerance"
BAD_STAKE: constant(String[32]) = "bad stake"
BAD_SUBMISSION_COUNT: constant(String[32]) = "bad submission count"
BAD_BOND: constant(String[32]) = "bad bond"
BAD_ENTRY_FEE: constant(String[32]) = "bad entry fee"
BAD_DEADLINE: constant(String[32]) = "bad deadline"
BAD_WINDOW: constant(String[32]) = "bad window"
WRONG_VALUE: constant(String[32]) = "wrong value"
BAD_TOKEN: constant(String[32]) = "bad token"

# ── Sale ──

WRONG_STAGE: constant(String[32]) = "wrong stage"
TASK_FULL: constant(String[32]) = "task full"
WRONG_COMMITMENT: constant(String[32]) = "wrong commitment"
NOTHING_REVEALED: constant(String[32]) = "nothing revealed"
WRONG_TASK: constant(String[32]) = "wrong task"
WRONG_ROUND: constant(String[32]) = "wrong round"
WRONG_SEED: constant(String[32]) = "wrong seed"
WRONG_INVENTORY: constant(String[32]) = "wrong inventory"
WRONG_ROSTER: constant(String[32]) = "wrong roster"
WRONG_QUORUM: constant(String[32]) = "wrong quorum"
BAD_AWARDS: constant(String[32]) = "bad awards"
WRONG_SALE: constant(String[32]) = "wrong sale"
WRONG_SUBMISSION: constant(String[32]) = "wrong submission"
NO_SUCH_AWARD: constant(String[32]) = "no such award"
ALREADY_CLAIMED: constant(String[32]) = "already claimed"
BELOW_MIN_PRICE: constant(String[32]) = "below min price"
BAD_GAS: constant(String[32]) = "bad gas"
LITTLE_GAS: constant(String[32]) = "too little gas"

# ── Registry ──

NO_STAKE: constant(String[32]) = "no stake"
NO_PLATFORM: constant(String[32]) = "no platform"
TOO_MUCH_STAKE: constant(String[32]) = "too much stake"
UNBONDING: constant(String[32]) = "unbonding"
NOT_UNBONDING: constant(String[32]) = "not unbonding"
VERIFIER_NOT_APPROVED: constant(String[32]) = "verifier not approved"
VERIFIER_KNOWN: constant(String[32]) = "verifier known"
NOT_PROPOSED: constant(String[32]) = "not proposed"
ALREADY_REVOKED: constant(String[32]) = "already revoked"
STALE_BLOCK: constant(String[32]) = "stale block"
EXPIRED: constant(String[32]) = "expired"
PLATFORM_TAKEN: constant(String[32]) = "platform taken"
KEY_TAKEN: constant(String[32]) = "key taken"
MARKET_KNOWN: constant(String[32]) = "market known"
MARKET_UNKNOWN: constant(String[32]) = "market unknown"
NOT_MARKET: constant(String[32]) = "not the market"
BAD_DESCRIPTION: constant(String[32]) = "bad description"
ALREADY_DESCRIBED: constant(String[32]) = "already described"
CONDEMNED: constant(String[32]) = "condemned"
NOT_CONDEMNED: constant(String[32]) = "not condemned"

# ── Signers ──

BAD_SIGNATURE: constant(String[32]) = "bad signature"
NOT_IN_ROSTER: constant(String[32]) = "not in roster"
ENCLAVE_UNKNOWN: constant(String[32]) = "enclave unknown"
ENCLAVE_EXPIRED: constant(String[32]) = "enclave expired"
ENCLAVE_REVOKED: constant(String[32]) = "enclave revoked"
PLATFORM_REVOKED: constant(String[32]) = "platform revoked"
MEASUREMENT_REVOKED: constant(String[32]) = "measurement revoked"
VERIFIER_REVOKED: constant(String[32]) = "verifier revoked"
OPERATOR_INACTIVE: constant(String[32]) = "operator inactive"
TOO_LITTLE_STAKE: constant(String[32]) = "too little stake"
OPERATOR_TWICE: constant(String[32]) = "operator twice"
OPERATOR_EXCLUDED: constant(String[32]) = "operator excluded"

# ── Equivocation ──

DIFFERENT_RUNS: constant(String[32]) = "different runs"
NO_CONTRADICTION: constant(String[32]) = "no contradiction"
DIFFERENT_SIGNERS: constant(String[32]) = "different signers"

# ── Adapters ──

WRONG_REQUEST: constant(String[32]) = "wrong request"
NOT_AGENT_OWNER: constant(String[32]) = "not the agent's owner"
WRONG_DEVELOPER: constant(String[32]) = "wrong developer"
SCORE_TOO_LOW: constant(String[32]) = "score too low"


@internal
@pure
def _revert(_reason: String[32]):
    """
    @dev Always reverts. Checks in every contract are written `if …: errors._revert(…)`. An `assert` with a reason costs
         130 bytes of code at each check, for which the market has no room. This way costs half, and no gas when the
         check passes.
    """
    assert False, _reason
