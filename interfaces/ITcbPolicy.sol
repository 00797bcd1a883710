// SPDX-License-Identifier: MIT
// Generated from interfaces/ITcbPolicy.vyi by `make abi`.
pragma solidity ^0.8.0;

/// @title ITcbPolicy: which machines and quoting enclaves are good enough, read from Intel's signed documents
/// @notice Anybody brings Intel's TCB info and the identity of a quoting enclave (QE). The contract verifies who signed a
///         document, reads it, and derives what a machine must reach. Nobody is trusted for it. DcapVerifier asks it about
///         every quote.
/// @dev Times are unix seconds. SVNs are security version numbers of one byte each, the first component highest. A TEE is
///      0 for SGX and 129 (0x81) for TDX.
///
///      **Documents** are the exact bytes that Intel signed: the inner object `tcbInfo` or `enclaveIdentity` as Intel's PCS
///      serves it. They are read strictly, in Intel's own layout without white space; docs/SPEC.md has the grammar.
///
///      **A floor** is derived per TEE and FMSPC. Levels stand in falling order. As long as their status is one that the
///      deployment accepts, a machine at or above the last of them is good: Intel's algorithm gives such a machine an
///      accepted status. A document without an accepted level at its head is stored and refuses the FMSPC.
///
///      **Two numbers.** Intel serves an "early" and a "standard" document side by side. They have different evaluation
///      numbers (`tcbEvaluationDataNumber`). The floors of the two newest numbers that are not stale are kept, and a
///      machine that meets either is good. Within one number an older document never replaces a newer one. TCB infos and
///      identities are numbered apart.
///
///      **Stale** is a document from `grace` after its nextUpdate on: it can no longer be brought, and what was derived
///      from it counts no more.
///
///      The owner is the guardian. The owner can raise floors, the least SVN of quoting enclaves, and the least evaluation
///      numbers, at once and for good, for this deployment. The owner can widen nothing. Enclaves that are registered keep
///      their seat until they expire, unless the guardian revokes them in the registry.
interface ITcbPolicy {
    struct Quoted {
        uint256 tee;
        uint256 fmspc; // the 6 bytes as a number
        uint256 tcb; // of the PCK certificate: PCE SVN · 2**128 + component SVNs
        uint256[2] tdx_svns; // TEE_TCB_SVN and TEE_TCB_SVN2 (TD 1.0: the same again); zero for SGX
        uint256 seam; // first 24 bytes of keccak256(MRSIGNERSEAM), then SEAMATTRIBUTES; zero for SGX
        uint256[12] qe_report; // the 384 bytes of the quoting enclave's report
    }

    struct Module {
        uint256 version; // major version of the TDX module, the second byte of TEE_TCB_SVN
        uint256 svn; // least first byte of TEE_TCB_SVN
    }

    struct TcbFloor {
        uint256 number; // tcbEvaluationDataNumber
        uint256 issued;
        uint256 next_update;
        bool live; // not stale, and the number is at least the least number
        bool accepted; // the document's first level has an accepted status; otherwise it refuses every machine
        bytes16 svns; // of the PCK certificate
        uint256 pce_svn;
        bytes16 tdx_svns; // of TEE_TCB_SVN, zero for SGX; the first two count for TDX modules of major version 0 only
        Module[] modules; // TDX modules of other versions that have an accepted level
    }

    struct QeIdentity {
        uint256 number;
        uint256 issued;
        uint256 next_update;
        bool live;
        bool accepted;
        bytes32 mr_signer;
        uint256 product;
        uint256 min_svn;
        bytes16 attributes; // expected bits where the mask is set; zero elsewhere
        bytes16 attributes_mask;
        bytes4 misc_select;
        bytes4 misc_select_mask;
    }

    event TcbUpdated(
        uint256 indexed tee,
        bytes6 indexed fmspc,
        uint256 number,
        bytes32 digest // sha256 of the document
    );

    event IdentityUpdated(
        uint256 indexed tee,
        uint256 number,
        bytes32 digest
    );

    event FloorRaised(
        uint256 indexed tee,
        bytes6 indexed fmspc,
        bytes16 svns,
        uint256 pce_svn,
        bytes16 tdx_svns
    );

    event ModuleRaised(
        bytes6 indexed fmspc,
        uint256 version,
        uint256 svn
    );

    event QeSvnRaised(
        uint256 indexed tee,
        uint256 svn
    );

    event LeastNumbersRaised(
        uint256 tcb,
        uint256 identity
    );

    event VerifierSet(
        address verifier
    );

    event OwnershipTransferStarted(
        address indexed previous_owner, // who is still the owner
        address indexed new_owner // to whom the office is offered, zero when the offer is taken back
    );

    event OwnershipTransferred(
        address indexed previous_owner,
        address indexed new_owner
    );

    /// @notice Read a TCB info of Intel's, for SGX or TDX, and keep the floor that follows. Bringing the same document
    ///         again changes nothing. Anyone may call.
    /// @param _document The JSON text exactly as signed.
    /// @param _signature The signature of the document: r, s.
    /// @param _certificate The certificate of the TCB signer, issued by the root, in the form of `IDcapVerifier`.
    /// @dev Reverts, in this order, when:
    ///      - no verifier is set yet ("no verifier");
    ///      - the certificate is not that of a TCB signer, as `IDcapVerifier.signer_key` ("der", "certificate …",
    ///        "crl stale");
    ///      - its key did not sign the document ("collateral signature");
    ///      - the document is not a TCB info ("document id");
    ///      - it is not written in Intel's layout, byte for byte ("document form");
    ///      - it was issued in the future ("document not yet valid") or is stale ("document stale");
    ///      - an issue date of the same number is newer ("document superseded");
    ///      - its number is below the least number, or below two numbers that are kept and not stale ("document number").
    function update_tcb(bytes calldata _document, bytes32[2] calldata _signature, bytes calldata _certificate) external;

