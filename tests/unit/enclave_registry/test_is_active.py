from dataclasses import replace

from tests.sale import word
from tests.unit.enclave_registry.registry_deployment import measurement_of


def test_is_active__registered__only_as_it_is_registered(deployment, registry, enlisted, operator):
    assert deployment.is_active(enlisted)
    assert not deployment.is_active(replace(enlisted, sealing_key=word("another key")))
    assert not deployment.is_active(replace(enlisted, platform=word("another platform")))
    assert not deployment.is_active(enlisted, program=word("another program"))
    keys = operator, enlisted.sealing_key
    assert not registry.is_active(*keys, enlisted.platform, measurement_of(deployment.verifier))


def test_is_active__nothing_known__false(registry, stranger):
    assert not registry.is_active(stranger, bytes(32), bytes(32), bytes(32))
    assert not registry.is_active("0x" + "00" * 20, bytes(32), bytes(32), bytes(32))
