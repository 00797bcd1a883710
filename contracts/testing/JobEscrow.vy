# pragma version 0.4.3
"""
@title The escrow of ERC-8183, as small as the draft allows: no fees, no hooks
@license GNU Affero General Public License v3.0 only
@notice For tests: no script deploys it. Hooks are refused, and the optional parameters ignored.
"""

from ethereum.ercs import IERC20

OPEN: constant(uint256) = 0
FUNDED: constant(uint256) = 1
SUBMITTED: constant(uint256) = 2
COMPLETED: constant(uint256) = 3
EXPIRED: constant(uint256) = 5  # 4, rejected, is left out


struct Job:
    client: address
    provider: address
    evaluator: address
    budget: uint256
    expired_at: uint256
    status: uint256


event JobCompleted:
    jobId: indexed(uint256)
    evaluator: indexed(address)
    reason: bytes32


TOKEN: immutable(IERC20)
jobs: public(HashMap[uint256, Job])
count: uint256


@deploy
def __init__(_token: IERC20):
    TOKEN = _token


@external
def createJob(
    _provider: address,
    _evaluator: address,
    _expired_at: uint256,
    _description: String[256],
    _hook: address,
) -> uint256:
    assert _evaluator != empty(address) and _hook == empty(address), "bad job"
    assert _expired_at > block.timestamp, "bad expiry"
    self.count += 1
    self.jobs[self.count] = Job(
        client=msg.sender,
        provider=_provider,
        evaluator=_evaluator,
        budget=0,
        expired_at=_expired_at,
        status=OPEN,
    )
    return self.count


@external
def setBudget(_job_id: uint256, _amount: uint256, _opt_params: Bytes[32]):
    job: Job = self.jobs[_job_id]
    assert msg.sender in [job.client, job.provider], "not a party"
    assert job.status == OPEN, "wrong status"
    self.jobs[_job_id].budget = _amount


@external
def fund(_job_id: uint256, _expected_budget: uint256, _opt_params: Bytes[32]):
    job: Job = self.jobs[_job_id]
    assert msg.sender == job.client, "not the client"
    assert job.status == OPEN and job.budget == _expected_budget, "wrong status"
    self.jobs[_job_id].status = FUNDED
    extcall TOKEN.transferFrom(job.client, self, job.budget)


@external
def submit(_job_id: uint256, _deliverable: bytes32, _opt_params: Bytes[32]):
    assert msg.sender == self.jobs[_job_id].provider, "not the provider"
    assert self.jobs[_job_id].status == FUNDED, "wrong status"
    self.jobs[_job_id].status = SUBMITTED


@external
def complete(_job_id: uint256, _reason: bytes32, _opt_params: Bytes[32]):
    job: Job = self.jobs[_job_id]
    assert msg.sender == job.evaluator, "not the evaluator"
    assert job.status == SUBMITTED, "wrong status"
    self.jobs[_job_id].status = COMPLETED
    extcall TOKEN.transfer(job.provider, job.budget)
    log JobCompleted(jobId=_job_id, evaluator=msg.sender, reason=_reason)


@external
def claimRefund(_job_id: uint256):
    job: Job = self.jobs[_job_id]
    assert job.status in [FUNDED, SUBMITTED], "wrong status"
    assert block.timestamp >= job.expired_at, "too early"
    self.jobs[_job_id].status = EXPIRED
    extcall TOKEN.transfer(job.client, job.budget)
