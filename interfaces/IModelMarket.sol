// SPDX-License-Identifier: MIT
// Generated from interfaces/IModelMarket.vyi by `make abi`.
pragma solidity ^0.8.0;

import {Types} from "./Types.sol";

/// @title IModelMarket: benchmarked models for money, in one transaction
/// @notice A provider escrows a budget. Developers commit and then reveal encrypted models. Enclaves of the task's roster
///         measure the models on hidden data and sign one report together. A developer claims an award by publishing the
///         delivery envelope that it committed to before the benchmark, and is paid in the same transaction. docs/SPEC.md
///         defines every digest.
///
/// @dev The caller pays for gas. It sends ether only where a function is payable. A task comes as calldata and is checked
///      against its digest, so keep the task of `TaskCreated` and its roster.
///
///      Deadlines compare with the block timestamp t: an action is valid while t < deadline, and its successor once
///      t >= deadline.
///
///      | stage | name     | time A           | time B             | leaves by                         |
///      |-------|----------|------------------|--------------------|-----------------------------------|
///      | 0     | none     |                  |                    | create_task                       |
///      | 1     | open     | commit deadline  | reveal deadline    | close_reveals, void               |
///      | 2     | closed   | commit deadline  | reveal deadline    | post_report, void                 |
///      | 3     | reported | claims open      | claims close       | dispute_report, settle            |
///      | 4     | disputed | verdict deadline | time of the report | resolve_dispute, expire_dispute   |
///      | 5     | final    | claims open      | claims close       | settle                            |
///      | 6     | settled  |                  |                    | never: a task id is used once     |
///      | 7     | voided   |                  |                    | never: claim_share has no deadline |
///
///      Unwelcome truths:
///      - Rebasing tokens are unsupported. If a balance shrinks, the market owes more of that token than it holds.
///      - A token may freeze accounts, blacklist them, or be upgraded to steal. Every party to a task trusts its token.
///      - A call that pays its caller needs the caps and reserves of `payment_gas` as its gas limit, on top of what it uses.
///        With less it reverts ("too little gas"), and its calldata has been seen. docs/INTEGRATING.md has the limits.
///      - A developer who does not claim within the claim window gets nothing. A claim that is seen in a mempool has
///        already shown its envelope. Claim early.
///      - The first call of `close_reveals` fixes the seed. Do not wait for somebody else to make it.
///      - A disputed report stands if no panel gives a verdict, even if an attacker keeps the panel from it.
///      - A verdict ends the dispute window for everybody, even in the second in which the report was posted. Who controls
///        all 2 * quorum + 1 seats of a panel decides what is bought, and its dispute costs it nothing.
///      - Every enclave of a roster can open every model revealed to it. One compromised enclave gives all of them away.
interface IModelMarket {
    // `time_a` and `time_b` are unix seconds. The stage says which times they are:
    //
    // | stage                   | time_a           | time_b             |
    // |-------------------------|------------------|--------------------|
    // | 1 open, 2 closed        | commit deadline  | reveal deadline    |
    // | 3 reported, 5 final     | claims open      | claims close       |
    // | 4 disputed              | verdict deadline | time of the report |
    // | 6 settled, 7 voided     | as in the stage before, without meaning      |
    struct Progress {
        uint256 stage; // 0 none to 7 voided, see the table of stages above
        uint256 time_a;
        uint256 time_b;
        uint256 max_submissions;
        uint256 commits;
        uint256 reveals;
        uint256 awards; // number of awards of the report that stands
        uint256 claimed; // bit i is set once award i is claimed
        uint256 commit_bond; // wei
        uint256 entry_fee; // wei
    }

    // A signer of a report, with its signature (EIP-2098). With these anybody can check a report, even one that another
    // contract posted, whose calldata a node may not show.
    struct Endorsement {
        address signing_key;
        address operator;
        bytes32 platform;
        bytes32 r;
        bytes32 vs;
    }

    event TaskCreated(
        bytes32 indexed task_id,
        address indexed provider,
        Types.Task task,
        string uri
    );

    event ModelCommitted(
        bytes32 indexed task_id,
        address indexed developer,
        uint256 index,
        bytes32 commitment
    );

    event ModelRevealed(
        bytes32 indexed task_id,
        uint256 index,
        address developer,
        Types.Submission submission,
        bytes32 keyring_digest,
        bytes32 salt,
        string uri
    );

    event RevealsClosed(
        bytes32 indexed task_id,
        bytes32 seed,
        bytes32 prevrandao,
        bytes32 parent_hash
    );

