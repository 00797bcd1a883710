"""SSRF protection: an untrusted URI reaches public addresses only."""

import pytest

from offchain.protocol.errors import StorageError
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.untrusted import check_address, public_store
from tests.offchain.stalling import stalling

QUICK = RetryPolicy(seconds=2, attempts=1)


@pytest.mark.parametrize("url", ["https://a/b", "http://a", "s3://bucket/key", "ipfs://bafy"])
def test_public_store__remote__is_a_store(url: str) -> None:
    assert public_store(url, QUICK).url == url


def test_public_store__bucket__is_asked_without_credentials() -> None:
    assert dict(public_store("s3://bucket", QUICK).options) == {"anon": True}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "memory://x",
        "",
        "https://",
        "s3",
        "simplecache::s3://a/b",
        "https://a/b::file:///etc/passwd",
    ],
)
def test_public_store__this_machine_or_nothing__is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected one of http, https, ipfs, s3"):
        public_store(url, QUICK)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_fetch__public_uri_to_this_machine__is_not_asked(host: str) -> None:
    digest = bytes(32)
    with stalling({digest.hex(): b"secret"}, crowd=1) as server:
        url = f"http://{host}:{server.server_port}"
        with pytest.raises(StorageError, match="Cannot connect to host"):
            public_store(url, QUICK).fetch_bytes(digest, 10)
        assert server.most == 0
        with pytest.raises(StorageError, match="6 bytes of sha256"):
            Store(url, QUICK).fetch_bytes(digest, 10)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address of this machine
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",  # NAT64 of loopback
        "64:ff9b::a9fe:a9fe",  # and of a cloud's metadata
        "64:ff9b:1::1",
        "2002:7f00:1::",  # 6to4 of loopback
        "2002:a00:1::",
        "::127.0.0.1",
        "fec0::1",
    ],
)
def test_check_address__not_public__is_refused(address: str) -> None:
    with pytest.raises(PermissionError, match="is not an address of the public network"):
        check_address(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"],
)
def test_check_address__public__passes(address: str) -> None:
    check_address(address)
