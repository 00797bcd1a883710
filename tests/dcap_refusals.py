"""Simulated quotes, each with one thing changed, and the reason for which it is refused.

One table for all judges: the contract, the verifier in Python, and Phala's `dcap-qvl`
(tests/property/test_dcap_refusals.py runs them). Beside each refusal stand the nearest changes that
are accepted: their reason is None.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from offchain.attestation.quote import Body, Quote, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.simulation import FMSPC, Identity, Machine, SimulatedIntel
from offchain.simulation import trust as simulated_trust
from offchain.simulation.machine import pem, qe_report
from tests.offchain.attestation.support import BODIES, sign

INTEL = SimulatedIntel.from_seed(b"refusals")
MACHINE = Machine.simulate(INTEL, "machine")
TRUST = simulated_trust(INTEL)
OTHER_INTEL = SimulatedIntel.from_seed(b"another")
TDX = ("tdx v4", "tdx v5")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256's group."""


@dataclass(frozen=True)
class Case:
    """A changed quote.

    Args:
        name: of the body, and what is changed.
        quote: the quote.
        reason: why it is refused; None where it is accepted.
        header: an offset in the quote, and bytes that replace what is there.
        certificates: leaf and authority in place of the machine's.
        dstack: shown as the quote of a dstack application; `dcap-qvl` knows none.
        contract: what the contract says first, where it is not the reason.
        disputed: `dcap-qvl` says the opposite, for the reason that stands beside the row.
    """

    name: str
    quote: Quote
    reason: RejectionReason | None
    header: tuple[int, bytes] | None = None
    certificates: tuple[Identity, Identity] | None = None
    dstack: bool = False
    contract: RejectionReason | None = None
    disputed: bool = False


def tee_type(name: str) -> TeeType:
    return TeeType.SGX if name == "sgx v3" else TeeType.TDX


def altered(data: bytes, offset: int, replacement: bytes) -> bytes:
    """Bytes, with some of them replaced."""
    return data[:offset] + replacement + data[offset + len(replacement) :]


# ── Form ──

HEADERS = [
    (0, "0000", RejectionReason.QUOTE_VERSION),
    (0, "0200", RejectionReason.QUOTE_VERSION),
    (0, "0600", RejectionReason.QUOTE_VERSION),
    (0, "0301", RejectionReason.QUOTE_VERSION),
    (0, "0003", RejectionReason.QUOTE_VERSION),
    (2, "0300", RejectionReason.QUOTE_KEY_TYPE),
    (2, "0201", RejectionReason.QUOTE_KEY_TYPE),
    (4, "01000000", RejectionReason.QUOTE_TEE_TYPE),
    (4, "00000081", RejectionReason.QUOTE_TEE_TYPE),
    (4, "81000001", RejectionReason.QUOTE_TEE_TYPE),
    (12, "00", RejectionReason.QUOTE_VENDOR),
    (27, "00", RejectionReason.QUOTE_VENDOR),
    (8, "ffffffff", RejectionReason.QUOTE_SIGNATURE),
    (28, "ff", RejectionReason.QUOTE_SIGNATURE),
    (47, "ff", RejectionReason.QUOTE_SIGNATURE),
]
OTHER_TEE = {"sgx v3": (4, "81000000"), "tdx v4": (4, "00000000")}
"""The TEE of another version of quotes."""
BODY_TYPES = ("010080010000", "040088020000", "030048020000", "020088020000", "030088020001")
FAULTS = [
    (0, b"\6", RejectionReason.QUOTE_VERSION),
    (48, b"\1", RejectionReason.QUOTE_BODY_TYPE),
    (2, b"\3", RejectionReason.QUOTE_KEY_TYPE),
    (4, b"\1", RejectionReason.QUOTE_TEE_TYPE),
    (12, b"\0", RejectionReason.QUOTE_VENDOR),
]
"""Faults of one header, in the order in which they are named."""


def several_faults(quote: Quote) -> Iterator[tuple[int, str, RejectionReason]]:
    """Headers with each of the faults and all that are named after it."""
    header = quote.encode()[:54]
    for offset, value, reason in reversed(FAULTS):
        header = altered(header, offset, value)
        if reason is RejectionReason.QUOTE_BODY_TYPE:
            header = altered(header, 0, b"\5")
        yield 0, header.hex(), reason


