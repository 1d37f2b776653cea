"""The face: every documented name with its signature, the tree of errors, and who imports whom."""

from __future__ import annotations

import ast
import copy
import importlib.util
import inspect
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hcpsdk
from hcpsdk import auth, errors, ips, mapi, namespace, pathbuilder
from hcpsdk.mapi import chargeback, healthcheck, logs, replication, system, topologies

PACKAGE = Path(hcpsdk.__file__).parent


# --- signatures ------------------------------------------------------------------------------

SIGNATURES = {
    'version': '()',
    'NativeAuthorization': '(user, password)',
    'NativeADAuthorization': '(user, password)',
    'LocalSwiftAuthorization': '(user, password)',
    'DummyAuthorization': '()',
    'checkport': '(target, port)',
    'Target': "(fqdn, authorization, port=443, dnscache=False, interface='I_NATIVE', replica_fqdn=None, "
    'replica_strategy=None, *, sslcontext=None, ssl=None, resolver=None, max_per_node=200, '
    'replica_authorization=None, failover_after=30.0, probe_interval=30.0, read_your_writes=60.0)',
    'Target.getaddr': '(self)',
    'Connection': '(target, timeout=30, idletime=30, debuglevel=0, retries=3, *, deadline=None, '
    'sock_keepalive=False, tcp_keepalive=60, tcp_keepintvl=60, tcp_keepcnt=3)',
    'Connection.request': '(self, method, url, body=None, params=None, headers=None, *, verify=False)',
    'Connection.PUT': '(self, url, body=None, params=None, headers=None)',
    'Connection.GET': '(self, url, params=None, headers=None, *, verify=False)',
    'Connection.HEAD': '(self, url, params=None, headers=None)',
    'Connection.POST': '(self, url, params=None, headers=None, *, body=None)',
    'Connection.DELETE': '(self, url, params=None, headers=None)',
    'Connection.read': '(self, amt=None)',
    'Connection.getheader': '(self, *args, **kwargs)',
    'Connection.getheaders': '(self)',
    'Connection.close': '(self)',
    'HcpsdkError': '(reason)',
    'HcpsdkTimeoutError': '(reason)',
    'HcpsdkReplicaInitError': '(reason)',
    'HcpsdkPortError': '(reason)',
    'ips.Circle': '(fqdn, port=443, dnscache=False, *, resolver=None, max_per_node=200)',
    'ips.Circle.refresh': '(self)',
    'ips.Response': '(fqdn, cache)',
    'ips.Request': '(fqdn, cache)',
    'ips.query': '(fqdn, cache=False, *, resolver=None)',
    'ips.IpsError': '(reason)',
    'namespace.Info': '(target, debuglevel=0)',
    'namespace.Info.nsstatistics': '(self)',
    'namespace.Info.listaccessiblens': '(self, all=False)',
    'namespace.Info.listretentionclasses': '(self)',
    'namespace.Info.listpermissions': '(self)',
    'pathbuilder.PathBuilder': "(initialpath='/rest/hcpsdk', annotation=False)",
    'pathbuilder.PathBuilder.getunique': '(self, filename)',
    'pathbuilder.PathBuilder.getpath': '(self, objectname)',
    'pathbuilder.PathBuilderError': '(reason)',
    'mapi.Replication': '(target, debuglevel=0)',
    'mapi.Replication.getreplicationsettings': '(self)',
    'mapi.Replication.getlinklist': '(self)',
    'mapi.Replication.getlinkdetails': '(self, link)',
    'mapi.Replication.setreplicationlinkstate': '(self, linkname, action, linktype=None)',
    'mapi.ReplicationSettingsError': '(reason)',
    'mapi.Chargeback': '(target, timeout=600, debuglevel=0)',
    'mapi.Chargeback.request': "(self, tenant=None, start=None, end=None, granularity='total', "
    "fmt='application/json')",
    'mapi.Chargeback.rows': "(self, tenant, start=None, end=None, granularity='total', namespace=None)",
    'mapi.Chargeback.close': '(self)',
    'mapi.Logs': '(target, debuglevel=0, *, timeout=None)',
    'mapi.Logs.mark': '(self, message)',
    'mapi.Logs.prepare': '(self, startdate=None, enddate=None, snodes=())',
    'mapi.Logs.status': '(self)',
    'mapi.Logs.wait_ready': '(self, timeout, interval=10.0, progresshook=None)',
    'mapi.Logs.download': '(self, hdl=None, nodes=(), snodes=(), logs=(), progresshook=None, hidden=True)',
    'mapi.Logs.cancel': '(self)',
    'mapi.Logs.close': '(self)',
    'mapi.System': '(target, timeout=60, debuglevel=0)',
    'mapi.HealthCheck': '(target, debuglevel=0, *, timeout=None)',
    'mapi.HealthCheck.prepare': '(self, startdate=None, enddate=None, exacttime=None, collectcurrent=None)',
    'mapi.HealthCheck.download': '(self, hdl=None, nodes=(), progresshook=None, hidden=True)',
    'mapi.Topologies': '(target, timeout=60, debuglevel=0)',
}


