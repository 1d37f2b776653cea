"""What an HCP consists of, as plain data: systems, tenants, namespaces, users, classes.

Tests change these values while the mock runs; nothing here does I/O or knows of HTTP.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from typing import Any, Optional, Protocol, TypeVar

from .estate import License, SupportKey, Topology, TopologyLink
from .links import LinkStatistics, ReplicationLink
from .packages import Logs, Package

# the ten data access permissions, in the order in which /proc/permissions prints them
PERMISSIONS = (
    'browse',
    'read',
    'write',
    'readAcl',
    'writeAcl',
    'changeOwner',
    'delete',
    'privileged',
    'purge',
    'search',
)
ALL_RIGHTS = frozenset(PERMISSIONS)
READ_RIGHTS = frozenset({'browse', 'read', 'readAcl', 'search'})
IMPLIED = {'read': {'browse'}, 'purge': {'delete'}, 'search': {'browse', 'read'}}

SYSTEM_ROLES = frozenset({'ADMINISTRATOR', 'COMPLIANCE', 'MONITOR', 'SEARCH', 'SECURITY', 'SERVICE'})

TENANT_ROLES = frozenset({'ADMINISTRATOR', 'COMPLIANCE', 'MONITOR', 'SECURITY'})

# HCP's names of the hash schemes -> hashlib's
HASH_SCHEMES = {
    'MD5': 'md5',
    'SHA-1': 'sha1',
    'SHA-256': 'sha256',
    'SHA-384': 'sha384',
    'SHA-512': 'sha512',
    'RIPEMD-160': 'ripemd160',
}

GIB = 1024**3

FIRST_DAY_MS = 1_417_392_000_000
"""when everything came into being that the management API did not make: December 1st, 2014"""

Further = dict[str, dict[str, Any]]
"""settings that have no effect in the mock: of which resource -> its property -> the value"""


def new_id() -> str:
    """A unique ID, as HCP gives one to all that it has."""
    return str(uuid.uuid4())


def rights(*names: str) -> frozenset[str]:
    """Permissions with everything that they imply.

    >>> sorted(rights('search', 'purge'))
    ['browse', 'delete', 'purge', 'read', 'search']

    :raises ValueError: for a permission that HCP does not know
    """
    unknown = set(names) - ALL_RIGHTS
    if unknown:
        raise ValueError(f'unknown permissions {sorted(unknown)}; there are {PERMISSIONS}')
    return frozenset(names).union(*(IMPLIED.get(name, set()) for name in names))


@dataclass
class User:
    """An account, of a tenant or of the system.

    :param permissions: name of a namespace -> what the user may do there, see :func:`rights`
    :param roles: administrative roles, for MAPI
    :param local: false: RADIUS knows the password, which this HCP cannot ask
    :param manager: may create namespaces and delete those that the user owns
    :param force_change: of the password, at the next login to a console; MAPI does not mind
    :param number: the old ``userID``
    """

    name: str
    password: str = field(repr=False)
    permissions: dict[str, frozenset[str]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    enabled: bool = True
    full_name: str = ''
    description: str = ''
    local: bool = True
    manager: bool = False
    force_change: bool = False
    id: str = field(default_factory=new_id)
    number: int = 500

    def token(self) -> str:
        """The second half of HCP's credentials: the hex MD5 of the password."""
        return hashlib.md5(self.password.encode('utf-8')).hexdigest()


@dataclass
class Group:
    """An account of a group of Active Directory, of a tenant or of the system.

    :param sid: the group's ID in Active Directory
    :param permissions: as with :class:`User`
    """

    name: str
    sid: str = ''
    permissions: dict[str, frozenset[str]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    manager: bool = False


@dataclass
class ContentClass:
    """What the index of the metadata query engine is to hold of annotations."""

    name: str
    properties: list[dict[str, Any]] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)


@dataclass
class RetentionClass:
    """A named retention: ``value`` is ``-2``, ``-1``, ``0`` or an offset like ``A+10y``."""

    name: str
    value: str
    description: str = ''
    auto_delete: bool = False


