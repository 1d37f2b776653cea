"""Tenants: list, create, read, modify, delete (3.1, 3.2)."""

from __future__ import annotations

from typing import Any, Optional

from .accounts import SECURITY, add_user
from .figures import statistics
from .formats import Tree, boolean
from .kinds import BOOLEAN, HOST_NAME, QUOTA, SHOWN_ONLY, TAGS, TEXT, Kind, integer, text
from .kinds import words as some_of
from .listing import listed, row
from .model import Group, System, Tenant, User, find
from .passwords import checked
from .properties import ALL, NOBODY, Property, S, T, Table, Values, shown_only
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route

RESERVED = frozenset(
    [
        'admin',
        'cifs',
        'default',
        'fcfs',
        'nfs',
        'scavenging',
        'search',
        'search-api',
        'smb',
        'smtp',
        'snmp',
        'www',
    ]
)
MOST_NAMESPACES = 10_000
NO_QUOTA = 'None'
NETWORK = '[hcp_system]'

_NUMBER = integer(1, MOST_NAMESPACES)


def _read_namespace_quota(value: Any) -> Optional[int]:
    found: Optional[int] = None if value == NO_QUOTA else _NUMBER.read(value)
    return found


NAMESPACE_QUOTA = Kind(_read_namespace_quota, lambda kept: NO_QUOTA if kept is None else str(kept))


def _of_system(name: str, kind: Kind = TEXT, attribute: str = '', **more: Any) -> Property:
    """A property that is the system's administrators' to see and to set."""
    return Property(name, kind, attribute, **{'put': S, 'post': S, 'get': S, **more})


def _quoted(name: str, kind: Kind, attribute: str, *, required: bool = False) -> Property:
    """One that the tenant sees, too, when asking to be verbose."""
    return _of_system(name, kind, attribute, verbose=T, required=required)


def _of_tenant(name: str, kind: Kind = TEXT, attribute: str = '', default: Any = '') -> Property:
    """A property that is the tenant's administrators' to see and to set."""
    return Property(name, kind, attribute, default, put=NOBODY, post=T, get=T)


# in the order of the 7.0 schema
TENANT = Table(
    'tenant',
    _of_tenant('administrationAllowed', BOOLEAN, 'administration_allowed'),
    _quoted(
        'authenticationTypes', some_of('authenticationType', 'LOCAL', 'RADIUS', 'EXTERNAL'), 'authentication'
    ),
    _quoted('complianceConfigurationEnabled', BOOLEAN, 'compliance'),
    shown_only('creationTime', SHOWN_ONLY, verbose=ALL),
    _of_system('dataNetwork', default=NETWORK),
    _of_system('erasureCodingSelectionEnabled', BOOLEAN, 'erasure_coding'),
    shown_only('fullyQualifiedName', SHOWN_ONLY, verbose=ALL),
    _quoted('hardQuota', QUOTA, 'hard_quota', required=True),
    _of_system('managementNetwork', default=NETWORK),
    _of_tenant('maxNamespacesPerUser', integer(0, MOST_NAMESPACES), default=100),
    _quoted('name', HOST_NAME, 'name', required=True),
    _quoted('namespaceQuota', NAMESPACE_QUOTA, 'namespace_quota'),
    _quoted('replicationConfigurationEnabled', BOOLEAN, 'replication'),
    _quoted('searchConfigurationEnabled', BOOLEAN, 'search'),
    _of_system('servicePlan', default='Default', when=lambda tenant: not tenant.service_plans),
    _of_system('servicePlanSelectionEnabled', BOOLEAN, 'service_plans'),
    _of_tenant('snmpLoggingEnabled', BOOLEAN, default=False),
    _quoted('softQuota', integer(0, 100), 'soft_quota'),
    _of_tenant('syslogLoggingEnabled', BOOLEAN, default=False),
    _of_system('systemVisibleDescription', text(1024)),
    _of_system('tags', TAGS, 'tags'),
    _of_tenant('tenantVisibleDescription', text(1024)),
    shown_only('id', SHOWN_ONLY, 'id', verbose=ALL),
    _quoted('versioningConfigurationEnabled', BOOLEAN, 'versioning'),
)

# once on, they stay on
FOR_EVER = {'replicationConfigurationEnabled': 'replication', 'servicePlanSelectionEnabled': 'service_plans'}


def get_tenants(ask: Ask) -> Tree:
    """The names of the tenants."""
    return {'name': listed(ask, [row(tenant) for tenant in ask.system.tenants.values()])}


def put_tenant(ask: Ask) -> None:
    """Create a tenant, with the account that is to make all others."""
    values = TENANT.read(ask, creating=True)
    tenant = _blank(values['name'], ask.now_ms)
    _check(ask, tenant, values)
    TENANT.apply(tenant, values)
    _add_first_account(ask, tenant)
    if find(ask.system.tenants, tenant.name) is not None:
        raise Refusal(409, 'there is a tenant of this name')
    ask.system.tenants[tenant.name] = tenant