def named(path: str) -> object:
    """What a program gets for ``hcpsdk.<path>``."""
    found: object = hcpsdk
    for part in path.split('.'):
        found = getattr(found, part)
    return found


def signature(function: object) -> str:
    """Without its types, which are promised to nobody."""
    given = inspect.signature(function)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in given.parameters.values()]
    return str(given.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize(('path', 'expected'), SIGNATURES.items(), ids=SIGNATURES)
def test_a_documented_signature(path: str, expected: str) -> None:
    """Or a script written for the documented API would break."""
    assert signature(named(path)) == expected


READ_ONLY = {
    hcpsdk.Target: {'fqdn', 'port', 'ssl', 'addresses', 'headers', 'replica', 'failed_over', 'state'}
    | {'interface', 'replica_strategy', 'sslcontext'},
    hcpsdk.Connection: {
        'address',
        'Response',
        'response',
        'response_status',
        'response_reason',
        'served_by',
        'con',
        'connect_time',
        'service_time1',
        'service_time2',
    },
}


@pytest.mark.parametrize(
    ('kind', 'name'), [(kind, name) for kind, names in READ_ONLY.items() for name in names]
)
def test_a_documented_attribute_is_read_only(kind: type, name: str) -> None:
    """Or a program could break a Connection by an assignment that looks harmless."""
    attribute = inspect.getattr_static(kind, name)
    assert isinstance(attribute, property)
    assert attribute.fset is None


# --- constants -------------------------------------------------------------------------------

MODES = {'RS_READ_ALLOWED': 1, 'RS_READ_ON_FAILOVER': 2, 'RS_WRITE_ALLOWED': 4, 'RS_WRITE_ON_FAILOVER': 8}


@pytest.mark.parametrize(('name', 'value'), MODES.items())
def test_a_replica_mode_at_class_and_module_level(name: str, value: int) -> None:
    """Or strategies saved as numbers, or spelled either way, would mean something else."""
    assert getattr(hcpsdk.Target, name) == getattr(hcpsdk, name) == value


@pytest.mark.parametrize('name', ['I_DUMMY', 'I_NATIVE', 'I_HS3', 'I_HSWIFT'])
def test_an_interface_at_class_and_module_level(name: str) -> None:
    """Or a script would fail on one of the two documented spellings."""
    assert getattr(hcpsdk.Target, name) == getattr(hcpsdk, name)


def test_the_interfaces_differ() -> None:
    """Or one would be taken for the other."""
    assert len({hcpsdk.I_DUMMY, hcpsdk.I_NATIVE, hcpsdk.I_HS3, hcpsdk.I_HSWIFT}) == 4


REPLICATION = {
    'R_ACTIVE_ACTIVE': 'ACTIVE_ACTIVE',
    'R_OUTBOUND': 'OUTBOUND',
    'R_INBOUND': 'INBOUND',
    'R_SUSPEND': 'suspend',
    'R_RESUME': 'resume',
    'R_RESTORE': 'restore',
    'R_FAILOVER': 'failOver',
    'R_FAILBACK': 'failBack',
    'R_BEGINRECOVERY': 'beginRecovery',
    'R_COMPLETERECOVERY': 'completeRecovery',
}


PORTS = {'P_HTTP': 80, 'P_HTTPS': 443, 'P_SEARCH': 8888, 'P_MGMT': 8000, 'P_MAPI': 9090}


@pytest.mark.parametrize(('name', 'value'), PORTS.items())
def test_a_port(name: str, value: int) -> None:
    """Or a Target would knock at another door of HCP."""
    assert getattr(hcpsdk, name) == value


PACKED = {
    'Logs': {
        'L_ACCESS': 'ACCESS',
        'L_SYSTEM': 'SYSTEM',
        'L_SERVICE': 'SERVICE',
        'L_APPLICATION': 'APPLICATION',
    }
    | {'L_ALL': ['ACCESS', 'SYSTEM', 'SERVICE', 'APPLICATION']},
    'Chargeback': {
        'CBG_DAY': 'day',
        'CBG_HOUR': 'hour',
        'CBG_TOTAL': 'total',
        'CBG_ALL': ['day', 'hour', 'total'],
        'CBM_CSV': 'text/csv',
        'CBM_JSON': 'application/json',
        'CBM_XML': 'application/xml',
        'CBM_ALL': ['text/csv', 'application/json', 'application/xml'],
    },
}


@pytest.mark.parametrize(
    ('kind', 'name', 'value'),
    [(kind, name, value) for kind, constants in PACKED.items() for name, value in constants.items()],
)
def test_a_constant_of_logs_and_chargeback(kind: str, name: str, value: object) -> None:
    """Or a program for release 0.9.5 would ask for something that HCP does not know."""
    assert getattr(getattr(hcpsdk.mapi, kind), name) == value


@pytest.mark.parametrize(('name', 'value'), REPLICATION.items())
def test_a_constant_of_replication(name: str, value: str) -> None:
    """Or HCP would be sent a word that it does not know."""
    assert getattr(hcpsdk.mapi.Replication, name) == value


# --- what there is ---------------------------------------------------------------------------

FACES = [hcpsdk, mapi]


@pytest.mark.parametrize('module', FACES, ids=lambda module: module.__name__)
def test_all_is_sorted_and_complete(module) -> None:
    """Or ``from hcpsdk import *`` would miss a name, or bring a foreign one."""
    assert module.__all__ == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    tree = ast.parse(Path(module.__file__).read_text(encoding='utf-8'))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(module.__all__) == {
        name for name in imported - {'VERSION'} | defined if not name.startswith('_')
    }


def test_import_star_brings_the_face() -> None:
    """Or ``__all__`` would name what is not there."""
    brought: dict[str, object] = {}
    exec('from hcpsdk import *', brought)
    assert set(hcpsdk.__all__) <= set(brought)


PUBLIC_MODULES = [
    hcpsdk,
    auth,
    hcpsdk.connection,
    errors,
    ips,
    mapi,
    mapi._engine,
    mapi._packages,
    chargeback,
    healthcheck,
    logs,
    replication,
    system,
    topologies,
    namespace,
    pathbuilder,
    hcpsdk.target,
]


def public_objects() -> Iterator[tuple[str, object]]:
    """All modules, classes, functions and members that a user meets."""
    for module in PUBLIC_MODULES:
        yield module.__name__, module
        for name, value in vars(module).items():
            if name.startswith('_') or getattr(value, '__module__', None) != module.__name__:
                continue
            yield f'{module.__name__}.{name}', value
            if not inspect.isclass(value):
                continue
            for member, own in vars(value).items():
                if not member.startswith('_') and (callable(own) or isinstance(own, property)):
                    yield f'{module.__name__}.{name}.{member}', own


OBJECTS = dict(public_objects())


@pytest.mark.parametrize('name', OBJECTS)
def test_every_public_object_is_documented(name: str) -> None:
    """Or ``help()`` would be silent; the first line says what it is for, and is a sentence."""
    first = (inspect.getdoc(OBJECTS[name]) or '').partition('\n')[0]
    assert first.endswith(('.', ';', ',', ':')), first


def test_the_walk_finds_what_it_should() -> None:
    """Or the test above would hold nothing."""
    assert {'hcpsdk.connection.Connection.PUT', 'hcpsdk.ips.query', 'hcpsdk.target.Target.ssl'} < set(OBJECTS)
    assert len(OBJECTS) > 70


def test_the_package_is_typed_and_quiet() -> None:
    """Or type checkers would ignore it, or a program without logging be spoken to on stderr."""
    assert (PACKAGE / 'py.typed').exists()
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger('hcpsdk').handlers)


