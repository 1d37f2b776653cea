"""A Target fails over though each request ends by its deadline before all addresses were tried."""

from __future__ import annotations

import pytest

import hcpsdk
from hcpsdk import ips
from hcpsdk.mock import Blackhole, MockHCP


def target(hcp1: MockHCP, hcp2: MockHCP) -> hcpsdk.Target:
    hcp1.replicate_to(hcp2)
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    return hcpsdk.Target(
        'n1.m.hcp1.example.com', auth, hcp1.port, resolver=hcp1.resolver(),
        replica_fqdn='n1.m.hcp2.example.com', replica_strategy=hcpsdk.RS_READ_ON_FAILOVER,
    )  # fmt: skip


def tries_until_served(target: hcpsdk.Target, **options: float) -> int:
    with hcpsdk.Connection(target, **options) as con:
        for tries in range(1, 20):
            try:
                con.HEAD('/rest/')
            except hcpsdk.HcpsdkTimeoutError:
                continue
            assert con.served_by == 'hcp2.example.com'
            return tries
    raise AssertionError('it never failed over')


def test_silent_nodes_are_remembered(mock_hcp_pair: tuple[MockHCP, MockHCP]) -> None:
    """Each request would run into its deadline, for as long as the primary is gone."""
    hcp1, hcp2 = mock_hcp_pair
    gone = target(hcp1, hcp2)
    hcp1.misbehave(Blackhole())
    assert tries_until_served(gone, timeout=(0.06, 5), deadline=0.15) <= len(hcp1.addresses)
    assert gone.failed_over


def test_a_deadline_shorter_than_the_timeout(
    mock_hcp_pair: tuple[MockHCP, MockHCP], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the default timeout of 30 seconds, and a deadline of 10, the replica would never be used."""
    hcp1, hcp2 = mock_hcp_pair
    monkeypatch.setattr(ips, 'LONG_ENOUGH', 0.05)
    gone = target(hcp1, hcp2)
    hcp1.misbehave(Blackhole())
    assert tries_until_served(gone, timeout=30, deadline=0.1) == len(hcp1.addresses) + 1


def test_a_hasty_deadline_proves_nothing(mock_hcp_pair: tuple[MockHCP, MockHCP]) -> None:
    """A program in a hurry would take a sound primary out of use."""
    hcp1, hcp2 = mock_hcp_pair
    sound = target(hcp1, hcp2)
    hcp1.misbehave(Blackhole())
    with hcpsdk.Connection(sound, timeout=30, deadline=0.01) as con:
        for _ in range(10):
            with pytest.raises(hcpsdk.HcpsdkTimeoutError):
                con.HEAD('/rest/')
    assert not sound.failed_over
