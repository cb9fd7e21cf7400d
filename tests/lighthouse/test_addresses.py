import pytest

from stacksight_lighthouse.addresses import why_refused


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ],
)
def test_metadata_is_refused_in_every_spelling_even_with_private_networks(address: str) -> None:
    assert "metadata" in (why_refused(address, private_allowed=True) or "")


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.17.0.2", "192.168.1.1", "fd12::1", "::ffff:10.0.0.1"]
)
def test_private_networks_depend_on_the_setting(address: str) -> None:
    assert "--private-network" in (why_refused(address, private_allowed=False) or "")
    assert why_refused(address, private_allowed=True) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "93.184.215.14"])
def test_this_machine_and_the_internet_are_allowed(address: str) -> None:
    assert why_refused(address, private_allowed=False) is None


@pytest.mark.parametrize("address", ["224.0.0.1", "255.255.255.255", "ff02::1"])
def test_addresses_of_many_machines_are_refused(address: str) -> None:
    assert why_refused(address, private_allowed=True)