def test_importing_starts_nothing() -> None:
    """Or a program would pay for threads, and for the mock, before it has done anything."""
    script = (
        'import sys, threading, hcpsdk; '
        'print(threading.active_count(), [m for m in sys.modules if m.startswith("hcpsdk.mock")])'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', script], capture_output=True, text=True, cwd=PACKAGE.parent
    )
    assert (done.stdout, done.stderr) == ('1 []\n', '')


# --- errors ----------------------------------------------------------------------------------

ERRORS = {
    'HcpsdkCantConnectError': hcpsdk.HcpsdkCantConnectError,
    'HcpsdkTimeoutError': hcpsdk.HcpsdkTimeoutError,
    'HcpsdkCertificateError': hcpsdk.HcpsdkCertificateError,
    'HcpsdkTruncatedError': hcpsdk.HcpsdkTruncatedError,
    'HcpsdkHashError': hcpsdk.HcpsdkHashError,
    'HcpsdkReplicaInitError': hcpsdk.HcpsdkReplicaInitError,
    'HcpsdkPortError': hcpsdk.HcpsdkPortError,
    'IpsError': hcpsdk.ips.IpsError,
    'PathBuilderError': hcpsdk.pathbuilder.PathBuilderError,
    'MapiError': hcpsdk.mapi.MapiError,
    'ReplicationSettingsError': hcpsdk.mapi.ReplicationSettingsError,
    'ChargebackError': hcpsdk.mapi.ChargebackError,
    'LogsError': hcpsdk.mapi.LogsError,
    'LogsNotReadyError': hcpsdk.mapi.LogsNotReadyError,
    'LogsInProgessError': hcpsdk.mapi.LogsInProgessError,
}
each_error = pytest.mark.parametrize(
    'kind', [hcpsdk.HcpsdkError, *ERRORS.values()], ids=lambda kind: kind.__name__
)


