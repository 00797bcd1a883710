# pragma version 0.4.3
"""
@title The SGX extension of a PCK certificate
@license GNU Affero General Public License v3.0 only
@notice Object identifier 1.2.840.113741.1.13.1. It names the machine of a key, and the versions of what the machine
        trusts.
@dev Intel SGX PCK Certificate and CRL Profile Specification. Fields must come in the order of the profile.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import der
from contracts.modules.dcap import x509

# The bytes of each field up to where its value begins.
PPID: constant(bytes16) = 0x301e060a2a864886f84d010d01010410
TCB: constant(bytes12) = 0x060a2a864886f84d010d0102
COMPONENT: constant(bytes17) = 0x3000060b2a864886f84d010d0102000200  # sizes and number left zero
CPU_SVN: constant(bytes17) = 0x301f060b2a864886f84d010d0102120410
PCE_ID_ZERO: constant(bytes18) = 0x3010060a2a864886f84d010d010304020000
FMSPC: constant(bytes16) = 0x3014060a2a864886f84d010d01040406

COMPONENTS: constant(uint256) = 16
MAX_OTHER_FIELDS: constant(uint256) = 4  # SGX type, platform instance, configuration


struct Machine:
    ppid: Bytes[16]
    fmspc: uint256  # 6 bytes
    tcb: uint256  # PCE SVN 16 · the 16 component SVNs, a byte each, the first one highest 128


@internal
@pure
def _parse(_certificate: Bytes[x509.MAX_CERTIFICATE], _start: uint256, _end: uint256) -> Machine:
    machine: Machine = empty(Machine)
    at: uint256 = 0
    end: uint256 = 0
    at, end = x509._enter(_certificate, der.SEQUENCE, _start, _end)
    if end != _end:
        self._revert()

    if extract32(_certificate, at, output_type=uint256) >> 128 != convert(PPID, uint256):
        self._revert()
    machine.ppid = slice(_certificate, at + 16, 16)
    at += 32

    tcb_end: uint256 = 0
    components_end: uint256 = 0
    at, tcb_end = x509._enter(_certificate, der.SEQUENCE, at, end)
    if extract32(_certificate, at, output_type=uint256) >> 160 != convert(TCB, uint256):
        self._revert()
    at, components_end = x509._enter(_certificate, der.SEQUENCE, at + 12, tcb_end)
    svn: uint256 = 0
    for i: uint256 in range(1, COMPONENTS + 1):
        svn, at = self._component(extract32(_certificate, at), i, at)
        if svn >= 2**8:
            self._revert()
        machine.tcb = (machine.tcb << 8) | svn
    svn, at = self._component(extract32(_certificate, at), COMPONENTS + 1, at)
    machine.tcb = (svn << 128) | machine.tcb
    if extract32(_certificate, at, output_type=uint256) >> 120 != convert(CPU_SVN, uint256):
        self._revert()
    if at + 33 != tcb_end or components_end != tcb_end or tcb_end + 40 > end:
        self._revert()

    at = tcb_end
    if extract32(_certificate, at, output_type=uint256) >> 112 != convert(PCE_ID_ZERO, uint256):
        self._revert()
    word: uint256 = extract32(_certificate, at + 18, output_type=uint256)
    if word >> 128 != convert(FMSPC, uint256):
        self._revert()
    machine.fmspc = (word >> 80) & (2**48 - 1)
    at += 40

    for _: uint256 in range(MAX_OTHER_FIELDS):
        if at == end:
            break
        at = x509._enter(_certificate, der.SEQUENCE, at, end)[1]
    if at != end:
        self._revert()
    return machine


@internal
@pure
def _component(_word: bytes32, _number: uint256, _start: uint256) -> (uint256, uint256):
    """
    @notice Return the SVN of the component with this number, which must be below 2**16, and where the component ends.
            It is a SEQUENCE of object identifier and INTEGER.
    """
    word: uint256 = convert(_word, uint256)
    size: uint256 = (word >> 120) & 3  # of the INTEGER
    svn: uint256 = (word << 136) >> (256 - 8 * size)
    shortest: uint256 = 1 if svn < 2**7 else (2 if svn < 2**15 else 3)
    expected: uint256 = (
        convert(COMPONENT, uint256) | ((15 + size) << 120) | (_number << 16) | size
    )
    if word >> 120 != expected or size != shortest or svn >= 2**16:
        self._revert()
    return svn, _start + 17 + size


@internal
@pure
def _revert():
    """
    @dev Always reverts, as `der._revert`.
    """
    errors._revert(dcap_errors.SGX_EXTENSION)