    event ReportPosted(
        bytes32 indexed task_id,
        bytes32 inventory,
        bytes32 results,
        uint256 choices,
        uint256[] payouts, // award << 128 | price, best first
        Endorsement[] signers
    );

    event ReportDisputed(
        bytes32 indexed task_id,
        address indexed challenger,
        uint256 bond, // wei
        uint256 verdict_deadline
    );

    event DisputeResolved(
        bytes32 indexed task_id,
        bool upheld,
        bytes32 results, // of the panel's report
        uint256 choices, // of the panel's report, whose digest a claim and `settle` name if it is not upheld
        uint256[] payouts, // of the report that stands now
        Types.Signer[] panel
    );

    event DisputeExpired(
        bytes32 indexed task_id,
        bool voided // if true, a TaskVoided follows; if false, the report stands and claims open now
    );

    event AwardClaimed(
        bytes32 indexed task_id,
        address indexed developer,
        uint256 index, // of the submission
        uint256 price, // units of the token, paid or credited
        bytes envelope
    );

    event TaskSettled(
        bytes32 indexed task_id,
        uint256 refund, // units of the token to the provider, with the remainder of the fee
        uint256 fee, // units of the token to the signers' operators together
        // Wei of entry fees and forfeited bonds. The signers' operators share them equally. The provider gets the remainder,
        // and all of it when the report has no signers.
        uint256 pot
    );

    event TaskVoided(
        bytes32 indexed task_id,
        uint256 refund, // units of the token to the provider
        uint256 pot_refund // wei to the provider
    );

    event ShareClaimed(
        bytes32 indexed task_id,
        address indexed developer,
        uint256 index,
        uint256 fee_share, // units of the token
        uint256 pot_share // wei
    );

    event Credited(
        address indexed token, // zero: ether
        address indexed account,
        uint256 amount // by which the account's credit rises
    );

    event Withdrawn(
        address indexed token,
        address indexed account,
        address indexed to,
        uint256 amount
    );

    /// @notice Create a task, and escrow its budget and benchmark fee. Only the provider of the task may call.
    /// @param _task The terms, which never change. An ether task sends `budget + benchmark_fee`. A token task needs an
    ///        allowance of that amount. The task names manifest and roster by digest only. The provider publishes both, and
    ///        developers check them before they commit: the roster has 3 * quorum + 1 to 16 entries by strictly rising
    ///        signing key, and each of them satisfies `IEnclaveRegistry.is_active`.
    /// @param _uri Where manifest, roster and encrypted test set are. The event publishes it; the market does not store it.
    ///        The task id does not depend on it, so nothing that is signed does. It is untrusted text of the provider, and
    ///        may be empty. Check what is found there against the digests of the task.
    /// @return The task id, which is the EIP-712 digest of the task. It can be used once.
    /// @dev Reverts when:
    ///      - the caller is not the provider ("not the provider");
    ///      - the task exists ("task exists");
    ///      - budget or benchmark fee reaches 2**128 ("bad budget");
    ///      - the curve is empty, does not rise, or ends above the budget ("bad curve");
    ///      - max_awards is not 1 to 8 ("bad award count");
    ///      - max_submissions is not 1 to 1,048,575 ("bad submission count");
    ///      - commit bond or entry fee is not whole gwei or reaches 2**48 gwei ("bad bond", "bad entry fee");
    ///      - benchmark, measurement or roster is zero ("bad benchmark", "bad measurement", "bad roster");
    ///      - quorum is not 1 to 3 ("bad quorum");
    ///      - tolerance is below `min_tolerance()` or above 10**6 ("bad tolerance");
    ///      - min_stake * quorum is below the dispute bond, seat_bond() * (2 * quorum + 1), or min_stake reaches 2**128
    ///        ("bad stake");
    ///      - the delivery key is zero or of low order ("bad key");
    ///      - the commit deadline is not in the future or over 30 days away, or the reveal or report deadline is not 6
    ///        hours to 7 days after the deadline before it ("bad deadline");
    ///      - a dispute, verdict or claim window is not 1 to 7 days ("bad window");
    ///      - the ether sent is not exact ("wrong value");
    ///      - the token is not a contract, its transfer fails, or it does not deliver exactly the amount ("bad token", or
    ///        the token's own reason).
    function create_task(Types.Task calldata _task, string calldata _uri) external payable returns (bytes32);

