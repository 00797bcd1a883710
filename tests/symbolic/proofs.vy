# pragma version 0.4.3
"""
@title What a property of tests/symbolic says
@license GNU Affero General Public License v3.0 only
@notice A property starts with `check_`, its twin with `twin_`. halmos runs each with every input at once and reports
        a counterexample where `_prove` can fail. A path that returns early, or reverts, states nothing.
"""


# The address that test runners take for their cheatcodes: keccak256("hevm cheat code").
_VM: constant(address) = 0x7109709ECfa91a80626fF3989D68f67F5b1DD12D


@internal
@pure
def _prove(_holds: bool):
    """
    @dev Panics with code 1, which is what halmos takes for a failed assertion.
    """
    if not _holds:
        raw_revert(concat(method_id("Panic(uint256)"), convert(1, bytes32)))


@internal
def _warp(_time: uint256):
    """
    @dev Set the time of the block, by a cheatcode of halmos.
    """
    raw_call(_VM, abi_encode(_time, method_id=method_id("warp(uint256)")))


@internal
def _prank(_sender: address):
    """
    @dev Let the next call come from this account.
    """
    raw_call(_VM, abi_encode(_sender, method_id=method_id("prank(address)")))


@internal
def _on_chain(_id: uint256):
    """
    @dev Move to another chain.
    """
    raw_call(_VM, abi_encode(_id, method_id=method_id("chainId(uint256)")))
