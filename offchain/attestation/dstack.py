"""MRCONFIGID as dstack writes it: the first byte is the format, 32 bytes follow, then zeros.

======  =========================================================  =============================
format  the 32 bytes                                               same for all instances
======  =========================================================  =============================
zeros   the VMM does not write it                                  refused: names no application
01      SHA-256 of ``app-compose.json``                            yes
02      keccak256 of the same hash, app id and key provider        yes, under one key provider
03      SHA-256 of a document with these and the instance's id     no, if it has the instance's id
======  =========================================================  =============================

Source: dstack's ``dstack-types/src/mr_config.rs``. Format 01 is written where ``app-compose.json``
has no key provider id. Only public dstack quotes of format 01 and of zeros were seen.
"""

from hashlib import sha256

SIZE = 48
ENABLE = (
    "MRCONFIGID is zero, so nothing names the application: the VMM of dstack needs "
    "`use_mrconfigid = true` in its configuration (vmm.toml), then deploy the application anew"
)
_FORMATS = {
    1: "SHA-256 of app-compose.json",
    2: "keccak256 of the compose file's hash, the app id and the key provider",
    3: (
        "SHA-256 of a document with the key provider and, mostly, the instance's id: then every "
        "instance is another program; leave the key provider id out of app-compose.json for 01"
    ),
}


def describe_config(mr_config_id: bytes) -> str:
    """Return what an MRCONFIGID names, as text for people.

    Raises:
        ValueError: it is zero, or of a format that dstack has not.
    """
    if not any(mr_config_id):
        raise ValueError(ENABLE)
    kind, digest = mr_config_id[0], mr_config_id[1:33]
    if kind not in _FORMATS or any(mr_config_id[33:]):
        raise ValueError(
            f"MRCONFIGID 0x{mr_config_id.hex()}, expected format 01, 02 or 03 of dstack, "
            "32 bytes and 15 zeros"
        )
    return f"format {kind:02} of dstack, 0x{digest.hex()}: {_FORMATS[kind]}"


def is_application(mr_config_id: bytes, compose: bytes) -> bool:
    """Return True if an MRCONFIGID of format 01 names an ``app-compose.json``.

    Raises:
        ValueError: it is of another format, which covers more than this file.
    """
    named = describe_config(mr_config_id)
    if mr_config_id[0] != 1:
        raise ValueError(f"{named}: cannot be compared with a compose file alone, expected 01")
    return mr_config_id[1:33] == sha256(compose).digest()
