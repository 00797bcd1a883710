// SPDX-License-Identifier: MIT
// Generated from interfaces/IEnclaveRegistry.vyi by `make abi`.
pragma solidity ^0.8.0;

import {Types} from "./Types.sol";

/// @title IEnclaveRegistry: operators' stake and attested enclaves
/// @notice An operator stakes ether and registers enclaves, whose attestation a verifier checks on-chain. The market asks
///         the registry one question: the enclaves of which operators signed this digest?
/// @dev Stake is in wei and below 2**128. Times are unix seconds. Deadlines compare with the block timestamp t: an action
///      is valid while t < deadline, and its successor once t >= deadline.
///
///      The owner can:
///      - revoke an enclave, a platform, a measurement or a verifier, at once and for good;
///      - add a verifier, 14 days after proposing it;
///      - describe a measurement, once;
///      - name the market, once;
///      - hand its office on, in two steps.
///      It cannot take stake, register an enclave, or bring back what is revoked. It cannot give its office up either:
///      without an owner nobody could revoke.
///
///      An enclave is *active* while all of these hold: it is registered; it has not expired; its operator has not asked
///      for its stake back since the registration; neither the enclave nor its platform, measurement or verifier is
///      revoked.
///
///      For each measurement, a signing key is bound to one operator, platform and sealing key, once and for good. A
///      platform belongs to one operator until that operator withdraws its stake, or until 21 days after its last enclave
///      there expired. So distinct operators sign on distinct platforms. For each measurement, a platform has at most one
///      active enclave: a registration *retires* the enclave that was registered there before it, which expires at once.
///
///      Unwelcome truths:
///      - Any program may be registered, under its own measurement. A task says which program it trusts, and every party
///        must vet that program.
///      - What the registry says of the program of a measurement is only its owner's word. Rebuild the program from the
///        source, and compare.
///      - Stake is one pot. It backs every report that the operator's enclaves sign at the same time.
///      - An enclave that restarts has a new key. Its registration retires the old key, and with it the operator's seat in
///        the rosters that name the old key.
///      - A fined operator may add stake and go on. The owner revokes what is broken.
///      - The tenants of one machine share its platform. The first operator to register holds it, and has a stake of
///        `platform_stake()` locked for as long as it does. That makes squatting a platform dear, not impossible.
///      - A verifier says which machine an enclave runs on. A lying verifier can take any platform that is free, but only
///        under its own measurements.
///      - The market can take the whole stake. Operators must read its code before they stake.
///      - So can an attacker who extracts an operator's signing key, or who wrote the program that holds the key. Run only
///        programs that you trust, on machines that nobody else can open. This lasts until the operator withdraws its
///        stake, also for enclaves that have expired or are retired.
interface IEnclaveRegistry {
    struct Enclave {
        uint256 binding; // low 160 bits of keccak256(abi_encode(operator, platform, sealing_key))
        uint256 expiry; // unix seconds
        uint256 revoked_at; // unix seconds, zero when not revoked
        uint256 epoch; // the operator's epoch at registration
    }

    struct Platform {
        address operator; // whose enclave registered there last
        uint256 held_until; // unix seconds, from which another operator may take it
        uint256 revoked_at; // unix seconds, zero when not revoked
        uint256 epoch; // the operator's epoch at registration; if the operator's is higher now, the platform is free
    }

    struct Measurement {
        address verifier; // zero until an enclave is registered under it
        uint256 revoked_at; // unix seconds, zero when not revoked
    }

    struct Description {
        bytes32 source; // the commit id of the program's source, zero when none is named
        string text; // printable ASCII, empty when nobody described it
    }

    struct Verifier {
        uint256 ready_at; // unix seconds from which it may be added, zero when not proposed
        uint256 added_at; // unix seconds, zero when not added
        uint256 revoked_at; // unix seconds, zero when not revoked
    }

    struct Operator {
        uint256 stake; // wei; slashable until withdrawn
        uint256 unlocks_at; // unix seconds from which `unstake` works, zero when not unbonding
        uint256 epoch; // number of the operator's withdrawals; an enclave of an older epoch is inactive
        uint256 condemned_at; // unix seconds of a proof of equivocation, zero when there is none
        uint256 platforms; // number of platforms that it took since its last withdrawal; each needs `platform_stake()`
    }

    event Staked(
        address indexed operator,
        uint256 amount,
        uint256 stake
    );

    event UnstakeRequested(
        address indexed operator,
        uint256 unlocks_at
    );

    event Unstaked(
        address indexed operator,
        address indexed to,
        uint256 amount
    );