@each_error
def test_an_error_has_its_reason(kind: type) -> None:
    """Or a program could not say what happened."""
    error = kind('what happened')
    assert (error.reason, str(error)) == ('what happened', 'what happened')
    assert repr(error) == f"{kind.__name__}('what happened')"
    assert kind(reason='by name').reason == 'by name'


@each_error
def test_an_error_is_never_silent(kind: type) -> None:
    """Or a log line would end with a colon and nothing behind it."""
    assert str(kind('')) == kind.__name__


@each_error
def test_an_error_survives_pickling_and_copying(kind: type) -> None:
    """Or an error in a worker process would be replaced by one about pickling."""
    error = kind('what happened')
    error.extra = 1
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(error, protocol))
        assert (type(twin), twin.reason, str(twin), twin.extra) == (kind, 'what happened', 'what happened', 1)
    assert copy.copy(error).reason == 'what happened'


def raised_by_the_package() -> Iterator[type]:
    """Every exception class of a public module."""
    for value in OBJECTS.values():
        if inspect.isclass(value) and issubclass(value, BaseException):
            yield value


def test_one_except_catches_all() -> None:
    """Or a caller who catches HcpsdkError would not be protected."""
    kinds = set(raised_by_the_package())
    assert kinds == {hcpsdk.HcpsdkError, *ERRORS.values()}
    assert all(issubclass(kind, hcpsdk.HcpsdkError) for kind in kinds)
    assert all(ERRORS[kind.__name__] is kind for kind in kinds - {hcpsdk.HcpsdkError})


