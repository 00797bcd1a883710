// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IModelMarket} from "../../interfaces/IModelMarket.sol";
import {Types} from "../../interfaces/Types.sol";

/// @title A team that sells models, and shares what it earns equally
/// @notice The contract is the developer. Its lead prepares submissions off-chain and sends them through it. Every
///         member takes its share whenever it wants, so that no member can hold up another one.
contract TeamSeller {
    IModelMarket public immutable market;
    address public immutable lead;
    uint256 public immutable size;
    mapping(address => bool) public isMember;
    /// @notice Wei that a member has taken.
    mapping(address => uint256) public taken;
    uint256 private totalTaken;

    error NotTheLead(address caller);
    error NotAMember(address caller);
    error MemberTwice(address member);
    error NothingDue(address member);
    error PaymentFailed(address member);

    modifier onlyLead() {
        if (msg.sender != lead) revert NotTheLead(msg.sender);
        _;
    }

    constructor(IModelMarket _market, address[] memory members) {
        market = _market;
        lead = msg.sender;
        size = members.length;
        for (uint256 i = 0; i < members.length; i++) {
            if (isMember[members[i]]) revert MemberTwice(members[i]);
            isMember[members[i]] = true;
        }
    }

    /// @notice The market pays bonds and prices here, with a cap of gas: keep this empty.
    receive() external payable {}

    /// @notice Commit a model. Send bond and entry fee.
    /// @param commitment It names this contract as the developer, not the lead.
    function commit(bytes32 taskId, bytes32 commitment) external payable onlyLead returns (uint256 index) {
        return market.commit_model{value: msg.value}(taskId, commitment);
    }

    /// @notice Reveal it. The bond comes back here, and counts as earned.
    function reveal(
        bytes32 taskId,
        uint256 index,
        Types.Submission calldata submission,
        bytes32 keyringDigest,
        bytes32 salt,
        string calldata uri
    ) external onlyLead {
        market.reveal_model(taskId, index, submission, keyringDigest, salt, uri);
    }

    /// @notice Publish the delivery envelope for the price of the award.
    function claim(
        bytes32 taskId,
        uint256 award,
        uint256[] calldata payouts,
        bytes32 signed,
        uint256 minPrice,
        bytes32 payload,
        bytes calldata envelope
    ) external onlyLead {
        market.claim_award(taskId, award, address(0), payouts, signed, minPrice, payload, envelope);
    }

    /// @notice Fetch what the market credited instead of paying it. Anyone may call.
    function collect() external {
        market.withdraw(address(0), address(this));
    }

    /// @notice Wei that a member can take now. A remainder of the division waits for the next payment.
    function due(address member) public view returns (uint256) {
        if (!isMember[member]) revert NotAMember(member);
        return (address(this).balance + totalTaken) / size - taken[member];
    }

    /// @notice Pay the caller its share.
    function take() external {
        uint256 amount = due(msg.sender);
        if (amount == 0) revert NothingDue(msg.sender);
        taken[msg.sender] += amount;
        totalTaken += amount;
        (bool paid,) = msg.sender.call{value: amount}("");
        if (!paid) revert PaymentFailed(msg.sender);
    }
}
