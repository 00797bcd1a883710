// SPDX-License-Identifier: MIT
// Generated from interfaces/IDcapVerifier.vyi by `make abi`.
pragma solidity ^0.8.0;

import {IAttestationVerifier} from "./IAttestationVerifier.sol";

/// @title IDcapVerifier: Intel SGX and TDX quotes, verified on-chain
/// @notice A chain of five ECDSA signatures over P-256 leads from one root key over an intermediate CA, the key of the
///         machine (PCK) and the quoting enclave (QE) to the report of an enclave or a trust domain. Registries call
///         IAttestationVerifier. This interface is the rest.
/// @dev Times are unix seconds. Keys are X, Y and signatures are r, s, as big-endian words. SVNs are security version
///      numbers of one byte each, the first component highest. docs/ATTESTATION.md says what is verified and what is not.
///
///      **Evidence** is one byte of kind, then what shows the key of the machine, then the quote without the parts that no
///      signature covers:
///
///        kind       1     0: a PCK record · 1: an authority record and a PCK certificate · 2: CA and PCK certificate;
///                         plus 128 for a trust domain under dstack, whose program leaves RTMR3 out
///        record           abi_encode of Pck (256 bytes) or Authority (160 bytes)
///        certificate      2 bytes of length, big-endian, then the certificate
///        signed   432/632/638/702   header and body of the quote (SGX version 3, TDX 4, TDX 5 of TD 1.0 and of TD 1.5)
///        rest     608     r, s, attestation key X, Y, QE report (384), r, s of the QE report, QE authentication data (32)
///
///      A **certificate** is its TBSCertificate in DER, followed by r and s. A revocation list has the same form. The
///      contract keeps only the digest of the record of a verified certificate. The record itself travels in calldata, and
///      a record with one changed bit is rejected. Anyone may admit a certificate, once; there is nothing to earn by it and
///      nobody to harm.
///
///      Which quoting enclaves and which machines are good enough stands in ITcbPolicy, which reads it from Intel's signed
///      documents. The verifier has no owner. Root and policy are arguments of its constructor and stay for good.
///
///      P256VERIFY (EIP-7951) must be at 0x100. Without it the constructor reverts ("no p256 precompile"). If it is lost
///      later, the verifier fails closed: every signature is invalid.
///
///      A revocation takes effect as soon as somebody submits the list, and for good. The lists of the root and of a
///      machine's CA must be wholly in, and must not be stale: that is from the policy's grace after their nextUpdate on.
///      Anyone can submit them.
interface IDcapVerifier is IAttestationVerifier {
    struct Authority {
        bytes32 id; // keccak256(root key ‖ serial number as 32 bytes)
        bytes32[2] key;
        bytes32 subject; // keccak256 of the DER of its name
        uint256 expiry;
    }

    struct Pck {
        bytes32 id; // keccak256(authority's key ‖ serial number as 32 bytes)
        bytes32 authority; // id of the authority's certificate
        bytes32[2] key;
        bytes32 platform; // keccak256(PPID): one machine can have several keys
        uint256 fmspc; // the 6 bytes as a number
        uint256 tcb; // PCE SVN · 2**128 + component SVNs
        uint256 expiry; // the authority's, if that is earlier
    }

    event AuthorityAdded(
        Authority authority
    );

    event PckAdded(
        Pck pck
    );

    event CertificateRevoked(
        bytes32 indexed id
    );

    event CrlApplied(
        bytes32 indexed authority, // its id, zero for the root
        uint256 this_update
    );

    /// @notice Verify evidence as `verify` does, for any report data, and return these too. Anyone may call.
    /// @return The attestation, and the quote's 64 bytes of report data.
    /// @dev Caches the certificates that the evidence carries. Reverts, in this order, for:
    ///      - evidence: shorter than any ("quote length"), or of an unknown kind ("evidence kind");
    ///      - record: not that of an admitted certificate ("certificate unknown"); certificate or authority revoked
    ///        ("certificate revoked") or expired ("certificate expired");
    ///      - certificate: as `add_ca` and `add_pck`;
    ///      - revocation lists: that of the root or of the authority is not wholly in, or is stale ("crl stale");
    ///      - header: "quote version", "quote body type", "quote key type", "quote tee type", "quote vendor";
    ///      - evidence: not as long as its parts ("quote length");
    ///      - QE: its report is not signed by the PCK ("qe signature"), or does not vouch for the attestation key ("qe
    ///        binding");
    ///      - quote: not signed by the attestation key ("quote signature");
    ///      - body: dstack is claimed for SGX ("evidence kind"); the enclave or domain is debugged ("debug"); a reserved bit
    ///        of TDATTRIBUTES is set, SEPT_VE_DISABLE is clear, or MIGRATABLE is set ("attributes"); SERVTD_EXT is set or
    ///        MRSERVICETD is not zero ("service td"); MRCONFIGID is zero under dstack ("mr config");
    ///      - quoting enclave and machine: as `ITcbPolicy.check` ("qe …", "tcb …", "tdx module").
    ///      `verify` also reverts when the report data are not the given 32 bytes, followed by 32 zeros ("report data").
    function verify_quote(bytes calldata _evidence) external returns (IAttestationVerifier.Attestation memory, bytes32[2] memory);