def test_the_tree_is_drawn_as_it_is() -> None:
    """Or the documentation would show a tree that is not there."""
    for name in ERRORS:
        assert f'{name}' in errors.__doc__


# --- who imports whom ------------------------------------------------------------------------

# From the ground up: a module imports only what stands above it here. An edge that is not in this
# table is a decision that somebody has to take, not an accident.
LAYERS: dict[str, set[str]] = {
    '_version': set(),
    '_trace': set(),
    '_tls': set(),
    'errors': set(),
    '_check': set(),
    'auth': {'_check'},
    '_reaper': {'_trace'},
    '_request': {'_trace', 'errors'},
    '_reader': set(),
    '_hash': set(),
    '_response': {'_hash', '_reader', '_trace', 'errors'},
    '_journal': {'_request', '_response', '_trace'},
    '_keepalive': set(),
    '_xml': {'errors'},
    'ips': {'_check', '_trace', 'errors'},
    'pathbuilder': {'_check', '_trace', '_xml', 'errors'},
    '_link': {'_journal', '_keepalive', '_reader', '_reaper', '_request', '_response', '_trace', 'errors'},
    '_table': set(),
    '_retry': {'_link', '_request', '_table'},
    '_settle': {'_hash', '_request', '_response'},
    '_failover': {'_trace'},
    '_recent': {'_trace'},
    '_replica': {'_request', '_table'},
    'target': {
        '_check',
        '_failover',
        '_link',
        '_recent',
        '_replica',
        '_request',
        '_retry',
        '_tls',
        '_trace',
        '_version',
        'auth',
        'errors',
        'ips',
    },  # fmt: skip
    '_errand': {'_journal', '_link', '_request', '_response', 'errors', 'target'},
    '_system': {'_errand', '_link', '_retry', '_tls', 'errors', 'target'},
    '_pair': {
        '_errand',
        '_link',
        '_replica',
        '_request',
        '_response',
        '_retry',
        '_system',
        'errors',
        'ips',
        'target',
    },  # fmt: skip
    'connection': {
        '_check',
        '_errand',
        '_journal',
        '_keepalive',
        '_link',
        '_pair',
        '_replica',
        '_request',
        '_response',
        '_retry',
        '_settle',
        '_system',
        '_trace',
        'errors',
        'target',
    },  # fmt: skip
    '_ask': {'_check', '_request', '_trace', '_xml', 'connection', 'errors', 'target'},
    'namespace': {'_ask', 'errors'},
    'mapi._engine': {'_ask', '_check', '_request', '_trace', 'connection', 'errors', 'target'},
    'mapi.replication': {'_check', '_xml', 'errors', 'mapi._engine', 'target'},
    'mapi._packages': {'_check', '_trace', '_xml', 'connection', 'errors', 'mapi._engine', 'target'},
    'mapi._collection': {'_check', 'mapi._engine', 'target'},
    'mapi.chargeback': {'mapi._engine', 'mapi._packages', 'target'},
    'mapi.logs': {'_check', '_xml', 'mapi._engine', 'mapi._packages'},
    'mapi.healthcheck': {'_check', 'mapi._engine', 'mapi._packages'},
    'mapi.topologies': {'_check', 'mapi._collection', 'mapi._engine', 'target'},
    'mapi.system': {'mapi._engine', 'mapi.healthcheck', 'mapi.topologies', 'target'},
    'mapi.tenants': {'mapi._collection', 'mapi._engine', 'target'},
    'mapi.tenant': {'mapi._engine', 'mapi.tenants'},
    'mapi.namespaces': {'mapi._collection', 'mapi._engine', 'target'},
    'mapi.accounts': {'mapi._collection', 'mapi._engine', 'target'},
    'mapi': {
        'mapi.accounts',
        'mapi.namespaces',
        'mapi.tenant',
        'mapi.tenants',
        'mapi._engine',
        'mapi.chargeback',
        'mapi.healthcheck',
        'mapi.logs',
        'mapi.replication',
        'mapi.system',
        'mapi.topologies',
    },
    '': {
        '_failover',
        '_journal',
        '_replica',
        '_tls',
        '_version',
        'auth',
        'connection',
        'errors',
        'ips',
        'mapi',
        'namespace',
        'pathbuilder',
        'target',
    },
}

