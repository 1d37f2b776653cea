"""The public client of the same name, release 0.9.5.post1, drives the mock: it is no mirror of ours."""

from __future__ import annotations

import json
import pathlib
import ssl
import subprocess

import pytest

import hcpsdk

DRIVER = pathlib.Path(__file__).with_name('public_client.py')
HASH = 'SHA-256 47FB563CC8F86DC37C86D08BC542968F7986ACD81C97BF76DB7AD744407FE117'


@pytest.fixture
def seen(public_python, hcp, cafile, tmp_path):
    """What the public client saw. It speaks TLS on HCP's own ports only, so its objects go by plain HTTP."""
    address, port = hcp.dns_address
    settings = {
        'cafile': cafile,
        'nameserver': address,
        'nameserver_port': port,
        'namespace': f'n1.m.{hcp.domain}',
        'port': hcp.port,
        'admin': f'admin.{hcp.domain}',
        'mapi_port': hcp.mapi_port,
    }
    run = subprocess.run(
        [public_python, '-I', DRIVER, json.dumps(settings)],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture
def auth():
    return hcpsdk.NativeAuthorization('n', 'n01')


def test_public_client(seen, hcp, cafile):
    """A user who compares us with the public client would find that the mock only suits ourselves."""
    assert seen['objects'] == {
        'put': [201, HASH],
        'put again': [409],
        'head': [200, '18'],
        'get': [200, 'This is an example'],
        'post': [200],
        'delete': [200],
        'gone': [404],
    }
    assert (seen['replication']['suspended'], seen['replication']['resumed']) == ('true', 'false')


def test_same_namespace_facts(seen, hcp, auth):
    """A script moved over from the public client would get other dictionaries from ours."""
    target = hcpsdk.Target(f'n1.m.{hcp.domain}', auth, port=hcp.port, resolver=hcp.resolver())
    info = hcpsdk.namespace.Info(target)
    assert seen['namespace'] == {
        'statistics': info.nsstatistics(),
        'this': info.listaccessiblens(),
        'all': info.listaccessiblens(all=True),
        'classes': info.listretentionclasses(),
        'permissions': info.listpermissions(),
    }


def test_same_replication_facts(seen, hcp, cafile):
    """A script that watches links would read other values after moving over from the public client."""
    service = hcpsdk.NativeAuthorization('service', 'service01')
    context = ssl.create_default_context(cafile=cafile)
    target = hcpsdk.Target(
        f'admin.{hcp.domain}', service, port=hcp.mapi_port, sslcontext=context, resolver=hcp.resolver()
    )
    link = hcpsdk.mapi.Replication(target)
    assert seen['replication']['settings'] == link.getreplicationsettings()
    assert seen['replication']['links'] == link.getlinklist()
    theirs, ours = seen['replication']['details'], link.getlinkdetails('hcp1-a-a-hcp2')
    assert {**theirs, 'statistics': None} == {**ours, 'statistics': None}
    assert theirs['statistics'].keys() == ours['statistics'].keys()