    event EnclaveRegistered(
        address indexed signing_key,
        address indexed operator,
        bytes32 indexed measurement,
        bytes32 platform,
        bytes32 sealing_key,
        address verifier,
        bytes32 program,
        uint256 expiry
    );

    event EnclaveRetired(
        address indexed signing_key, // whose registration ends
        bytes32 indexed measurement,
        address indexed successor // the signing key that was registered on the same platform
    );

    event EndpointAnnounced(
        address indexed operator,
        string uri // untrusted text of the operator
    );

    event EnclaveRevoked(
        address indexed signing_key,
        bytes32 indexed measurement
    );

    event PlatformRevoked(
        bytes32 indexed platform
    );

    event MeasurementRevoked(
        bytes32 indexed measurement
    );

    event VerifierRevoked(
        address indexed verifier
    );

    event MeasurementDescribed(
        bytes32 indexed measurement,
        address indexed verifier,
        bytes32 indexed program,
        bytes32 source,
        string text
    );

    event VerifierProposed(
        address indexed verifier,
        uint256 ready_at
    );

    event VerifierAdded(
        address indexed verifier
    );

    event MarketSet(
        address indexed market
    );

    event Slashed(
        address indexed operator,
        address indexed beneficiary,
        uint256 asked,
        uint256 taken
    );

    event EquivocationProven(
        address indexed operator,
        address indexed prover,
        bytes32 indexed platform,
        bytes32 task_id,
        uint256 stake, // wei that the operator loses
        uint256 reward // wei of the stake that the prover gets
    );

    event StakeBurned(
        address indexed operator,
        uint256 amount
    );

    event Withdrawn(
        address indexed account,
        address indexed to,
        uint256 amount
    );

    event OwnershipTransferStarted(
        address indexed previous_owner, // who is still the owner
        address indexed new_owner // to whom the office is offered, zero when the offer is taken back
    );

    event OwnershipTransferred(
        address indexed previous_owner,
        address indexed new_owner
    );

    /// @notice Add the ether sent to the caller's stake.
    /// @dev Reverts when: no market is named ("market unknown"); no ether is sent ("zero amount"); the caller is unbonding
    ///      ("unbonding"); the stake would reach 2**128 ("too much stake").
    function stake() external payable;

    /// @notice Start unbonding the caller's whole stake. All its enclaves are inactive at once.
    /// @dev This cannot be cancelled. The way back is `unstake`, then `stake`, and a new attestation of every enclave. The
    ///      stake can be slashed until `unstake`. Unbonding takes 21 days, which is longer than the longest dispute of any
    ///      report that an active enclave signed.
    ///      Reverts when: the caller is unbonding already ("unbonding"); it has no stake ("no stake").
    function request_unstake() external;

    /// @notice Pay what is left of the caller's stake to `_to`, and release its platforms to other operators.
    /// @return Wei paid.
    /// @dev If the whole stake was slashed, it pays nothing and still releases the platforms.
    ///      Reverts when: the caller is not unbonding ("not unbonding") or is condemned ("condemned"); t < `unlocks_at`
    ///      ("too early"); `_to` is zero ("bad address") or refuses ether ("payment failed").
    function unstake(address _to) external returns (uint256);

    /// @notice Pay the caller's credit (fines and rewards that it was awarded) to `_to`.
    /// @return Wei paid.
    /// @dev Reverts when: there is no credit ("nothing owed"); `_to` is zero ("bad address") or refuses ether ("payment
    ///      failed").
    function withdraw(address _to) external returns (uint256);

