"""Report bodies: what an enclave (SGX) or a trust domain (TDX) says about itself.

Layouts: Intel SGX SDM vol. 3D, REPORT; Intel TDX Module ABI, TDREPORT and TEE_INFO; Intel TDX DCAP
Quoting Library API, appendix A. Integers are little-endian. Measurements stay bytes.
"""

import struct
from dataclasses import astuple, dataclass
from typing import Self

SGX_SIZE = 384
TD10_SIZE = 584
TD15_SIZE = 648

_SGX = struct.Struct("<16s4s12s16s16s32s32s32s32s64sHHH42s16s64s")
_TD10 = struct.Struct("<16s48s48s8s8s8s48s48s48s48s48s48s48s48s64s")
_TD15 = struct.Struct(_TD10.format + "16s48s")

_SGX_DEBUG = 1 << 1
_TD_SEPT_VE_DISABLE = 1 << 28
_TD_MIGRATABLE = 1 << 29


@dataclass(frozen=True)
class SgxReport:
    """An enclave's report body, 384 bytes. The quoting enclave's own report has the same form."""

    cpu_svn: bytes
    misc_select: bytes
    reserved1: bytes
    isv_ext_prod_id: bytes
    attributes: bytes
    mr_enclave: bytes
    reserved2: bytes
    mr_signer: bytes
    reserved3: bytes
    config_id: bytes
    isv_prod_id: int
    isv_svn: int
    config_svn: int
    reserved4: bytes
    isv_family_id: bytes
    report_data: bytes

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read exactly 384 bytes; ``struct.error`` on any other length."""
        return cls(*_SGX.unpack(data))

    def encode(self) -> bytes:
        """The 384 bytes as they stand in a quote."""
        return _SGX.pack(*astuple(self))

    @property
    def debug(self) -> bool:
        """Whether the host may read the enclave's memory (ATTRIBUTES.DEBUG)."""
        return bool(self.attributes[0] & _SGX_DEBUG)


@dataclass(frozen=True)
class TdReport:
    """A trust domain's report body: 584 bytes (TD 1.0), 648 with the last two fields (TD 1.5)."""

    tee_tcb_svn: bytes
    mr_seam: bytes
    mr_signer_seam: bytes
    seam_attributes: bytes
    td_attributes: bytes
    xfam: bytes
    mr_td: bytes
    mr_config_id: bytes
    mr_owner: bytes
    mr_owner_config: bytes
    rtmr0: bytes
    rtmr1: bytes
    rtmr2: bytes
    rtmr3: bytes
    report_data: bytes
    tee_tcb_svn2: bytes = b""
    mr_service_td: bytes = b""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read 584 or 648 bytes; ``struct.error`` on any other length."""
        layout = _TD15 if len(data) == TD15_SIZE else _TD10
        return cls(*layout.unpack(data))

    def encode(self) -> bytes:
        """The 584 or 648 bytes as they stand in a quote."""
        return b"".join(astuple(self))

    @property
    def debug(self) -> bool:
        """Whether the host may read the domain's memory (TDATTRIBUTES.TUD, DEBUG among them)."""
        return self.td_attributes[0] != 0

    @property
    def confined(self) -> bool:
        """Whether no page can be slipped in unseen (SEPT_VE_DISABLE) and none migrated away."""
        flags = int.from_bytes(self.td_attributes, "little")
        return bool(flags & _TD_SEPT_VE_DISABLE) and not flags & _TD_MIGRATABLE


Body = SgxReport | TdReport
