"""Attestation evidence for an operator's registration (`IEnclaveRegistry.register_enclave`)."""

from dataclasses import dataclass

from offchain.attestation.backends import Backend
from offchain.attestation.evidence import Chain, pack
from offchain.attestation.program import program_id
from offchain.attestation.quote import parse
from offchain.digests import tagged
from offchain.service.wire import Attestation, Registration
from offchain.task import RosterEntry


@dataclass(frozen=True)
class Attester:
    """Where quotes come from.

    Args:
        backend: the device.
        root_key: X‖Y of the root that the registry's verifier trusts.
        dstack: measure a trust domain as dstack's.
        simulated: the backend is SIMULATED.
    """

    backend: Backend
    root_key: bytes
    dstack: bool = False
    simulated: bool = False

    def attest(self, registration: Registration, identity: RosterEntry) -> Attestation:
        """Evidence that this enclave holds its keys, for one operator, registry and block.

        Raises:
            BackendError: no quote could be had.
            RejectedError: the quote's certificates are missing or malformed.
        """
        data = report_data(registration, identity)
        raw = self.backend.quote(data + bytes(32))
        quote = parse(raw)
        chain = Chain.of(quote, self.root_key)
        return Attestation(
            evidence=pack(quote, chain, registration.known, dstack=self.dstack),
            quote=raw,
            report_data=data,
            program=program_id(quote.body, self.dstack),
            platform=chain.pck_record.platform,
            simulated=self.simulated,
        )


def report_data(registration: Registration, identity: RosterEntry) -> bytes:
    """bytes32 as `IEnclaveRegistry.report_data` gives it."""
    return tagged(
        "ENCLAVE",
        ["uint256", "address", "address", "address", "bytes32", "uint256", "bytes32"],
        registration.chain_id,
        registration.registry,
        registration.operator,
        identity.signing_key,
        identity.sealing_key,
        registration.block_number,
        registration.block_hash,
    )