def headers(name: str) -> Iterator[Case]:
    rows = list(HEADERS)
    if name in OTHER_TEE:
        rows.append((*OTHER_TEE[name], RejectionReason.QUOTE_TEE_TYPE))
    if name == "tdx v5":
        rows += [(48, value, RejectionReason.QUOTE_BODY_TYPE) for value in BODY_TYPES]
    quote = MACHINE.quote(BODIES[name])
    rows += several_faults(quote)
    for offset, value, reason in rows:
        header = offset, bytes.fromhex(value)
        yield Case(f"{name}: header at {offset} {value}", quote, reason, header=header)


# ── Signatures ──

SWAPPED = {
    ("signature",): RejectionReason.QUOTE_SIGNATURE,
    ("attestation_key",): RejectionReason.QE_BINDING,
    ("attestation_key", "signature"): RejectionReason.QE_BINDING,
    ("qe_signature",): RejectionReason.QE_SIGNATURE,
    ("qe_report",): RejectionReason.QE_SIGNATURE,
    ("qe_report", "qe_signature"): RejectionReason.QE_SIGNATURE,
    ("pck_chain",): RejectionReason.QE_SIGNATURE,
    ("pck_chain", "qe_report", "qe_signature"): RejectionReason.QE_BINDING,
}
"""Parts that are another machine's."""
DEGENERATE = bytes(64), b"\xff" * 64, bytes(31) + b"\1" + bytes(31) + b"\1"


def signatures(name: str) -> Iterator[Case]:
    mine = MACHINE.quote(BODIES[name])
    theirs = Machine.simulate(INTEL, "another machine").quote(BODIES[name])
    for fields, reason in SWAPPED.items():
        swapped = replace(mine, **{field: getattr(theirs, field) for field in fields})
        yield Case(f"{name}: another's {' and '.join(fields)}", swapped, reason)
    body = replace(mine.body, report_data=bytes(64))
    yield Case(f"{name}: another body", replace(mine, body=body), RejectionReason.QUOTE_SIGNATURE)
    for forged in DEGENERATE:
        row = f"{name}: signature {forged[:1].hex()}…{forged[-1:].hex()}"
        yield Case(row, replace(mine, signature=forged), RejectionReason.QUOTE_SIGNATURE)
        yield Case(
            f"{row} of the qe", replace(mine, qe_signature=forged), RejectionReason.QE_SIGNATURE
        )


def mirrored(signature: bytes) -> bytes:
    """ECDSA's other signature of the same."""
    return signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def equivalents(name: str) -> Iterator[Quote]:
    """Other quotes that attest the same as the one of this body."""
    quote = MACHINE.quote(BODIES[name])
    yield replace(
        quote, signature=mirrored(quote.signature), qe_signature=mirrored(quote.qe_signature)
    )
    if name == "tdx v4":
        yield MACHINE.quote(BODIES[name], version=5)


# ── Quoting enclave ──


def qe_bindings(name: str) -> Iterator[Case]:
    quote = MACHINE.quote(BODIES[name])
    yield Case(f"{name}: qe auth", replace(quote, qe_auth=bytes(32)), RejectionReason.QE_BINDING)
    bound = sha256(quote.attestation_key + quote.qe_auth).digest()
    first, last = bound + b"\1" + bytes(31), bound + bytes(31) + b"\1"
    for report_data in (bytes(64), b"\1" * 64, first, last):
        report = replace(qe_report(tee_type(name)), report_data=report_data)
        unbound = MACHINE.quote(BODIES[name], qe=report, bind=False)
        row = f"{name}: qe vouches for {report_data[:2].hex()}…{report_data[32:].hex()}"
        # dcap-qvl compares only the first half.
        disputed = report_data.startswith(bound)
        yield Case(row, unbound, RejectionReason.QE_BINDING, disputed=disputed)