    /// @notice Register an enclave of the caller, or renew it with the same keys, operator, platform and measurement.
    /// @param _verifier An approved verifier.
    /// @param _evidence The attestation evidence, in the verifier's format.
    /// @param _signing_key The enclave's secp256k1 key, as an address.
    /// @param _sealing_key The enclave's X25519 public key. Low-order points are rejected.
    /// @param _block_number One of the last 256 blocks. The report data binds its hash.
    /// @return The measurement, keccak256(abi_encode(verifier, program)).
    /// @dev The report data in the evidence must be `report_data(operator, signing_key, sealing_key, block_number)`. So the
    ///      evidence serves no other operator, registry or chain, it cannot be replayed for long, and front-running it
    ///      gains nothing. The enclave expires with the attestation, at the latest after 30 days. A renewal sets the expiry
    ///      anew. If the operator withdrew its stake and came back, a renewal makes the enclave active again.
    ///      The enclave that was registered before on the same platform under the same measurement, with another signing
    ///      key, is retired: it expires now. It is the caller's own, because the caller holds the platform. Enclaves of
    ///      other measurements stay active there. Retiring is no revocation: `revoked_since` does not see it, and no report
    ///      that the enclave signed can be voided for it. A retired enclave that still runs can be registered again, which
    ///      retires its successor.
    ///      The caller's stake must reach `platform_stake()` times the number of platforms that it holds. A platform counts
    ///      until the operator withdraws its stake, even if its last enclave there has expired.
    ///      Reverts when:
    ///      - the verifier is unknown or revoked ("verifier not approved");
    ///      - the signing key is zero, or the sealing key is of low order ("bad key");
    ///      - the caller is unbonding ("unbonding") or has no stake ("no stake");
    ///      - the block is out of range ("stale block");
    ///      - the verifier reverts, with its reason;
    ///      - the attestation has expired ("expired");
    ///      - the measurement is revoked ("measurement revoked");
    ///      - the platform is revoked ("platform revoked") or belongs to another operator ("platform taken");
    ///      - the stake does not suffice for all of the caller's platforms ("too little stake");
    ///      - the signing key is revoked ("enclave revoked") or bound otherwise ("key taken").
    function register_enclave(address _verifier, bytes calldata _evidence, address _signing_key, bytes32 _sealing_key, uint256 _block_number) external returns (bytes32);

    /// @notice Say where the caller publishes its files for others: proposals, signatures, results. The latest announcement
    ///         of an operator replaces its earlier ones, and an empty one takes them back.
    /// @param _uri The event publishes it; the registry does not store it. It is untrusted text of the operator. What is
    ///        found there proves nothing by itself: check its signatures and digests.
    /// @dev Only an operator with stake and a platform may announce. So an event costs its sender a locked stake of
    ///      `platform_stake()`, and nobody can flood the readers of these events with accounts that cost nothing. Readers
    ///      should ignore an operator whose enclaves are not active.
    ///      Reverts when: the caller is unbonding ("unbonding"), has no stake ("no stake"), or took no platform since its
    ///      last withdrawal ("no platform").
    function announce(string calldata _uri) external;

    /// @notice Revoke a signing key under a measurement for good, whether or not it is registered. Owner only.
    /// @dev Reverts when: it is revoked already ("already revoked"). This holds for the next three functions too.
    function revoke_enclave(address _signing_key, bytes32 _measurement) external;

    /// @notice Revoke a machine for good, with every enclave on it. Owner only.
    function revoke_platform(bytes32 _platform) external;

    /// @notice Revoke an enclave program under its verifier for good. Owner only.
    function revoke_measurement(bytes32 _measurement) external;

    /// @notice Revoke a verifier for good, with every enclave that it attested. It may be added, proposed or neither. Owner
    ///         only.
    function revoke_verifier(address _verifier) external;

    /// @notice Announce a verifier, which anybody can add after 14 days. Owner only.
    /// @dev A measurement pins its verifier, so a verifier that is added later cannot affect a task that named another one.
    ///      In the delay everybody can read the code of the verifier. They cannot read what a proxy or a delegating account
    ///      (EIP-7702) makes of it later.
    ///      Reverts when: there is no code at the address to read in that time ("not a contract"); the verifier is
    ///      proposed, added or revoked already ("verifier known").
    function propose_verifier(address _verifier) external;

    /// @notice Add a proposed verifier after its delay. Anyone may call.
    /// @dev Reverts when: the verifier is revoked ("already revoked"), not proposed ("not proposed"), or added already
    ///      ("verifier known"); its delay is not over ("too early").
    function add_verifier(address _verifier) external;

    /// @notice Say which program a measurement is, and from which source it is built, for people who meet it in a task.
    ///         Once and for good. Owner only.
    /// @param _verifier The verifier under which the program is registered, or may be later.
    /// @param _program The id of the program, as docs/ATTESTATION.md defines it.
    /// @param _source Git's id of the commit that the program is built from, left-aligned: 20 bytes of SHA-1 and 12 zeros,
    ///        or 32 bytes of SHA-256. Zero names no commit.
    /// @param _text Printable ASCII.
    /// @return The measurement, keccak256(abi_encode(verifier, program)).
    /// @dev This is the owner's word, and nothing on-chain relies on it. A description does not make a measurement trusted.
    ///      A measurement without one may be registered and named in tasks like any other. Verifier and program may both be
    ///      unknown as yet. Not even a new owner can change a description; it can revoke what turns out to be wrong.
    ///      Reverts when: the text is empty or has characters other than 0x20 to 0x7e ("bad description"); the measurement
    ///      is described already ("already described").
    function describe_measurement(address _verifier, bytes32 _program, bytes32 _source, string calldata _text) external returns (bytes32);

