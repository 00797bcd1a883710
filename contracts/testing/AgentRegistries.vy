# pragma version 0.4.3
"""
@title Identity and validation registry of ERC-8004 in one, as small as the draft allows
@license GNU Affero General Public License v3.0 only
@notice For tests: no script deploys it.
"""


struct Validation:
    validator: address
    agent_id: uint256
    response: uint8
    response_hash: bytes32
    tag: String[256]
    last_update: uint256


event ValidationRequest:
    validatorAddress: indexed(address)
    agentId: indexed(uint256)
    requestURI: String[256]
    requestHash: indexed(bytes32)


event ValidationResponse:
    validatorAddress: indexed(address)
    agentId: indexed(uint256)
    requestHash: indexed(bytes32)
    response: uint8
    responseURI: String[256]
    responseHash: bytes32
    tag: String[256]


ownerOf: public(HashMap[uint256, address])
validations: HashMap[bytes32, Validation]
count: uint256


@external
def register() -> uint256:
    self.count += 1
    self.ownerOf[self.count] = msg.sender
    return self.count


@external
@view
def getIdentityRegistry() -> address:
    return self


@external
def validationRequest(
    _validator: address, _agent_id: uint256, _request_uri: String[256], _request_hash: bytes32
):
    assert self.ownerOf[_agent_id] == msg.sender, "not the owner"
    assert self.validations[_request_hash].validator == empty(address), "request exists"
    self.validations[_request_hash] = Validation(
        validator=_validator,
        agent_id=_agent_id,
        response=0,
        response_hash=empty(bytes32),
        tag="",
        last_update=block.timestamp,
    )
    log ValidationRequest(
        validatorAddress=_validator,
        agentId=_agent_id,
        requestURI=_request_uri,
        requestHash=_request_hash,
    )


@external
def validationResponse(
    _request_hash: bytes32,
    _response: uint8,
    _response_uri: String[256],
    _response_hash: bytes32,
    _tag: String[256],
):
    asked: Validation = self.validations[_request_hash]
    assert asked.validator == msg.sender, "not the validator"
    assert _response <= 100, "bad response"
    asked.response = _response
    asked.response_hash = _response_hash
    asked.tag = _tag
    asked.last_update = block.timestamp
    self.validations[_request_hash] = asked
    log ValidationResponse(
        validatorAddress=msg.sender,
        agentId=asked.agent_id,
        requestHash=_request_hash,
        response=_response,
        responseURI=_response_uri,
        responseHash=_response_hash,
        tag=_tag,
    )


@external
@view
def getValidationStatus(
    _request_hash: bytes32,
) -> (address, uint256, uint8, bytes32, String[256], uint256):
    asked: Validation = self.validations[_request_hash]
    return (
        asked.validator,
        asked.agent_id,
        asked.response,
        asked.response_hash,
        asked.tag,
        asked.last_update,
    )