QE_FIELDS: list[tuple[str, str, RejectionReason | None]] = [
    ("attributes", "1700000000000000e700000000000000", RejectionReason.QE_DEBUG),
    ("attributes", "0200000000000000" + "00" * 8, RejectionReason.QE_DEBUG),
    ("attributes", "00" * 16, RejectionReason.QE_IDENTITY),
    ("attributes", "0500000000000000e700000000000000", RejectionReason.QE_IDENTITY),
    ("attributes", "1100000000000080e700000000000000", RejectionReason.QE_IDENTITY),
    ("attributes", "1500000000000080e700000000000000", RejectionReason.QE_IDENTITY),
    ("attributes", "3100000000000000e700000000000000", RejectionReason.QE_IDENTITY),
    ("attributes", "3500000000000000e700000000000000", RejectionReason.QE_IDENTITY),
    ("attributes", "1500000000000000" + "ff" * 8, None),
    ("attributes", "1100000000000000" + "00" * 8, None),
    ("misc_select", "01000000", RejectionReason.QE_IDENTITY),
    ("misc_select", "00000080", RejectionReason.QE_IDENTITY),
    ("misc_select", "00000001", RejectionReason.QE_IDENTITY),
    ("misc_select", "80000000", RejectionReason.QE_IDENTITY),
    ("mr_signer", "00" * 32, RejectionReason.QE_IDENTITY),
]


def quoting_enclaves(name: str) -> Iterator[Case]:
    right = qe_report(tee_type(name))
    rows: list[tuple[dict[str, Any], RejectionReason | None]] = [
        ({field: bytes.fromhex(value)}, reason) for field, value, reason in QE_FIELDS
    ]
    product, least = right.isv_prod_id, right.isv_svn
    for other in (0, product + 1, product << 8, product | 1 << 8, 0xFFFF):
        rows.append(({"isv_prod_id": other}, RejectionReason.QE_IDENTITY))
    rows += [({"isv_svn": svn}, RejectionReason.QE_SVN) for svn in (0, least - 1)]
    rows += [({"isv_svn": svn}, None) for svn in (least, least + 1, 255, 256, 0xFFFF)]
    for changes, reason in rows:
        [(field, value)] = changes.items()
        shown = value.hex() if isinstance(value, bytes) else value
        quote = MACHINE.quote(BODIES[name], qe=replace(right, **changes))
        yield Case(f"{name}: qe {field} {shown}", quote, reason)
    other_tee = TeeType.TDX if tee_type(name) is TeeType.SGX else TeeType.SGX
    quote = MACHINE.quote(BODIES[name], qe=qe_report(other_tee))
    yield Case(f"{name}: qe of the other tee", quote, RejectionReason.QE_IDENTITY)


# ── Body ──

