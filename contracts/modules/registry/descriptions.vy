# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Descriptions of measurements
@license GNU Affero General Public License v3.0 only
@notice describe_measurement: the owner says for people which program a measurement is. Nothing in registry or market
        reads a description, and nothing ever changes it.
"""

from snekmate.auth import ownable

from contracts.modules.common import errors
from interfaces import IEnclaveRegistry

uses: ownable

_SPACE: constant(uint256) = 32
_TILDE: constant(uint256) = 126

# measurement -> source and text
descriptions: HashMap[bytes32, IEnclaveRegistry.Description]


# ── Once ──


@external
def describe_measurement(
    _verifier: address, _program: bytes32, _source: bytes32, _text: String[256]
) -> bytes32:
    """
    @dev See `IEnclaveRegistry.describe_measurement`.
    """
    ownable._check_owner()
    if not self._is_printable(_text):
        errors._revert(errors.BAD_DESCRIPTION)
    measurement: bytes32 = keccak256(abi_encode(_verifier, _program))
    if len(self.descriptions[measurement].text) != 0:
        errors._revert(errors.ALREADY_DESCRIBED)
    self.descriptions[measurement] = IEnclaveRegistry.Description(source=_source, text=_text)
    log IEnclaveRegistry.MeasurementDescribed(
        measurement=measurement,
        verifier=_verifier,
        program=_program,
        source=_source,
        text=_text,
    )
    return measurement


# ── Views ──


@external
@view
def description(_measurement: bytes32) -> IEnclaveRegistry.Description:
    """
    @dev See `IEnclaveRegistry.description`.
    """
    return self.descriptions[_measurement]


# ── Internal ──


@internal
@pure
def _is_printable(_text: String[256]) -> bool:
    """
    @dev Return True if the text is not empty and all printable ASCII. So no look-alike letters can deceive a reader,
         and no control characters reach a terminal.
    """
    letters: Bytes[256] = convert(_text, Bytes[256])
    for i: uint256 in range(len(letters), bound=256):
        letter: uint256 = convert(slice(letters, i, 1), uint256)
        if letter < _SPACE or letter > _TILDE:
            return False
    return len(letters) != 0
