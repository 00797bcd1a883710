# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title AgentValidator: the score of an award as a validation response of ERC-8004
@license GNU Affero General Public License v3.0 only
@custom:contract-name AgentValidator
@notice ERC-8004 (Trustless Agents) is a draft, and its validation registry the part that moves most. This contract
        follows the draft in which a tag is a string. It has no owner and no state, and the market does not know it.

        An agent is an ERC-721 token of an identity registry. Its owner, who has to be the developer of the submission,
        asks for the validation: `validationRequest(this contract, agent id, uri, request_hash(…))`. Once the report is
        final, anybody may call `respond`. The response is the score in whole percent, rounded down.
@dev Only awards have a score on the chain. A submission without an award has none that this contract could prove.
     An answer says which account had the award. Who owns the agent later is another question.
"""

from contracts.modules.adapters import final_award
from contracts.modules.common import errors
from interfaces import IModelMarket

initializes: final_award

exports: final_award.market


interface IdentityRegistry:
    def ownerOf(_agent_id: uint256) -> address: view


interface ValidationRegistry:
    def getIdentityRegistry() -> address: view
    def getValidationStatus(
        _request_hash: bytes32,
    ) -> (address, uint256, uint8, bytes32, String[256], uint256): view
    def validationResponse(
        _request_hash: bytes32,
        _response: uint8,
        _response_uri: String[256],
        _response_hash: bytes32,
        _tag: String[256],
    ): nonpayable


TAG: public(constant(String[32])) = "golden-grain/score"
_VALIDATION: constant(bytes32) = keccak256("GoldenGrain/VALIDATION")
_PPM_PER_PERCENT: constant(uint256) = 10_000

REGISTRY: immutable(ValidationRegistry)


@deploy
def __init__(_market: IModelMarket, _registry: ValidationRegistry):
    """
    @param _market The market whose awards count.
    @param _registry The validation registry that gets the responses.
    """
    final_award.__init__(_market)
    if not _registry.address.is_contract:
        errors._revert(errors.NOT_A_CONTRACT)
    REGISTRY = _registry


@external
def respond(_award: final_award.Award, _agent_id: uint256, _salt: bytes32) -> uint256:
    """
    @notice Answer the request of an agent's owner with the score of its award. Anyone may call, any number of times.
    @param _salt That of the request.
    @return The response, 0 to 100.
    @dev The response hash is the market's head, which names the report.
         Reverts when:
         - the award is not proven, as in modules/adapters/final_award.vy;
         - this contract was not asked about this agent and submission ("wrong request");
         - the agent's owner is not the developer ("not the agent's owner").
    """
    proven: final_award.Proven = final_award._prove(_award)
    request: bytes32 = self._request_hash(proven.leaf, _agent_id, _salt)
    validator: address = empty(address)
    agent_id: uint256 = 0
    response: uint8 = 0
    response_hash: bytes32 = empty(bytes32)
    tag: String[256] = ""
    updated: uint256 = 0
    validator, agent_id, response, response_hash, tag, updated = (
        staticcall REGISTRY.getValidationStatus(request)
    )
    if validator != self or agent_id != _agent_id:
        errors._revert(errors.WRONG_REQUEST)
    identities: IdentityRegistry = IdentityRegistry(staticcall REGISTRY.getIdentityRegistry())
    if staticcall identities.ownerOf(_agent_id) != _award.developer:
        errors._revert(errors.NOT_AGENT_OWNER)
    # Rounded down against the agent, by less than one percent.
    percent: uint256 = proven.score // _PPM_PER_PERCENT
    extcall REGISTRY.validationResponse(request, convert(percent, uint8), "", proven.head, TAG)
    return percent


@external
@view
def request_hash(_leaf: bytes32, _agent_id: uint256, _salt: bytes32) -> bytes32:
    """
    @notice The request hash under which an owner asks about a submission.
    @param _leaf The leaf of the submission, as `IModelMarket.submissions` has it after the reveal.
    @param _salt Any word. A registry knows each hash once, so take another if somebody used this one before you.
    """
    return self._request_hash(_leaf, _agent_id, _salt)


@external
@view
def validation_registry() -> address:
    """
    @notice The registry that gets the responses.
    """
    return REGISTRY.address


@internal
@view
def _request_hash(_leaf: bytes32, _agent_id: uint256, _salt: bytes32) -> bytes32:
    return keccak256(abi_encode(_VALIDATION, chain.id, final_award.MARKET, _leaf, _agent_id, _salt))