@dataclass
class Namespace:
    """A namespace and all its settings.

    :param permissions: the namespace's mask; no user has more
    :param anonymous: what callers without credentials may do; None: they are turned away
    :param custom_metadata_changes: to annotations of objects under retention: ADD, ALL or NONE
    :param xml_check: annotations must be well-formed XML
    :param read_only: writes are refused, whatever the permissions
    :param hard_quota: in bytes
    :param soft_quota: in per cent of the hard quota
    :param rest: the REST interface is on
    :param acls_enforced: if ACLs can be set: whether they count
    :param minimum: what all authenticated users may do
    :param everyone: what all may do; callers without credentials only where those are not required
    :param cors: a document, or None
    """

    name: str
    description: str = ''
    versioning: bool = False
    search: bool = True
    retention_mode: str = 'enterprise'
    default_retention: str = '0'
    default_shred: bool = False
    default_index: bool = True
    hash_scheme: str = 'SHA-256'
    dpl: int = 2
    hard_quota: int = 50 * GIB
    soft_quota: int = 85
    permissions: frozenset[str] = ALL_RIGHTS
    anonymous: Optional[frozenset[str]] = None
    http: bool = True
    https: bool = True
    acls: bool = True
    xml_check: bool = True
    custom_metadata_changes: str = 'ADD'
    read_only: bool = False
    retention_classes: dict[str, RetentionClass] = field(default_factory=dict)
    rest: bool = True
    acls_enforced: bool = True
    minimum: frozenset[str] = frozenset()
    everyone: frozenset[str] = frozenset()
    owner: str = ''
    tags: list[str] = field(default_factory=list)
    cors: Optional[str] = None
    id: str = field(default_factory=new_id)
    created_ms: int = FIRST_DAY_MS
    further: Further = field(default_factory=dict)

    @property
    def acls_usage(self) -> str:
        """Whether ACLs can be set and count, in MAPI's words."""
        if not self.acls:
            return 'NOT_ENABLED'
        return 'ENFORCED' if self.acls_enforced else 'NOT_ENFORCED'

    @acls_usage.setter
    def acls_usage(self, usage: str) -> None:
        self.acls, self.acls_enforced = usage != 'NOT_ENABLED', usage == 'ENFORCED'

    @property
    def authentication(self) -> bool:
        """Whether callers without credentials are turned away."""
        return self.anonymous is None

    @authentication.setter
    def authentication(self, required: bool) -> None:
        self.anonymous = None if required else self.everyone

    def add_class(self, retention_class: RetentionClass) -> None:
        """Add, or replace, a retention class."""
        self.retention_classes[retention_class.name] = retention_class


@dataclass
class Tenant:
    """A tenant with its namespaces and its own users.

    :param hard_quota: in bytes, for all its namespaces together
    :param soft_quota: in per cent of the hard quota
    :param namespace_quota: the greatest number of namespaces; None: no limit of its own
    :param administration_allowed: to system-level users
    :param compliance: the tenant may choose the retention mode; so with the other five features
    :param cors: a document, or None
    """

    name: str
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    permissions: frozenset[str] = ALL_RIGHTS
    mapi_enabled: bool = True
    groups: dict[str, Group] = field(default_factory=dict)
    content_classes: dict[str, ContentClass] = field(default_factory=dict)
    hard_quota: int = 1024 * GIB
    soft_quota: int = 85
    namespace_quota: Optional[int] = None
    administration_allowed: bool = False
    compliance: bool = True
    versioning: bool = True
    search: bool = True
    replication: bool = True
    erasure_coding: bool = True
    service_plans: bool = True
    authentication: list[str] = field(default_factory=lambda: ['LOCAL', 'RADIUS'])
    tags: list[str] = field(default_factory=list)
    cors: Optional[str] = None
    id: str = field(default_factory=new_id)
    created_ms: int = FIRST_DAY_MS
    further: Further = field(default_factory=dict)


@dataclass
class ReplicationService:
    """The system-wide settings of replication, and whether all links are shut down.

    :param certificates: ID -> text, of the other systems
    """

    allow_tenants_to_monitor_namespaces: bool = True
    enable_dns_failover: bool = True
    enable_domain_and_certificate_synchronization: bool = True
    network: str = '[hcp_system]'
    connectivity_timeout_seconds: int = 60
    verification: str = 'OFF'
    certificates: dict[str, str] = field(default_factory=dict)
    shut_down_reason: Optional[str] = None

    @property
    def status(self) -> str:
        return 'ENABLED' if self.shut_down_reason is None else 'SHUTDOWN'


