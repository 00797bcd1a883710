# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title A verifier that accepts whatever the evidence says
@license GNU Affero General Public License v3.0 only
@notice Evidence begins with abi_encode(program, platform, expiry, report_data). For tests: no
        script deploys it.
"""

from interfaces import IAttestationVerifier

implements: IAttestationVerifier


@external
def verify(_evidence: Bytes[8192], _report_data: bytes32) -> IAttestationVerifier.Attestation:
    program: bytes32 = empty(bytes32)
    platform: bytes32 = empty(bytes32)
    expiry: uint256 = 0
    report_data: bytes32 = empty(bytes32)
    program, platform, expiry, report_data = abi_decode(
        slice(_evidence, 0, 128), (bytes32, bytes32, uint256, bytes32)
    )
    assert report_data == _report_data, "wrong report data"
    return IAttestationVerifier.Attestation(program=program, platform=platform, expiry=expiry)