    /// @notice Name the market that may slash. Once. Owner only.
    /// @dev Reverts when: a market is named already ("market known"); the address is not a contract ("not a contract").
    function set_market(address _market) external;

    /// @notice Offer the office of owner to an account, in place of any earlier offer. The zero address takes the offer
    ///         back. Owner only. A call by another account reverts with "ownable: caller is not the owner", here and in
    ///         every function above that is for the owner only.
    function transfer_ownership(address _new_owner) external;

    /// @notice Accept the office that was offered.
    /// @dev Reverts when: it was not offered to the caller ("ownable_2step: caller is not the new owner").
    function accept_ownership() external;

    /// @notice Find out who signed `_digest`. Every signer must be an enclave of the roster that is active under the
    ///         measurement.
    /// @param _digest The EIP-712 digest that was signed.
    /// @param _measurement The measurement that every signer must run.
    /// @param _min_stake Wei that every signer's operator must have staked.
    /// @param _roster The roster of the task, by ascending signing key.
    /// @param _cosignatures By ascending signer.
    /// @param _excluded Signers whose operators may not sign.
    /// @return The signers with their operators, in the order of the signatures.
    /// @dev Two operators never hold one platform at the same time, and a platform changes hands only after the end of any
    ///      dispute of a report signed on it. So distinct operators are on distinct platforms, and excluding an operator
    ///      excludes its platforms. Reverts first when the measurement or its verifier is revoked ("measurement revoked",
    ///      "verifier revoked"). Then it reverts for each signature, in this order, when:
    ///      - the signature is invalid or has a high s ("bad signature");
    ///      - the signer is not in the roster after the signer before it ("not in roster");
    ///      - no enclave is registered with these keys, this platform and this measurement ("enclave unknown");
    ///      - the enclave has expired ("enclave expired");
    ///      - the enclave or its platform is revoked ("enclave revoked", "platform revoked");
    ///      - its operator is unbonding, or has withdrawn its stake since ("operator inactive");
    ///      - its operator has too little stake ("too little stake"), signed already ("operator twice"), or is excluded
    ///        ("operator excluded").
    function check_quorum(bytes32 _digest, bytes32 _measurement, uint256 _min_stake, Types.RosterEntry[] calldata _roster, Types.Cosignature[] calldata _cosignatures, Types.Signer[] calldata _excluded) external view returns (Types.Signer[] memory);

    /// @notice Do what `check_quorum` does, with roster and signers as digests cover them. The market hashes the same
    ///         bytes that it passes on, which saves gas.
    /// @param _digest The EIP-712 digest that was signed.
    /// @param _measurement The measurement that every signer must run.
    /// @param _min_stake Wei that every signer's operator must have staked.
    /// @param _roster `abi_encode(roster)` of the task's roster, by ascending signing key.
    /// @param _cosignatures By ascending signer.
    /// @param _excluded Signers whose operators may not sign.
    /// @return `abi_encode(signers)` of the signers that `check_quorum` returns.
    /// @dev Reverts like `check_quorum`, and without a reason when an entry that it reads is cut short. An entry whose key is
    ///      no address is nobody's.
    function check_encoded_quorum(bytes32 _digest, bytes32 _measurement, uint256 _min_stake, bytes calldata _roster, Types.Cosignature[] calldata _cosignatures, Types.Signer[] calldata _excluded) external view returns (bytes memory);

    /// @notice Return true if the owner revoked, at `_time` or later, an enclave or a platform of a signer. A revocation of
    ///         the measurement or of its verifier accuses nobody in particular and does not count. Neither do expiry,
    ///         retirement, unstaking and fines.
    function revoked_since(Types.Signer[] calldata _signers, bytes32 _measurement, uint256 _time) external view returns (bool);

    /// @notice Take `_amount` of an operator's stake, or what is left of it, and credit it to `_beneficiary`. Market only.
    /// @return Wei taken.
    /// @dev It never reverts for lack of stake. Reverts when: the caller is not the market ("not the market").
    function slash(address _operator, uint256 _amount, address _beneficiary) external returns (uint256);