SGX_FIELDS: list[tuple[str, str, RejectionReason | None]] = [
    ("attributes", "07" + "00" * 15, RejectionReason.DEBUG),
    ("attributes", "02" + "00" * 15, RejectionReason.DEBUG),
    ("attributes", "0700000000000000e700000000000000", RejectionReason.DEBUG),
    ("attributes", "ff" * 16, RejectionReason.DEBUG),
    ("attributes", "fd" + "ff" * 15, None),
]
TDX_FIELDS: list[tuple[str, str, RejectionReason | None]] = [
    ("td_attributes", "0100001000000000", RejectionReason.DEBUG),
    ("td_attributes", "8000001000000000", RejectionReason.DEBUG),
    ("td_attributes", "ff00001000000000", RejectionReason.DEBUG),
    ("td_attributes", "ffffffffffffffff", RejectionReason.DEBUG),
    ("td_attributes", "0000000000000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "00ffffefffffffff", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000003000000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0001001000000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0080001000000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000801000000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000001100000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000001400000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000001001000000", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000001000000020", RejectionReason.ATTRIBUTES),
    ("td_attributes", "0000021000000000", RejectionReason.SERVICE_TD),
    ("td_attributes", "00007dd8000000c0", None),
    ("seam_attributes", "0100000000000000", RejectionReason.TDX_MODULE),
    ("seam_attributes", "0000000000000080", RejectionReason.TDX_MODULE),
    ("mr_signer_seam", "01" + "00" * 47, RejectionReason.TDX_MODULE),
    ("mr_signer_seam", "00" * 31 + "01" + "00" * 16, RejectionReason.TDX_MODULE),
    ("mr_signer_seam", "00" * 32 + "01" + "00" * 15, RejectionReason.TDX_MODULE),
    ("mr_signer_seam", "00" * 47 + "01", RejectionReason.TDX_MODULE),
    ("mr_signer_seam", "ff" * 48, RejectionReason.TDX_MODULE),
]
SERVED = [bytes(at) + b"\1" + bytes(47 - at) for at in (0, 15, 16, 31, 32, 39, 40, 47)]
"""MRSERVICETD with one bit of one byte set: of every part in which the contract reads it."""
GUARDED = {"attributes", "td_attributes", "seam_attributes", "mr_signer_seam", "tee_tcb_svn"}
"""Fields of a body that are not free: of SGX's attributes, all zero is accepted too."""

EXTREMES_REFUSED = {
    ("tee_tcb_svn2", bytes(16)): RejectionReason.TCB_FLOOR,
    ("tee_tcb_svn2", b"\xff" * 16): RejectionReason.TDX_MODULE,
    ("mr_service_td", b"\xff" * 48): RejectionReason.SERVICE_TD,
}


def bodies(name: str) -> Iterator[Case]:
    body = BODIES[name]
    for field, value, reason in TDX_FIELDS if name in TDX else SGX_FIELDS:
        quote = sign(MACHINE, body, **{field: bytes.fromhex(value)})
        yield Case(f"{name}: {field} {value}", quote, reason)
    for value in SERVED if name == "tdx v5" else ():
        quote = sign(MACHINE, body, mr_service_td=value)
        yield Case(f"{name}: mr_service_td {value.hex()}", quote, RejectionReason.SERVICE_TD)
    for field, extreme in extremes(body):
        if field not in GUARDED or (field == "attributes" and not any(extreme)):
            shown = extreme if isinstance(extreme, int) else f"{extreme[:1].hex()}…"
            quote = sign(MACHINE, body, **{field: extreme})
            reason = EXTREMES_REFUSED.get((field, extreme))
            yield Case(f"{name}: {field} {shown}", quote, reason)


def extremes(body: Body) -> Iterator[tuple[str, Any]]:
    """Each field of a body or report at its extremes."""
    for field, value in vars(body).items():
        if isinstance(value, int):
            yield from ((field, 0), (field, 1), (field, 0xFF00), (field, 0xFFFF))
        elif value:
            yield from ((field, bytes(len(value))), (field, b"\xff" * len(value)))


# ── TCB ──

TDX_LEVELS: list[tuple[list[int], RejectionReason | None]] = [
    ([10, 1, 10], None),
    ([11, 1, 11, 255, 255], None),
    ([255, 1, 255], None),
    ([10, 0, 10], None),
    ([9, 1, 10], RejectionReason.TCB_FLOOR),
    ([10, 1, 9], RejectionReason.TCB_FLOOR),
    ([9, 0, 10], RejectionReason.TCB_FLOOR),
    ([255, 0, 9], RejectionReason.TCB_FLOOR),
    ([10, 3, 10], None),
    ([9, 3, 10], RejectionReason.TCB_FLOOR),
    ([10, 2, 10], RejectionReason.TDX_MODULE),
    ([255, 2, 255], RejectionReason.TDX_MODULE),
    ([255, 255, 255], RejectionReason.TDX_MODULE),
]
"""Simulated machines: modules 0, 1 and 3 from SVN 10 on, late microcode from 10 on."""


def odd_machine(**changes: Any) -> Machine:
    """A machine of other values."""
    return Machine.simulate(INTEL, "odd", replace(INTEL.machine_values("odd"), **changes))


def levels(name: str) -> Iterator[Case]:
    svns = INTEL.machine_values("odd").svns
    rows: list[tuple[dict[str, Any], RejectionReason | None]] = [({"svns": bytes([10] * 16)}, None)]
    for component in range(16):
        for svn, reason in (
            (0, RejectionReason.TCB_FLOOR),
            (9, RejectionReason.TCB_FLOOR),
            (11, None),
            (255, None),
        ):
            rows.append(({"svns": altered(svns, component, bytes([svn]))}, reason))
    rows += [({"pce_svn": svn}, RejectionReason.TCB_FLOOR) for svn in (0, 19)]
    rows += [({"pce_svn": svn}, None) for svn in (20, 21, 255, 256, 65_535)]
    others = [altered(FMSPC, at, bytes([FMSPC[at] ^ 1])) for at in range(6)]
    for fmspc in (FMSPC[::-1], bytes(6), b"\xff" * 6, b"\0" + FMSPC[:5], *others):
        rows.append(({"fmspc": fmspc}, RejectionReason.TCB_UNKNOWN))
    for changes, reason in rows:
        [(field, value)] = changes.items()
        shown = value.hex() if isinstance(value, bytes) else value
        quote = odd_machine(**changes).quote(BODIES[name])
        disputed = value == 65_535  # dcap-qvl reads DER's sign byte into the number
        yield Case(f"{name}: machine's {field} {shown}", quote, reason, disputed=disputed)
    for level, reason in TDX_LEVELS if name in TDX else []:
        for field in ("tee_tcb_svn", "tee_tcb_svn2") if name == "tdx v5" else ("tee_tcb_svn",):
            quote = sign(MACHINE, BODIES[name], **{field: bytes(level).ljust(16, b"\0")})
            # dcap-qvl wants no level of the second TCB.
            disputed = field == "tee_tcb_svn2" and reason is RejectionReason.TCB_FLOOR
            yield Case(f"{name}: {field} {level}", quote, reason, disputed=disputed)


# ── Certificates and programs ──


def chains(name: str) -> Iterator[Case]:
    quote = MACHINE.quote(BODIES[name])
    leaf, authority, root, signer = MACHINE.pck, INTEL.authority, INTEL.root, INTEL.tcb_signer
    theirs = Machine.simulate(OTHER_INTEL, "machine").pck
    rows = {
        "authority, leaf": (authority, leaf, RejectionReason.CERTIFICATE_ROLE),
        "leaf, leaf": (leaf, leaf, RejectionReason.CERTIFICATE_ROLE),
        "authority, authority": (authority, authority, RejectionReason.CERTIFICATE_ROLE),
        "leaf, root": (leaf, root, RejectionReason.CERTIFICATE_ROLE),
        "leaf, signer": (leaf, signer, RejectionReason.CERTIFICATE_ROLE),
        "signer, authority": (signer, authority, RejectionReason.CERTIFICATE_ROLE),
        "leaf, other authority": (
            leaf,
            OTHER_INTEL.authority,
            RejectionReason.CERTIFICATE_SIGNATURE,
        ),
        "other leaf, authority": (theirs, authority, RejectionReason.CERTIFICATE_SIGNATURE),
        "other leaf, its authority": (
            theirs,
            OTHER_INTEL.authority,
            RejectionReason.CERTIFICATE_SIGNATURE,
        ),
        "leaf, authority": (leaf, authority, None),
    }
    for row, (first, second, reason) in rows.items():
        chained = replace(quote, pck_chain=pem(first.der, second.der))
        # Neither has the SGX extension: with an SGX body that is less than the least evidence.
        short = name not in TDX and second is authority and first in (authority, signer)
        yield Case(
            f"{name}: chain {row}",
            chained,
            reason,
            certificates=(first, second),
            contract=RejectionReason.QUOTE_LENGTH if short else None,
        )


def programs(name: str) -> Iterator[Case]:
    reason = RejectionReason.MR_CONFIG if name in TDX else RejectionReason.EVIDENCE_KIND
    yield Case(f"{name}: as dstack's", MACHINE.quote(BODIES[name]), reason, dstack=True)


# ── Several faults at once ──


def faults(name: str) -> Iterator[Case]:
    """Quotes with each fault and all that are named after it."""
    machine, body, qe = odd_machine(svns=bytes(16)), BODIES[name], qe_report(tee_type(name))
    is_tdx, dstack, bind = name in TDX, False, True
    changes: dict[str, bytes] = {}

    def case(reason: RejectionReason, of: str = "") -> Case:
        quote = replace(machine.quote(body, qe=qe, bind=bind), **changes)
        return Case(f"{name}: {reason} first{of}", quote, reason, dstack=dstack)

    yield case(RejectionReason.TCB_FLOOR)
    if name == "tdx v5":
        body = replace(body, tee_tcb_svn2=bytes([10, 2, 10]) + bytes(13))
        yield case(RejectionReason.TDX_MODULE, ", that of now")
    if is_tdx:
        body = replace(body, mr_signer_seam=b"\1" * 48)
        yield case(RejectionReason.TDX_MODULE)
    qe = replace(qe, isv_svn=0)
    yield case(RejectionReason.QE_SVN)
    qe = replace(qe, mr_signer=bytes(32))
    yield case(RejectionReason.QE_IDENTITY)
    qe = replace(qe, attributes=b"\x17" + qe.attributes[1:])
    yield case(RejectionReason.QE_DEBUG)
    if is_tdx:
        dstack = True
        yield case(RejectionReason.MR_CONFIG)
        body = replace(body, td_attributes=bytes.fromhex("0000021000000000"))
        yield case(RejectionReason.SERVICE_TD)
        body = replace(body, td_attributes=bytes.fromhex("0000023000000000"))
        yield case(RejectionReason.ATTRIBUTES)
        body = replace(body, td_attributes=bytes.fromhex("0100023000000000"))
        yield case(RejectionReason.DEBUG)
    else:
        body = replace(body, attributes=b"\x07" + body.attributes[1:])
        yield case(RejectionReason.DEBUG)
        dstack = True
        yield case(RejectionReason.EVIDENCE_KIND)
    changes["signature"] = bytes(64)
    yield case(RejectionReason.QUOTE_SIGNATURE)
    bind = False
    yield case(RejectionReason.QE_BINDING)
    changes["qe_signature"] = bytes(64)
    yield case(RejectionReason.QE_SIGNATURE)


SECTIONS = (
    headers,
    signatures,
    qe_bindings,
    quoting_enclaves,
    bodies,
    levels,
    chains,
    programs,
    faults,
)


# ── Bytes ──


def regions(quote: Quote) -> Iterator[tuple[int, set[RejectionReason], bool]]:
    """The consecutive parts of a quote, up to its certificates.

    Of each its size, why a change of any of its bytes is refused, and whether evidence has it too.
    """
    version = RejectionReason.QUOTE_VERSION, RejectionReason.QUOTE_TEE_TYPE
    yield 2, {*version, RejectionReason.QUOTE_BODY_TYPE, RejectionReason.QUOTE_LENGTH}, True
    yield 2, {RejectionReason.QUOTE_KEY_TYPE}, True
    yield 4, {RejectionReason.QUOTE_TEE_TYPE}, True
    yield 4, {RejectionReason.QUOTE_SIGNATURE}, True
    yield 16, {RejectionReason.QUOTE_VENDOR}, True
    yield 20, {RejectionReason.QUOTE_SIGNATURE}, True
    if quote.version == 5:
        yield 6, {RejectionReason.QUOTE_BODY_TYPE}, True
    yield len(quote.body.encode()), {RejectionReason.QUOTE_SIGNATURE}, True
    yield 4, {RejectionReason.QUOTE_LENGTH}, False
    yield 64, {RejectionReason.QUOTE_SIGNATURE}, True
    yield 64, {RejectionReason.QE_BINDING}, True
    if quote.version > 3:
        yield 2, {RejectionReason.CERTIFICATION_DATA}, False
        yield 4, {RejectionReason.QUOTE_LENGTH}, False
    yield 384 + 64, {RejectionReason.QE_SIGNATURE}, True
    yield 2, {RejectionReason.QUOTE_LENGTH}, False
    yield 32, {RejectionReason.QE_BINDING}, True
    yield 2, {RejectionReason.CERTIFICATION_DATA}, False
    yield 4, {RejectionReason.QUOTE_LENGTH}, False