def _blank(name: str, now_ms: int) -> Tenant:
    """A tenant with HCP's defaults. That the features are off is [inferred]."""
    return Tenant(
        name,
        created_ms=now_ms,
        compliance=False,
        versioning=False,
        search=False,
        replication=False,
        erasure_coding=False,
        service_plans=False,
    )


def _check(ask: Ask, tenant: Tenant, values: Values) -> None:
    """What does not go together, or not with what there is."""
    if values.get('name', '').lower() in RESERVED:
        raise Refusal(400, 'this name is reserved')
    if not set(values.get('authenticationTypes', ['LOCAL'])) - {'RADIUS'}:
        raise Refusal(400, 'authenticationTypes: LOCAL or EXTERNAL is required')
    if values.get('hardQuota', tenant.hard_quota) < sum(one.hard_quota for one in tenant.namespaces.values()):
        raise Refusal(400, 'hardQuota: the namespaces have more')
    if (values.get('namespaceQuota') or MOST_NAMESPACES) < len(tenant.namespaces):
        raise Refusal(400, 'namespaceQuota: there are more namespaces')
    if values.get('servicePlan', 'Default') not in ask.system.service_plans:
        raise Refusal(400, 'servicePlan: there is no such plan')
    for name, attribute in FOR_EVER.items():
        if getattr(tenant, attribute) and not values.get(name, True):
            raise Refusal(403, f'{name} cannot be switched off')


def _add_first_account(ask: Ask, tenant: Tenant) -> None:
    """The account with the role SECURITY that the parameters describe.

    :raises Refusal: 400 if there is none
    """
    group, name = ask.query.get('initialSecurityGroup'), ask.query.get('username')
    if group and 'EXTERNAL' in tenant.authentication:
        tenant.groups[group] = Group(group, roles=SECURITY)
    elif not name or not ask.query.get('password'):
        raise Refusal(
            400, "the parameters 'username' and 'password', or 'initialSecurityGroup', are required"
        )
    if name and 'LOCAL' in tenant.authentication:
        user = User(name, checked(ask.query.get('password') or '', {}), roles=SECURITY, full_name=name)
        add_user(tenant.users, user, {'forcePasswordChange': boolean(ask.query.get('forcePasswordChange'))})


def _the_tenant(ask: Ask) -> Tenant:
    return ask.tenant


def get_tenant(ask: Ask) -> Tree:
    """A tenant's properties."""
    tenant = ask.tenant
    computed = {
        'creationTime': local_time(tenant.created_ms, ask.system.zone),
        'fullyQualifiedName': f'{tenant.name}.{ask.system.domain}',
    }
    return TENANT.show(ask, tenant, computed)


def post_tenant(ask: Ask) -> None:
    """Change a tenant's properties."""
    tenant, values = ask.tenant, TENANT.read(ask)
    _check(ask, tenant, values)
    _rename(ask, tenant, values.get('name', tenant.name))
    TENANT.apply(tenant, values)


def _rename(ask: Ask, tenant: Tenant, name: str) -> None:
    """Have a tenant with all that it has under another name."""
    system, old = ask.system, tenant.name
    if name == old:
        return
    if find(system.tenants, name) not in (None, tenant):
        raise Refusal(409, 'there is a tenant of this name')
    for namespace in tenant.namespaces.values():
        if any(namespace.further.get(kind, {}).get('enabled') for kind in ('cifsProtocol', 'nfsProtocol')):
            raise Refusal(403, f'CIFS or NFS is enabled for {namespace.name}')
    for namespace in tenant.namespaces.values():
        ask.stores.rename((old, namespace.name), (name, namespace.name))
    system.tenants[name] = system.tenants.pop(old)
    _elsewhere(system, old, [name])


def _elsewhere(system: System, name: str, instead: list[str]) -> None:
    """Have links and topologies know a tenant by another name, or by none."""
    links, topologies = system.links.values(), system.topologies.values()
    for names in (*(one.tenants for one in links), *(one.tenants for one in topologies)):
        if name in names:
            names[:] = [one for one in names if one != name] + instead
    for link in links:
        if name in link.paused:
            link.paused.remove(name)
            link.paused.update(instead)


def delete_tenant(ask: Ask) -> None:
    """Delete a tenant that has no namespaces any more."""
    tenant = ask.tenant
    if tenant.namespaces:
        raise Refusal(403, 'the tenant has namespaces')
    del ask.system.tenants[tenant.name]
    _elsewhere(ask.system, tenant.name, [])


ROUTES = [
    Route('tenants', 'tenants', {'GET': Method(get_tenants), 'PUT': Method(put_tenant, WRITERS)}),
    Route(
        'tenants/{tenant}',
        'tenant',
        {
            'GET': Method(get_tenant),
            'POST': Method(post_tenant, WRITERS),
            'DELETE': Method(delete_tenant, WRITERS, S),
        },
        _the_tenant,
        ALL,
    ),
    statistics('tenants/{tenant}/statistics', lambda ask: list(ask.tenant.namespaces.values())),
]
