"""The manual's table of all MAPI resources: it is complete, and each call in it leads where it says."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hcpsdk
from hcpsdk import mapi
from hcpsdk.mock import MockHCP
from hcpsdk.mock.mapi import ROUTES

TABLE = Path(__file__).parents[2] / 'docs' / 'mapi' / 'resources.csv'
with TABLE.open(encoding='utf-8', newline='') as file:
    ROWS = list(csv.DictReader(file, delimiter=';'))

ONLY_OF_THE_DEFAULT_NAMESPACE = 'tenants/{}/namespaces/{}/protocols'
"""which the mock does not have"""


def shape(path: str) -> str:
    """A path without the names of what is named in it; letters may come in either case (7.6)."""
    return re.sub(r'\{.*?\}', '{}', path).lower()


def test_every_resource_is_in_the_table() -> None:
    """Or a resource would be out of reach for those who read the manual only."""
    listed = [shape(row['resource']) for row in ROWS]
    assert len(listed) == len(set(listed))
    there = {shape(route.path) for route in ROUTES}
    assert set(listed) == there | {ONLY_OF_THE_DEFAULT_NAMESPACE.lower()}


def test_every_method_is_in_the_table() -> None:
    """Or what a resource can do would be told for another one only."""
    there = {shape(route.path): set(route.methods) for route in ROUTES}
    for row in ROWS:
        path, listed = shape(row['resource']), set(row['methods'].split())
        if path in there and not path.endswith('certificates/server'):  # DELETE is there to be refused
            assert listed - {'HEAD'} == there[path] - {'HEAD'}, path


@pytest.fixture(scope='module')
def hcp() -> Iterator[MockHCP]:
    with MockHCP() as mock:
        mock.system.software_version = '9.0.0.2'
        yield mock


@pytest.fixture(scope='module')
def names(hcp: MockHCP) -> dict[str, Any]:
    """What the names in the table's calls stand for."""
    auth = hcpsdk.NativeAuthorization('service', 'service01')
    system = hcpsdk.Target(f'admin.{hcp.domain}', auth, hcp.mapi_port, resolver=hcp.resolver())

    return {
        'm': mapi.Mapi(system),
        'system': system,
        'listtenants': mapi.listtenants,
        'Tenant': mapi.Tenant(system, 'lab'),
        'RetentionClasses': mapi.RetentionClasses(system, 'lab', 'scans'),
        **{
            name: getattr(mapi, name)(system, 'lab')
            for name in ('Namespaces', 'ContentClasses', 'Users', 'Groups')
        },
        **{
            name: getattr(mapi, name)(system)
            for name in (
                'Tenants',
                'Chargeback',
                'Replication',
                'Topologies',
                'Logs',
                'HealthCheck',
                'System',
            )
        },
        'OfSystem': {name: getattr(mapi, name)(system) for name in ('Users', 'Groups')},
    }


def asked(hcp: MockHCP, names: dict[str, Any], call: str) -> set[tuple[str, str]]:
    """The requests that a call makes; most of them HCP refuses, as it has nothing of that name."""
    hcp.log.clear()
    with contextlib.suppress(hcpsdk.HcpsdkError):
        found = eval(re.sub(r'^(\w+)\(system\)\.', r'OfSystem["\1"].', call), dict(names))
        if isinstance(found, Iterator):
            list(found)
    return {(seen.method, seen.path.partition('?')[0].removeprefix('/mapi/')) for seen in hcp.log}


@pytest.mark.parametrize('row', ROWS, ids=[row['resource'] for row in ROWS])
def test_the_calls_lead_to_the_resource(hcp: MockHCP, names: dict[str, Any], row: dict[str, str]) -> None:
    """Or one who follows the table would arrive elsewhere."""
    pattern = re.compile(re.sub(r'\{.*?\}', '[^/]+', row['resource']))
    met: set[str] = set()
    for call in row['calls'].split('|'):
        methods = {method for method, path in asked(hcp, names, call.strip()) if pattern.fullmatch(path)}
        assert methods, call
        met |= methods
    assert met >= set(row['methods'].split())
    assert met - {'GET', 'HEAD'} <= set(row['methods'].split())
