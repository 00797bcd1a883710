// SPDX-License-Identifier: MIT
// Generated from interfaces/Types.vyi by `make abi`.
pragma solidity ^0.8.0;

/// @title Types: the structs that market and registry share
/// @notice Amounts are wei of ether or units of the task's token; times are unix seconds; scores are parts per million
///         (0 to 1,000,000).
library Types {
    // The first part of a task: the terms that a report needs, and that `post_report` takes without the others.
    struct ReportTerms {
        address token; // of budget and benchmark fee; zero is native ether
        uint256 budget; // escrowed for awards, < 2**128
        uint256 max_awards; // greatest number of models that are bought, 1 to 8
        bytes32 measurement; // the enclave program together with the verifier that attests it
        bytes32 roster; // keccak256(abi_encode(roster))
        uint256 quorum; // signatures a report needs, 1 to 3
        uint256 min_stake; // wei each signer's operator must have staked
        uint256 report_deadline; // a report is valid before it
        uint256 dispute_window; // seconds from the report in which it can be disputed
        uint256 claim_window; // seconds in which awards can be claimed
        // One to eight knots, score << 108 | price, by rising score: two in a word, the first in the low half of the first
        // word, and zero after the last.
        uint256[4] curve;
    }

    // The members of `ReportTerms`, then those of the second part of a task, `OtherTerms` (docs/SPEC.md, "Hashes").
    struct Task {
        address token;
        uint256 budget;
        uint256 max_awards;
        bytes32 measurement;
        bytes32 roster;
        uint256 quorum;
        uint256 min_stake;
        uint256 report_deadline;
        uint256 dispute_window;
        uint256 claim_window;
        uint256[4] curve;
        address provider; // creates the task, pays, receives the models
        uint256 benchmark_fee; // escrowed for the operators, < 2**128
        bytes32 benchmark; // digest of the manifest: test set, metric, sample, selection, limits
        uint256 tolerance; // ppm by which two honest measurements may differ
        bytes32 delivery_key; // the provider's X25519 public key
        uint256 max_submissions; // 1 to 1,048,575
        uint256 commit_bond; // wei of ether, whole gwei; returned at the reveal
        uint256 entry_fee; // wei of ether, whole gwei; never returned
        uint256 commit_deadline; // commits are valid before it
        uint256 reveal_deadline; // reveals are valid from the commit deadline on and before it
        uint256 verdict_window; // seconds from a dispute in which a panel can decide
        uint256 nonce; // any number; tells equal tasks apart
    }

    struct RosterEntry {
        address signing_key; // secp256k1 key, as an address
        bytes32 sealing_key; // X25519 public key
    }

    struct Submission {
        bytes32 model_digest; // sha256 of the plaintext ONNX file
        bytes32 artifact_digest; // sha256 of the ciphertext
        bytes32 envelope_digest; // keccak256 of the delivery envelope
        uint256 min_price; // the lowest price at which the developer sells
    }

    struct Report {
        bytes32 task_id;
        uint256 round; // 0, or 1 from a panel
        bytes32 seed; // from `close_reveals`
        bytes32 inventory; // digest of the submissions that were measured
        bytes32 results; // Merkle root of every submission's result
        uint256 choices; // the team in the order of its choice: index + 1 in 20 bits each, the first lowest; 0 for `top`
        // Up to eight awards, score << 32 | index, best first: four in a word of 64 bits each, the first lowest, and zero
        // after the last.
        uint256[2] awards;
    }

    struct Cosignature {
        bytes32 r;
        bytes32 vs; // EIP-2098: s, with the parity of v in the highest bit
        bytes32 platform; // the signing enclave's platform, as registered
    }

    struct Signer {
        address signing_key;
        address operator;
        bytes32 platform;
    }
}