# Who may touch the network; everybody else can be read, and tested, without it.
DIRTY = {
    'socket': {'_keepalive', '_link', '_response', 'ips'},
    'ssl': {'_link', '_tls', 'target'},
    'http.client': {'_link', '_response'},
    'select': {'_link'},
    'dns.resolver': {'ips', 'target'},
    'threading': {'_failover', '_link', '_reaper', '_recent', 'ips'},
    'time': {'_trace'},
}


def sources() -> dict[str, Path]:
    """The modules of the package by their names below it; the mock is a house of its own."""
    found = {}
    for path in PACKAGE.rglob('*.py'):
        parts = path.relative_to(PACKAGE).with_suffix('').parts
        if parts[0] != 'mock':
            found['.'.join(part for part in parts if part != '__init__')] = path
    return found


def imports(name: str, path: Path) -> tuple[set[str], set[str]]:
    """What a module imports, of ours and of others, wherever in the file it stands."""
    home = ['hcpsdk', *filter(None, name.split('.'))]
    home = home if path.name == '__init__.py' else home[:-1]
    all_names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            all_names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = home[: len(home) - node.level + 1] if node.level else []
            module = '.'.join([*base, *filter(None, [node.module])])
            all_names |= {module} if node.module else {f'{module}.{alias.name}' for alias in node.names}
    ours = {found for found in all_names if found.partition('.')[0] == 'hcpsdk'}
    return {found.partition('.')[2] for found in ours}, all_names - ours


IMPORTS = {name: imports(name, path) for name, path in sources().items()}


@pytest.mark.parametrize('name', IMPORTS, ids=lambda name: name or 'hcpsdk')
def test_imports_are_those_of_the_table(name: str) -> None:
    """Or the house would grow a staircase that nobody drew."""
    assert IMPORTS[name][0] == LAYERS[name]


def test_imports_run_downwards() -> None:
    """Or two modules could need each other, and neither be read alone."""
    assert set(LAYERS) == set(IMPORTS)
    below: set[str] = set()
    for name, needed in LAYERS.items():
        assert needed <= below, name
        below.add(name)


@pytest.mark.parametrize('module', DIRTY)
def test_only_who_must_touches_the_network(module: str) -> None:
    """Or the misery of sockets would spread through the house."""
    assert {name for name, (_, others) in IMPORTS.items() if module in others} == DIRTY[module]


def is_standard(name: str) -> bool:
    """It comes with Python: built in, frozen, or beside ``os`` and not below ``site-packages``."""
    spec = importlib.util.find_spec(name)
    home = str(Path(os.__file__).parent)
    origin = spec.origin or ''
    return origin in ('built-in', 'frozen') or (origin.startswith(home) and 'site-packages' not in origin)


def test_one_dependency() -> None:
    """Or an installation would need more than was promised."""
    others = {module.partition('.')[0] for _, imported in IMPORTS.values() for module in imported}
    standard = {'__future__', *(name for name in others if is_standard(name))}
    assert others - standard == {'dns'}