@dataclass
class System:
    """One HCP.

    :param users: the system-level users, for ``admin.<domain>``
    :param zone: the local time zone, in which HCP prints times
    :param service_plans: name -> description
    :param logs: the internal logs, and the package of them that is made for download
    :param snodes: the names of the S Series nodes
    :param health_check: the report on the system's health that is made for download
    :param licenses: oldest first; the last one counts
    :param support_key: None: the vendor's default key
    :param topologies: for erasure coding
    :param topology_links: links between other systems, of which topologies can be made
    """

    domain: str
    tenants: dict[str, Tenant] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    links: dict[str, ReplicationLink] = field(default_factory=dict)
    replication: ReplicationService = field(default_factory=ReplicationService)
    software_version: str = '7.1.0.10'
    zone: tzinfo = timezone.utc
    permissions: frozenset[str] = ALL_RIGHTS
    mapi_enabled: bool = True
    groups: dict[str, Group] = field(default_factory=dict)
    service_plans: dict[str, str] = field(default_factory=lambda: {'Default': 'Default service plan'})
    logs: Logs = field(default_factory=Logs)
    snodes: list[str] = field(default_factory=list)
    health_check: Package = field(default_factory=Package)
    licenses: list[License] = field(default_factory=lambda: [License()])
    support_key: Optional[SupportKey] = None
    downstream_dns_mode: str = 'BASIC'
    topologies: dict[str, Topology] = field(default_factory=dict)
    topology_links: list[TopologyLink] = field(default_factory=list)

    @property
    def release(self) -> tuple[int, ...]:
        """The software version, to be compared."""
        return tuple(int(part) for part in re.findall(r'\d+', self.software_version))

    def read_only(self, tenant: Tenant, namespace: Namespace) -> bool:
        """Whether writes are refused: the namespace says so, or a link does."""
        return namespace.read_only or any(
            link.read_only(tenant.name)
            for link in list(self.links.values())  # a copy: the management API may just be adding one
        )


Named = TypeVar('Named')


def find(things: Mapping[str, Named], name: str) -> Optional[Named]:
    """Look up by a name that is not case sensitive (users, classes, links, tenants).

    >>> find({'Ann': 1}, 'ann'), find({'Ann': 1}, 'bob')
    (1, None)
    """
    if name in things:
        return things[name]
    wanted = name.lower()
    # of a copy: the management API may just be adding one
    return next((thing for key, thing in list(things.items()) if key.lower() == wanted), None)


class HasName(Protocol):
    """What is kept by its name."""

    name: str


Renamed = TypeVar('Renamed', bound=HasName)


def rename(things: dict[str, Renamed], thing: Renamed, name: str) -> None:
    """Give a thing another name, under which it is found from now on."""
    if name != thing.name:
        things.pop(thing.name, None)
        thing.name = name
        things[name] = thing


# HCP prints a namespace's description as one text; clients cut it into a list at this sign
DESCRIPTION_SEPARATOR = '\N{DEGREE SIGN}'


def _example_namespace(name: str, *, versioning: bool) -> Namespace:
    words = ('replicated', 'search', 'versioning' if versioning else 'no versioning')
    namespace = Namespace(name, DESCRIPTION_SEPARATOR.join(words), versioning=versioning)
    namespace.add_class(RetentionClass('initial_unspecified', '-2', 'Retention to be decided later'))
    namespace.add_class(RetentionClass('deletion_prohibited', '-1', 'Never to be deleted'))
    namespace.add_class(RetentionClass('TAX_DATA', 'A+10y', 'Tax records', auto_delete=True))
    return namespace


def _example_boss() -> User:
    """Who manages the tenant: ADMINISTRATOR brings the management of namespaces along (5.1)."""
    return User('boss', 'boss01', roles=TENANT_ROLES, full_name='The Boss', manager=True, number=501)


def _example_link() -> ReplicationLink:
    return ReplicationLink(
        name='hcp1-a-a-hcp2',
        id='b9c488db-f641-486e-a8b4-56810faf23cd',
        description='active/active link between HCP1 and HCP2',
        local_host='192.168.0.52, 192.168.0.53, 192.168.0.54, 192.168.0.55',
        remote_host='192.168.0.56, 192.168.0.57, 192.168.0.58, 192.168.0.59',
        statistics=LinkStatistics(up_to_date_ms=1419975449113),
        tenants=['m'],
    )


def default_system(domain: str = 'hcp1.example.com') -> System:
    """An HCP that serves the manual's examples.

    Tenant ``m`` with the namespaces ``n1`` (no versioning) and ``n2`` (versioning), its user ``n``
    with password ``n01``, who may do everything with data, and its administrator ``boss`` with password
    ``boss01``, who may do nothing with them; for MAPI the system-level user ``service`` with password
    ``service01``; an active/active link to a second HCP. Its clock shows UTC+1, as the manual's HCP did.

    >>> sorted(default_system('hcp1.example.com').tenants['m'].namespaces)
    ['n1', 'n2']
    """
    namespaces = [_example_namespace('n1', versioning=False), _example_namespace('n2', versioning=True)]
    users = [User('n', 'n01', {namespace.name: ALL_RIGHTS for namespace in namespaces}), _example_boss()]
    tenant = Tenant('m', {one.name: one for one in namespaces}, {user.name: user for user in users})
    link = _example_link()
    return System(
        domain=domain.lower(),
        tenants={tenant.name: tenant},
        users={'service': User('service', 'service01', roles=SYSTEM_ROLES)},
        links={link.name: link},
        zone=timezone(timedelta(hours=1)),
    )