    /// @notice Admit the certificate of an intermediate CA that the root signed. Idempotent. Anyone may call.
    /// @return The record of the certificate.
    /// @dev Reverts when:
    ///      - it is not DER of Intel's profile ("der");
    ///      - its extensions are not those of an intermediate CA: critical basicConstraints CA:TRUE with pathlen 0, and
    ///        keyUsage keyCertSign, cRLSign ("certificate role");
    ///      - the root did not sign it ("certificate signature");
    ///      - it is not valid yet ("certificate not yet valid"), or no longer ("certificate expired"; valid to the last
    ///        second);
    ///      - it is revoked ("certificate revoked").
    function add_ca(bytes calldata _certificate) external returns (Authority memory);

    /// @notice Admit the PCK certificate of a machine. Idempotent. Anyone may call.
    /// @param _authority The record of the certificate's issuer.
    /// @return The record of the certificate.
    /// @dev Reverts when:
    ///      - the authority's record is not that of an admitted certificate that is live ("certificate unknown",
    ///        "certificate revoked", "certificate expired");
    ///      - as `add_ca`, with the extensions of a leaf and the authority's signature;
    ///      - it was issued in another name ("certificate issuer");
    ///      - its SGX extension is not of Intel's form, or is of another PCE than 0 ("sgx extension").
    function add_pck(Authority calldata _authority, bytes calldata _certificate) external returns (Pck memory);

    /// @notice Revoke for good what a revocation list names, admitted or not: certificates that this very key issued. A
    ///         long list is applied in pieces: each call goes on where the one before ended, whoever sent it. The list
    ///         counts as its authority's once its last entry is in. Anyone may call.
    /// @param _authority The issuer of the list; all zero for the root.
    /// @param _crl The list, at most 65,536 bytes: some 1,200 entries.
    /// @param _count Greatest number of entries to apply, at most 2,048.
    /// @return The number of certificates that were not revoked before.
    /// @dev A list past its nextUpdate is accepted, because a list only ever revokes what its issuer revoked.
    ///      Reverts when:
    ///      - the authority's record is not that of an admitted certificate that is live ("certificate unknown",
    ///        "certificate revoked", "certificate expired");
    ///      - the list is not DER of Intel's profile ("der");
    ///      - the authority did not sign it ("crl signature");
    ///      - it was issued in another name ("crl issuer"; the root is known by its key alone);
    ///      - it is of the future ("crl not yet valid");
    ///      - it is older than the newest list of this authority that is wholly in ("crl superseded").
    function add_crl(Authority calldata _authority, bytes calldata _crl, uint256 _count) external returns (uint256);

    /// @notice The root key. Intel's SGX Root CA has 0x0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5,
    ///         0x67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394. Any other key is a simulation.
    function root() external view returns (bytes32[2] memory);

    /// @notice What is kept of a certificate: zero when it is unknown, 1 when it is revoked, otherwise keccak256 of its
    ///         record.
    function certificate(bytes32 _id) external view returns (bytes32);

    /// @notice The ITcbPolicy that is asked about each quote.
    function policy() external view returns (address);

    /// @notice The key of a TCB signer: of a certificate that the root issued for signing documents.
    /// @dev Reverts when: as `add_ca`, with the extensions of a signer (those of a leaf without the SGX extension); the
    ///      root's revocation list is not wholly in, or is stale ("crl stale").
    function signer_key(bytes calldata _certificate) external view returns (bytes32[2] memory);

    /// @notice thisUpdate of the newest list of an authority that is wholly in; zero when there is none.
    /// @param _authority Its id; zero for the root.
    function crl_updated(bytes32 _authority) external view returns (uint256);

    /// @notice nextUpdate of that list; zero when there is none.
    function crl_next_update(bytes32 _authority) external view returns (uint256);

    /// @notice How many entries of a list are in that is not wholly in yet.
    /// @param _digest sha256 of the list's to-be-signed part.
    function crl_progress(bytes32 _authority, bytes32 _digest) external view returns (uint256);
}