    /// @notice Commit to a model without revealing it. Send exactly `commit_bond + entry_fee` of ether. Anyone may call.
    /// @param _commitment H(COMMIT, chain id, market, task id, caller, submission digest, salt). It is worthless to any
    ///        other account, so front-running it gains nothing.
    /// @return The index of the submission: the number of commits before it.
    /// @dev Keep the submission and the salt. Without them the model cannot be revealed, and the bond is lost.
    ///      Reverts when: the task is not open ("wrong stage"); t >= commit deadline ("too late"); max_submissions commits
    ///      exist ("task full"); the ether is not exact ("wrong value").
    function commit_model(bytes32 _task_id, bytes32 _commitment) external payable returns (uint256);

    /// @notice Reveal the caller's submission, bind its keyring to it, and return its bond.
    /// @param _keyring_digest keccak256 of the keyring: the key of the submission, sealed to each entry of the roster in
    ///        order.
    /// @param _salt The salt of the commitment. It is public from now on.
    /// @param _uri Where artifact and keyring are. The event publishes it; the market does not store it.
    /// @dev From now on every holder of a sealing key of the roster can open the model, even one of an enclave that was
    ///      revoked after the commit. Check the roster again before you reveal, and give up the bond if it is no longer
    ///      safe. The bond goes to the caller at once. If the caller refuses ether, the bond becomes its credit.
    ///      Reverts when: the task is not open ("wrong stage"); t < commit deadline ("too early"); t >= reveal deadline
    ///      ("too late"); the arguments are not what the caller committed at this index, or the index is revealed already
    ///      ("wrong commitment"); the gas does not suffice for the refund ("too little gas").
    function reveal_model(bytes32 _task_id, uint256 _index, Types.Submission calldata _submission, bytes32 _keyring_digest, bytes32 _salt, string calldata _uri) external;

    /// @notice Fix the seed of the task, from every reveal and the randomness of the chain. Anyone may call, from the
    ///         reveal deadline on.
    /// @return The seed: H(SEED, head, prevrandao, hash of the block before).
    /// @dev Reverts when: the task is not open ("wrong stage"); t < reveal deadline ("too early"); nothing was revealed
    ///      ("nothing revealed": call `void` instead).
    function close_reveals(bytes32 _task_id) external returns (bytes32);

    /// @notice Post the report that the enclaves signed. The prices follow from its scores. Anyone may call.
    /// @param _terms The first eleven members of the task.
    /// @param _other_terms What `other_terms` gives for the task: the hash of its other members.
    /// @param _roster The whole roster of the task.
    /// @param _inventory Member of the report (`Types.Report`), as are the next three. The market knows the others: the
    ///        task, round 0, and the seed.
    /// @param _cosignatures Exactly `quorum` signatures, by rising signer.
    /// @return The EIP-712 digest of the report.
    /// @dev Claims open after the dispute window. A report may award nothing. A signature of a report of another task,
    ///      round or seed is one of another key ("not in roster").
    ///      Reverts when:
    ///      - the reveals are not closed, a report stands already, or there is no such task ("wrong stage");
    ///      - t >= report deadline ("too late");
    ///      - the roster is not that of the task ("wrong roster"), has fewer than 3 * quorum + 1 entries, or does not rise
    ///        strictly ("bad roster");
    ///      - the number of signatures is not the quorum ("wrong quorum");
    ///      - the awards are out of order, name an index twice, have a score above 10**6 or an index that was never
    ///        committed, are too many, have no price, or cost more than the budget ("bad awards");
    ///      - `IEnclaveRegistry.check_encoded_quorum` reverts, with its reason.
    function post_report(Types.ReportTerms calldata _terms, bytes32 _other_terms, Types.RosterEntry[] calldata _roster, bytes32 _inventory, bytes32 _results, uint256 _choices, uint256[2] calldata _awards, Types.Cosignature[] calldata _cosignatures) external returns (bytes32);

