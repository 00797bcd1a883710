"""Sources of Intel's collateral: a folder, a file, Intel's PCS or a caching service (PCCS).

PCS: https://api.portal.trustedservices.intel.com/content/documentation.html, version 4. PCCS: the
same paths on a server of one's own, and the root's revocation list at ``rootcacrl``. Nothing that a
service says is trusted: Intel signs all of it, and whoever uses it verifies that.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from offchain.attestation.bundle import Bundle, find_bundle, read_bundle
from offchain.attestation.quote import TeeType
from offchain.protocol.messages import ServiceError

INTEL_PCS = "https://api.trustedservices.intel.com"
INTEL_ROOT_CRL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
UPDATES = ("standard", "early")
"""Intel's two channels of TCB info and QE identities; see docs/ATTESTATION.md."""
CA_TYPES = ("platform", "processor")

_MAX_ANSWER = 2**20
_FOLDERS = {TeeType.SGX: "sgx", TeeType.TDX: "tdx"}


def read_files(*paths: Path) -> Bundle:
    """Read collateral from files, and from folders with all that is below them.

    What a folder holds beside collateral, such as quotes, is passed over.

    Raises:
        ValueError: there is no collateral in a file that is named, or it is malformed.
        OSError: a file cannot be read.
    """
    found = Bundle()
    for path in paths:
        is_folder = path.is_dir()
        files = (
            [each for each in sorted(path.rglob("*")) if each.is_file()] if is_folder else [path]
        )
        for file in files:
            try:
                found += (find_bundle if is_folder else read_bundle)(file.read_bytes())
            except ValueError as error:
                raise ValueError(f"{file}: {error}") from error
    return found


@dataclass(frozen=True)
class Wanted:
    """The collateral to ask for."""

    fmspcs: tuple[bytes, ...]
    """6 bytes each."""
    tee_types: tuple[TeeType, ...] = tuple(TeeType)
    ca_types: tuple[str, ...] = CA_TYPES
    updates: tuple[str, ...] = UPDATES


class CollateralService:
    """A PCS or PCCS.

    Args:
        url: base of the service, before ``/sgx/certification/v4``; a path up to there is allowed.
        root_crl: URL of the root's revocation list; ``None`` for a PCCS, which serves it itself.
        seconds: timeout of an answer.
        verify_tls: False for a PCCS with a certificate of its own making. What Intel signed
            needs no TLS; only who asks for which FMSPC is then visible.
    """

    def __init__(
        self,
        url: str,
        root_crl: str | None = None,
        seconds: float = 30.0,
        *,
        verify_tls: bool = True,
    ) -> None:
        base = url.rstrip("/")
        for folder in _FOLDERS.values():
            base = base.removesuffix(f"/{folder}/certification/v4")
        self._base = base
        self._root_crl = root_crl
        if root_crl is None and base == INTEL_PCS:
            self._root_crl = INTEL_ROOT_CRL
        self._http = httpx.Client(timeout=seconds, verify=verify_tls, follow_redirects=True)

    def __enter__(self) -> "CollateralService":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def fetch(self, wanted: Wanted) -> tuple[Bundle, tuple[str, ...]]:
        """Fetch collateral; return it, and a line for each part that the service does not have.

        An FMSPC without TDX has no TCB info for it, and a service of an older version knows one
        channel only. So a missing part is said, and is not an error.

        Raises:
            ServiceError: the service cannot be reached, fails, or answers what is no collateral.
        """
        found, missing = Bundle(), []
        for path, params in _requests(wanted):
            answer = self._get(f"{self._base}{path}", params)
            if answer.status_code in (400, 404, 410):
                what = " ".join(f"{name}={value}" for name, value in params.items())
                missing.append(f"{path} {what}: status {answer.status_code}, not there")
            else:
                found += self._bundle(answer)
        root = self._root_crl or f"{self._base}/sgx/certification/v4/rootcacrl"
        found += self._bundle(self._get(root, {}))
        return found, tuple(missing)

    def _get(self, url: str, params: dict[str, str]) -> httpx.Response:
        try:
            answer = self._http.get(url, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceError(f"GET {url}: {str(error) or type(error).__name__}") from error
        if answer.status_code >= 300 and answer.status_code not in (400, 404, 410):
            raise ServiceError(f"GET {answer.url}: status {answer.status_code}")
        if len(answer.content) > _MAX_ANSWER:
            raise ServiceError(f"GET {answer.url}: {len(answer.content)} bytes, expected fewer")
        return answer

    def _bundle(self, answer: httpx.Response) -> Bundle:
        """Read an answer with the certificates in its headers, which are URL-encoded PEM."""
        if not answer.is_success:
            raise ServiceError(f"GET {answer.url}: status {answer.status_code}")
        chains = [
            unquote(value)
            for name, value in answer.headers.items()
            if name.lower().endswith("issuer-chain")
        ]
        try:
            found = read_bundle(answer.content)
            for chain in chains:
                found += read_bundle(chain.encode())
        except ValueError as error:
            raise ServiceError(f"GET {answer.url}: {error}") from error
        return found


def _requests(wanted: Wanted) -> list[tuple[str, dict[str, str]]]:
    made: list[tuple[str, dict[str, str]]] = []
    for tee_type in wanted.tee_types:
        base = f"/{_FOLDERS[tee_type]}/certification/v4"
        for update in wanted.updates:
            for fmspc in wanted.fmspcs:
                made.append((f"{base}/tcb", {"fmspc": fmspc.hex().upper(), "update": update}))
            made.append((f"{base}/qe/identity", {"update": update}))
    for ca_type in wanted.ca_types:
        made.append(("/sgx/certification/v4/pckcrl", {"ca": ca_type, "encoding": "der"}))
    return made
