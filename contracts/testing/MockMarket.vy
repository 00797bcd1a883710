# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title What a registry sees of a market
@license GNU Affero General Public License v3.0 only
"""

from interfaces import IEnclaveRegistry
from interfaces import Types


@external
def slash(
    _registry: IEnclaveRegistry, _operator: address, _amount: uint256, _beneficiary: address
) -> uint256:
    return extcall _registry.slash(_operator, _amount, _beneficiary)


@external
@view
def task_id(_task: Types.Task) -> bytes32:
    return keccak256(abi_encode(self, _task))


@external
@view
def report_digest(_report: Types.Report) -> bytes32:
    return keccak256(abi_encode(self, _report))