    /// @notice Dispute the report that stands, and call for a panel. Anyone may call, once per report, in its dispute
    ///         window. Send exactly the bond of seat_bond() * (2 * quorum + 1) of ether.
    /// @dev The panel consists of enclaves of the roster whose operators did not sign the report. It measures the same
    ///      inventory. The bond pays its seats, whatever the verdict is:
    ///      - Upheld: the challenger loses the bond.
    ///      - Overturned: each signer's operator is fined bond / quorum of its stake, or what is left of it. The registry
    ///        credits the fines to the challenger.
    ///      - No verdict in time: half of the bond is burned. If the owner of the registry revoked an enclave or a platform
    ///        of a signer since the report was posted, the task is voided instead, and the bond is credited back.
    ///      Liveness: a verdict needs every seat of the panel, and a provider that releases the test set to it. If one of
    ///      them stays silent, the report stands. So a report is only as safe as its roster is independent of its provider.
    ///      Once the owner revoked the task's measurement or its verifier, no panel can sit, and a dispute that is not
    ///      followed by the revocation of a signer costs half of the bond.
    ///      Reverts when: no report stands, or it was disputed before ("wrong stage"); the dispute window is over ("too
    ///      late"); the ether is not the bond ("wrong value").
    function dispute_report(Types.Task calldata _task) external payable;

    /// @notice Submit the verdict of the panel. It is final, and claims open at once. Anyone may call.
    /// @param _posted The disputed report.
    /// @param _signers Its signers, as `ReportPosted` names them.
    /// @param _challenger Who disputed the report.
    /// @param _verdict The panel's report: round 1, same seed and inventory.
    /// @param _cosignatures Signatures of all 2 * quorum + 1 seats, by rising signer.
    /// @return True if the report is upheld: index and score of every award are equal. Otherwise the panel's awards replace
    ///         it, and benchmark fee, entry fees and forfeited bonds go to the provider at `settle`.
    /// @dev The market credits the panel, and the registry credits the challenger.
    ///      Reverts when:
    ///      - the task is not in dispute ("wrong stage");
    ///      - t >= verdict deadline ("too late");
    ///      - the posted report, its signers or the challenger are not those on record ("wrong sale");
    ///      - task, round, seed, inventory or roster of the verdict is another ("wrong task", "wrong round", "wrong seed",
    ///        "wrong inventory", "wrong roster");
    ///      - the number of signatures is not the size of the panel ("wrong quorum");
    ///      - the awards of the verdict, or those given as the posted ones, are invalid ("bad awards");
    ///      - `IEnclaveRegistry.check_encoded_quorum` reverts, with its reason.
    function resolve_dispute(Types.Task calldata _task, Types.RosterEntry[] calldata _roster, Types.Report calldata _posted, Types.Signer[] calldata _signers, address _challenger, Types.Report calldata _verdict, Types.Cosignature[] calldata _cosignatures) external returns (bool);

    /// @notice End a dispute that got no verdict in time. Anyone may call, from the verdict deadline on.
    /// @return True if the task is voided: since the report was posted, before the dispute or in it, the owner of the
    ///         registry revoked an enclave or a platform of a signer. Then the bond is credited back, and the task ends as
    ///         by `void`. Otherwise the report stands for good, half of the bond is credited back, and the other half is
    ///         burned. A revocation of the measurement or of its verifier does not count.
    /// @dev Reverts when: the task is not in dispute ("wrong stage"); t < verdict deadline ("too early"); payouts, digest,
    ///      signers or challenger are not those on record ("wrong sale"); the gas does not suffice for a payment ("too
    ///      little gas").
    function expire_dispute(Types.Task calldata _task, uint256[] calldata _payouts, bytes32 _report_digest, Types.Signer[] calldata _signers, address _challenger) external returns (bool);

    /// @notice Publish the delivery envelope, and pay the caller, who is the developer of the award, in the same
    ///         transaction.
    /// @param _award Position in the payouts, from 0.
    /// @param _token The token of the task.
    /// @param _payouts Of the report that stands.
    /// @param _signed H(SIGNED, report digest, keccak256(abi_encode(signers))) of the report that stands.
    /// @param _min_price Of the submission.
    /// @param _payload H(PAYLOAD, model digest, artifact digest, keyring digest) of the submission.
    /// @param _envelope The delivery envelope whose digest was committed.
    /// @dev A claim does not depend on `settle`. The developer gets the price even if the token refuses the transfer: the
    ///      price then becomes a credit. Times A and B are those of the table above.
    ///      Reverts when:
    ///      - no report stands ("wrong stage");
    ///      - t < A ("too early"), or t >= B ("too late");
    ///      - token, payouts or signed digest are not those of the report ("wrong sale");
    ///      - there is no such award ("no such award"), or it was claimed already ("already claimed");
    ///      - the price is below min_price ("below min price");
    ///      - caller, min_price, payload and envelope are not those of the submission that was revealed ("wrong
    ///        submission");
    ///      - the gas does not suffice for the payment ("too little gas").
    function claim_award(bytes32 _task_id, uint256 _award, address _token, uint256[] calldata _payouts, bytes32 _signed, uint256 _min_price, bytes32 _payload, bytes calldata _envelope) external;

