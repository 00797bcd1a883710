// SPDX-License-Identifier: MIT
// Generated from interfaces/IAttestationVerifier.vyi by `make abi`.
pragma solidity ^0.8.0;

/// @title IAttestationVerifier: which program runs on which machine
/// @notice All that a registry asks of a verifier. Each verifier defines its own evidence and programs.
interface IAttestationVerifier {
    struct Attestation {
        bytes32 program; // which code runs, as the verifier defines it
        bytes32 platform; // the machine it runs on: keccak256(PPID)
        uint256 expiry; // unix seconds; never later than the expiry of the certificates
    }

    /// @notice Verify attestation evidence. Anyone may call. The result holds for whatever the report data name.
    /// @param _evidence The evidence, in the format of the verifier.
    /// @param _report_data What the enclave asked its quote for. The quote's 64 bytes of report data must be these 32
    ///        bytes, followed by 32 zeros.
    /// @return The program, the machine, and when the attestation expires.
    /// @dev May cache certificates. Reverts with a reason unless everything is verified.
    function verify(bytes calldata _evidence, bytes32 _report_data) external returns (Attestation memory);
}