    /// @notice Condemn an operator of whom one enclave signed two contradicting reports: its machine was cloned or broken.
    ///         It loses its whole stake, and its enclaves are inactive. A quarter of the stake is credited to the caller.
    ///         For 21 days the rest pays fines of the market; then `burn_stake` burns it. Anyone may call; only the first
    ///         proof counts.
    /// @param _cosignatures Of the same enclave, one of each report.
    /// @param _operator The operator that the enclave is registered for, whoever holds the platform now.
    /// @param _sealing_key The sealing key of the enclave, as registered.
    /// @return Wei credited to the caller.
    /// @dev Two reports contradict each other if task, round, seed and inventory are equal, but at some position of the
    ///      awards they have different indices, or scores further apart than twice the tolerance of the task, or an award
    ///      in one and none in the other. Results are not compared. An enclave signs at most one report per task and round,
    ///      and forgets its keys when it stops. So an honest enclave gives no proof. Two enclaves of one machine prove
    ///      nothing: each of them is honest if it signs near-equal scores in another order, and a machine that restarts in
    ///      the middle of a task has both. The proof needs no state of the market, and the task need not exist there. It
    ///      works until the operator withdraws its stake. That is 21 days at least, even for an enclave that has expired,
    ///      is retired or is revoked.
    ///      Reverts when:
    ///      - no market is named ("market unknown");
    ///      - a report is not of the task ("wrong task");
    ///      - round, seed or inventory differ ("different runs");
    ///      - the awards do not contradict each other ("no contradiction");
    ///      - a signature is invalid ("bad signature");
    ///      - the enclave is not registered under the task's measurement with this operator, sealing key and platform
    ///        ("enclave unknown"), or is of an older epoch ("operator inactive");
    ///      - the reports are signed by different enclaves ("different signers");
    ///      - the operator is condemned already ("condemned");
    ///      - no stake is left ("no stake").
    function prove_equivocation(Types.Task calldata _task, Types.Report[2] calldata _reports, Types.Cosignature[2] calldata _cosignatures, address _operator, bytes32 _sealing_key) external returns (uint256);

    /// @notice Burn what is left of a condemned operator's stake, and release its platforms. Anyone may call.
    /// @return Wei burned.
    /// @dev After that the operator may stake again, and must attest every enclave anew.
    ///      Reverts when: the operator is not condemned ("not condemned"); t < `unlocks_at`, which is 21 days after the
    ///      proof ("too early").
    function burn_stake(address _operator) external returns (uint256);

    /// @notice The account that may call the functions for the owner only: the guardian.
    function owner() external view returns (address);

    /// @notice The account to which the office is offered; zero when there is no offer.
    function pending_owner() external view returns (address);

    /// @notice The market that may slash; zero until it is named.
    function market() external view returns (address);

    /// @notice Stake, unbonding, epoch, condemnation and platforms of an operator.
    function operator(address _account) external view returns (Operator memory);

    /// @notice The record of an enclave; all zero when it is unknown.
    function enclave(address _signing_key, bytes32 _measurement) external view returns (Enclave memory);

    /// @notice The record of a platform; all zero when it is unknown.
    function platform(bytes32 _id) external view returns (Platform memory);

    /// @notice The signing key that was registered last on a platform under a measurement; zero when there is none. A
    ///         registration with another key retires it.
    function latest_key(bytes32 _platform, bytes32 _measurement) external view returns (address);

    /// @notice Wei that an operator must have staked for each of its platforms when it registers or renews an enclave.
    function platform_stake() external view returns (uint256);

    /// @notice The record of a measurement; all zero when it is unknown.
    function measurement(bytes32 _id) external view returns (Measurement memory);

    /// @notice What the owner says that the program of a measurement is; all zero when it said nothing.
    function description(bytes32 _measurement) external view returns (Description memory);

    /// @notice The record of a verifier; all zero when it is unknown. A verifier is approved from when it is added until it
    ///         is revoked.
    function verifier(address _address) external view returns (Verifier memory);

    /// @notice Return true if the enclave with exactly these keys, this platform and this measurement is active. Developers
    ///         should check every entry of a roster with it before they commit, and the stake of its operator with
    ///         `operator`.
    function is_active(address _signing_key, bytes32 _sealing_key, bytes32 _platform, bytes32 _measurement) external view returns (bool);

    /// @notice The first 32 bytes of the report data that an enclave must ask its quote for. The other 32 bytes are zero.
    /// @dev keccak256(abi_encode(keccak256("GoldenGrain/ENCLAVE"), chain.id, registry, operator, signing_key, sealing_key,
    ///      block_number, blockhash(block_number))).
    ///      Reverts when: the block is out of range ("stale block").
    function report_data(address _operator, address _signing_key, bytes32 _sealing_key, uint256 _block_number) external view returns (bytes32);

    /// @notice Wei that `withdraw` would pay to an account.
    function credits(address _account) external view returns (uint256);
}