    /// @notice Return what was not claimed to the provider, and pay the operators. Anyone may call, once every award is
    ///         claimed or the claim window is over.
    /// @dev The signers' operators share benchmark fee, entry fees and forfeited bonds equally, as credits. The provider
    ///      gets the remainder of each division. An overturned report has no signers, so the provider gets all. The
    ///      provider is paid at once if it is the caller; otherwise it is credited.
    ///      Reverts when: no report stands ("wrong stage"); claims are not open yet, or are open and not all made ("too
    ///      early"); payouts, digest or signers are not those of the report ("wrong sale"); the gas does not suffice for a
    ///      payment ("too little gas").
    function settle(Types.Task calldata _task, uint256[] calldata _payouts, bytes32 _report_digest, Types.Signer[] calldata _signers) external;

    /// @notice End a task that got no report, and refund it. Anyone may call: from the reveal deadline on if nothing was
    ///         revealed, otherwise from the report deadline on.
    /// @dev The budget goes to the provider. Benchmark fee, entry fees and forfeited bonds wait in equal shares for the
    ///      developers who revealed (`claim_share`). If nobody revealed, the provider gets them too.
    ///      Reverts when: the task is neither open nor closed ("wrong stage"); it is before that deadline ("too early");
    ///      the gas does not suffice for a payment ("too little gas").
    function void(Types.Task calldata _task) external;

    /// @notice Credit a developer who revealed with its share of a voided task. Anyone may call, at any time, once per
    ///         reveal.
    /// @dev Reverts when: the task is not voided ("wrong stage"); this submission was not revealed at this index, or its
    ///      share was claimed already ("wrong submission").
    function claim_share(Types.Task calldata _task, uint256 _index, address _developer, bytes32 _envelope_digest, uint256 _min_price, bytes32 _payload) external;

    /// @notice Pay the caller's whole credit in a token (zero address: ether) to `_to`.
    /// @return The amount.
    /// @dev Reverts when: `_to` is zero or the market ("bad address"); nothing is owed ("nothing owed"); the payment fails
    ///      ("payment failed", or the token's reason). A failed withdrawal leaves the credit as it was.
    function withdraw(address _token, address _to) external returns (uint256);

    /// @notice The registry of enclaves.
    function registry() external view returns (address);

    /// @notice Wei that a dispute costs for each of the 2 * quorum + 1 seats of its panel.
    function seat_bond() external view returns (uint256);

    /// @notice The smallest tolerance that a task may have, in ppm.
    function min_tolerance() external view returns (uint256);

    /// @notice Gas that a payment of ether may use, gas that a payment of a token may use, and the reserve that is kept
    ///         beside each of them. Fixed at deployment, with room for ten times the prices of that day.
    function payment_gas() external view returns (uint256, uint256, uint256);

    /// @notice Stage, times and counts of a task; all zero if there is no such task.
    function progress(bytes32 _task_id) external view returns (Progress memory);

    /// @notice The digest of the current stage of a task. It is the digest of the reveals, then the seed, then the digest
    ///         of the report that stands; during a dispute, the digest of report and challenger.
    function head(bytes32 _task_id) external view returns (bytes32);

    /// @notice The word of a submission: the hash of its commitment, its leaf after the reveal, and zero once its share of
    ///         a voided task is claimed.
    function submissions(bytes32 _task_id, uint256 _index) external view returns (bytes32);

    /// @notice The EIP-712 digest of a task, which need not exist.
    function task_id(Types.Task calldata _task) external view returns (bytes32);

    /// @notice The EIP-712 hash of the members of a task that are not in `Types.ReportTerms`, for `post_report`.
    function other_terms(Types.Task calldata _task) external view returns (bytes32);

    /// @notice The EIP-712 digest that enclaves sign.
    function report_digest(Types.Report calldata _report) external view returns (bytes32);

    /// @notice The domain of both digests (EIP-5267): fields present (0x0f), name "GoldenGrain", version "1", chain id,
    ///         market address, no salt and no extensions.
    function eip712Domain() external view returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory);

    /// @notice The price of a score on a curve.
    /// @dev Reverts when: the words are not a valid curve ("bad curve").
    function price(uint256[4] calldata _curve, uint256 _score) external pure returns (uint256);

    /// @notice The amount that `withdraw` would pay to an account.
    function credits(address _token, address _account) external view returns (uint256);
}