    /// @notice Read the identity of a quoting enclave, that of SGX ("QE") or of TDX ("TD_QE"), and keep it. Anyone may
    ///         call.
    /// @dev Reverts as `update_tcb`. The identity of another enclave, such as "QVE" or "QAE", is refused ("document id").
    function update_identity(bytes calldata _document, bytes32[2] calldata _signature, bytes calldata _certificate) external;

    /// @notice Return True if a quote's quoting enclave and machine are good enough, and revert otherwise.
    /// @dev Reverts, in this order, when:
    ///      - the quoting enclave is debugged ("qe debug");
    ///      - no identity of the TEE was brought ("qe unknown"), or none is live ("qe stale");
    ///      - it meets no live identity; the reason is that of the newest: "qe identity", or "qe svn" if its SVN is too
    ///        low;
    ///      - no TCB info of TEE and FMSPC was brought ("tcb unknown"), or none is live ("tcb stale");
    ///      - it meets no live floor; the reason is that of the newest: "tdx module" if the module's signer or attributes
    ///        are not those of the document, or its version has no accepted level; otherwise "tcb floor".
    ///      For TDX both TEE_TCB_SVN, of the time when the domain was launched, and TEE_TCB_SVN2, of now, must meet the
    ///      same floor.
    function check(Quoted calldata _quoted) external view returns (bool);

    /// @notice Name the DcapVerifier that knows the root and what is revoked. Once only. Owner only.
    /// @dev Reverts when: it is set already ("verifier set"), or is the zero address ("bad verifier").
    function set_verifier(address _verifier) external;

    /// @notice Raise the floor of an FMSPC above Intel's: each component to at least these, in every document that is kept
    ///         or comes. A component that is lower than what holds changes nothing. All 255, with PCE SVN 65,535, shuts
    ///         these machines out. Owner only.
    /// @param _tdx_svns Zero for SGX.
    /// @dev Reverts when: the TEE is unknown, the PCE SVN does not fit 16 bits, or SGX gets TDX components ("bad floor").
    function raise_floor(uint256 _tee, bytes6 _fmspc, bytes16 _svns, uint256 _pce_svn, bytes16 _tdx_svns) external;

    /// @notice Raise the least SVN of TDX modules of one major version, for one FMSPC. Owner only.
    /// @param _version From 1 on; for version 0 use `raise_floor`.
    /// @dev Reverts when: version or SVN does not fit a byte, the version is 0, or 7 other versions are raised already
    ///      ("bad floor").
    function raise_module(bytes6 _fmspc, uint256 _version, uint256 _svn) external;

    /// @notice Raise the least SVN of a TEE's quoting enclaves. Owner only.
    /// @dev Reverts when: the TEE is unknown, or the SVN does not fit 16 bits ("bad floor").
    function raise_qe_svn(uint256 _tee, uint256 _svn) external;

    /// @notice Raise the least evaluation numbers of TCB infos and of identities. Documents with lower ones count no more.
    ///         Owner only.
    /// @dev Reverts when: one of them is lower than it was, or does not fit 16 bits ("bad floor").
    function raise_least_numbers(uint256 _tcb, uint256 _identity) external;

    /// @notice The floors that are kept, at most two, by rising number.
    function kept_floors(uint256 _tee, bytes6 _fmspc) external view returns (TcbFloor[] memory);

    /// @notice The identities that are kept, at most two, by rising number.
    function kept_identities(uint256 _tee) external view returns (QeIdentity[] memory);

    /// @notice The least evaluation numbers: of TCB infos, of identities.
    function least_numbers() external view returns (uint256, uint256);

    /// @notice The TCB statuses that this deployment accepts, fixed for good, as a sum of: 1 UpToDate, 2 SWHardeningNeeded,
    ///         4 ConfigurationNeeded, 8 ConfigurationAndSWHardeningNeeded, 16 OutOfDate, 32 OutOfDateConfigurationNeeded.
    ///         The last two are accepted together or not at all, because a quoting enclave or a TDX module that is out of
    ///         date makes one of the other. Revoked is never accepted.
    function accepted_statuses() external view returns (uint256);

    /// @notice For how many seconds after its nextUpdate a document or a revocation list is not stale yet. Fixed for good.
    function grace() external view returns (uint256);

    /// @notice The verifier that was set; zero when there is none yet.
    function verifier() external view returns (address);

    /// @notice The account that may call the functions for the owner only: the guardian.
    function owner() external view returns (address);

    /// @notice The account to which the office is offered; zero when there is no offer.
    function pending_owner() external view returns (address);

    /// @notice Offer the office of owner to an account, in place of any earlier offer. The zero address takes the offer
    ///         back. Owner only. A call by another account reverts with "ownable: caller is not the owner", here and in
    ///         every function above that is for the owner only.
    function transfer_ownership(address _new_owner) external;

    /// @notice Accept the office that was offered.
    /// @dev Reverts when: it was not offered to the caller ("ownable_2step: caller is not the new owner").
    function accept_ownership() external;
}
