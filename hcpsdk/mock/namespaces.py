"""Namespaces: list, create, read, modify, delete, rename (4.1, 4.2)."""

from __future__ import annotations

import re
from typing import Any

from .defaults import (
    ABORT_DAYS,
    COMPLIANCE,
    DESCRIPTION,
    ENTERPRISE,
    ENTERPRISE_MODE,
    HASH_SCHEME,
    RETENTION_TYPE,
    SOFT_QUOTA,
    check_features,
    for_namespace,
)
from .figures import statistics
from .formats import Tree
from .kinds import BOOLEAN, HOST_NAME, QUOTA, SHOWN_ONLY, TAGS, Kind, choice, same
from .listing import listed, row
from .model import Group, Namespace, Tenant, User, find, rights
from .owners import ANY_READER, MANAGERS, namespace_seen, only_own, owns
from .properties import ALL, NOBODY, Property, T, Table, Values, shown_only
from .replies import Refusal, local_time
from .resource import READERS, WRITERS, Ask, Method, Route
from .rights import MINIMUM
from .versioning import IN_NAMESPACE, VERSIONING, check_excluded, check_versioning, check_whole

NEVER_ACLS, LOCAL = 'NOT_ENABLED', 'LOCAL'

IF_ANY = Kind(same, lambda kept: kept or None)


def _replicates(namespace: Namespace) -> bool:
    return bool(NAMESPACE.kept(namespace, 'replicationEnabled'))


# in the order of the 7.0 schema, the newer ones at the end
NAMESPACE = Table(
    'namespace',
    Property('aclsUsage', choice(NEVER_ACLS, 'ENFORCED', 'NOT_ENFORCED'), 'acls_usage'),
    Property('authUsersAlwaysGrantedAllPermissions', BOOLEAN, default=True),
    Property('allowPermissionAndOwnershipChanges', BOOLEAN, default=False),
    Property('appendEnabled', BOOLEAN, default=False),
    Property('atimeSynchronizationEnabled', BOOLEAN, default=False),
    Property('authMinimumPermissions', MINIMUM, 'minimum'),
    shown_only('creationTime', SHOWN_ONLY, verbose=ALL),
    Property('customMetadataIndexingEnabled', BOOLEAN, default=False),
    Property('customMetadataValidationEnabled', BOOLEAN, 'xml_check'),
    Property('description', DESCRIPTION, 'description'),
    Property('dpl', SHOWN_ONLY, default='Dynamic', ignored=True),
    Property('enterpriseMode', ENTERPRISE_MODE, 'retention_mode'),
    shown_only('fullyQualifiedName', SHOWN_ONLY, verbose=ALL),
    Property('hardQuota', QUOTA, 'hard_quota'),
    Property('hashScheme', HASH_SCHEME, 'hash_scheme', post=NOBODY, get=NOBODY, verbose=ALL),
    Property('indexingDefault', BOOLEAN, 'default_index'),
    Property('indexingEnabled', BOOLEAN, default=False),
    shown_only('isDplDynamic', SHOWN_ONLY, verbose=ALL),
    shown_only('mqeIndexingTimestamp', SHOWN_ONLY, verbose=ALL),
    Property('name', HOST_NAME, 'name', required=True),
    Property('owner', attribute='owner'),
    Property('ownerType', choice(LOCAL, 'EXTERNAL', '')),
    Property('readFromReplica', BOOLEAN, default=False, when=_replicates),
    Property('replicationEnabled', BOOLEAN, default=False),
    shown_only('replicationTimestamp', IF_ANY, verbose=ALL),
    Property('searchEnabled', BOOLEAN, 'search'),
    Property('servicePlan', default='Default'),
    Property('serviceRemoteSystemRequests', BOOLEAN, default=True),
    Property('softQuota', SOFT_QUOTA, 'soft_quota'),
    Property('tags', TAGS, 'tags'),
    shown_only('id', SHOWN_ONLY, 'id', verbose=ALL),
    Property('authAndAnonymousMinimumPermissions', MINIMUM, 'everyone'),
    Property('versioningSettings', IN_NAMESPACE, post=NOBODY, get=NOBODY),
    Property('allowErasureCoding', BOOLEAN, default=False),
    Property('directoryUsage', choice('Balanced', 'Unbalanced'), default='Balanced'),
    Property('multipartUploadAutoAbortDays', ABORT_DAYS, default=30),
    Property('optimizedFor', choice('CLOUD', 'ALL'), default='CLOUD'),
    Property('retentionType', RETENTION_TYPE, default='HCP'),
    Property('s3UnversionedOverwrite', BOOLEAN, default=False),
)

# what is on only where the other one is
NEEDS = {
    'indexingEnabled': 'searchEnabled',
    'customMetadataIndexingEnabled': 'indexingEnabled',
    'readFromReplica': 'replicationEnabled',
}


def get_namespaces(ask: Ask) -> Tree:
    """The names of the namespaces, of a mere manager's own ones."""
    found = [one for one in ask.tenant.namespaces.values() if not only_own(ask) or owns(ask, one)]
    return {'name': listed(ask, [row(one) for one in found])}


def put_namespace(ask: Ask) -> None:
    """Create a namespace. One that a mere manager creates belongs to the manager [inferred]."""
    tenant, given = ask.tenant, NAMESPACE.read(ask, creating=True)
    if only_own(ask):
        given = {'owner': ask.caller.user.name, **given}
    values = _completed(tenant, given)
    namespace = _blank(ask, values['name'])
    check_whole(given.get('versioningSettings', {}))
    _check(ask, namespace, values)
    _check_number(ask)
    if find(tenant.namespaces, namespace.name) is not None:
        raise Refusal(409, 'there is a namespace of this name')
    VERSIONING.apply(namespace, values.pop('versioningSettings', {}))
    _apply(tenant, namespace, values)
    tenant.namespaces[namespace.name] = namespace


def _completed(tenant: Tenant, given: Values) -> Values:
    """The values of a new namespace with the tenant's defaults, and those that follow others (4.2)."""
    values = {**for_namespace(tenant), **given}
    values.setdefault('indexingEnabled', values['searchEnabled'])
    values.setdefault('readFromReplica', values['replicationEnabled'])
    if values['retentionType'] == 'S3':
        values['versioningSettings'] = {'enabled': True, 'useDeleteMarkers': True}
    return values


def _blank(ask: Ask, name: str) -> Namespace:
    """A namespace with HCP's defaults: HTTP is off, but for an HCP that has nothing else (4.5)."""
    return Namespace(
        name, search=False, http=not ask.running.https, acls=False, xml_check=False, created_ms=ask.now_ms
    )


def _check_number(ask: Ask) -> None:
    """Whether there may be one more namespace. The status is [inferred]."""
    tenant = ask.tenant
    if tenant.namespace_quota is not None and len(tenant.namespaces) >= tenant.namespace_quota:
        raise Refusal(403, 'the tenant has as many namespaces as its namespaceQuota says')
    own = sum(owns(ask, one) for one in tenant.namespaces.values())
    if only_own(ask) and own >= tenant.further.get('tenant', {}).get('maxNamespacesPerUser', 100):
        raise Refusal(403, 'the user owns as many namespaces as maxNamespacesPerUser says')


def _check(ask: Ask, namespace: Namespace, values: Values) -> None:
    """What does not go together, or not with what there is."""
    tenant = ask.tenant
    check_features(ask.system, tenant, values)
    check_versioning(tenant, namespace, values.get('versioningSettings', {}))
    check_excluded(namespace, NAMESPACE.root, values)
    _check_quota(ask, namespace, values)
    _check_owner(tenant, values)
    for name, needed in NEEDS.items():
        if values.get(name) and not values.get(needed, NAMESPACE.kept(namespace, needed)):
            raise Refusal(400, f'{name} needs {needed}')
    if values.get('enterpriseMode') == ENTERPRISE and namespace.retention_mode == COMPLIANCE:
        raise Refusal(403, 'enterpriseMode: there is no way back from compliance mode')
    if values.get('aclsUsage') == NEVER_ACLS and namespace.acls:
        raise Refusal(403, 'aclsUsage: there is no way back to NOT_ENABLED')


def _check_quota(ask: Ask, namespace: Namespace, values: Values) -> None:
    quota, tenant = values.get('hardQuota'), ask.tenant
    if quota is None:
        return
    others = sum(one.hard_quota for one in tenant.namespaces.values() if one is not namespace)
    if others + quota > tenant.hard_quota:
        raise Refusal(400, 'hardQuota: the tenant has less')
    if tenant.namespaces.get(namespace.name) is namespace:
        used = ask.store(namespace).usage.bytes * namespace.dpl
        if quota < used:
            raise Refusal(400, 'hardQuota: more than that is used')


def _check_owner(tenant: Tenant, values: Values) -> None:
    if 'ownerType' in values and 'owner' not in values:
        raise Refusal(400, 'ownerType needs owner')
    local = values.get('ownerType', LOCAL) != 'EXTERNAL'
    if values.get('owner') and local and find(tenant.users, values['owner']) is None:
        raise Refusal(400, 'owner: there is no such user')


def _apply(tenant: Tenant, namespace: Namespace, values: Values) -> None:
    """Keep the values, and what comes of them elsewhere."""
    if values.get('owner') and 'ownerType' not in values:
        values['ownerType'] = LOCAL
    if values.get('owner') == '':
        values['ownerType'] = ''
    if values.get('searchEnabled') is False:
        values.update(indexingEnabled=False, customMetadataIndexingEnabled=False)
        _leave_classes(tenant, namespace.name)
    NAMESPACE.apply(namespace, values)
    if namespace.anonymous is not None:
        namespace.anonymous = namespace.everyone
    owner = find(tenant.users, values.get('owner', ''))
    if owner is not None:
        given = owner.permissions.get(namespace.name, frozenset())
        owner.permissions[namespace.name] = given | rights('browse', 'read', 'write', 'readAcl', 'writeAcl')


def _leave_classes(tenant: Tenant, name: str) -> None:
    for one in tenant.content_classes.values():
        one.namespaces = [namespace for namespace in one.namespaces if namespace != name]


def get_namespace(ask: Ask) -> Tree:
    """A namespace's properties; a mere manager sees but two of them."""
    namespace = namespace_seen(ask)
    if only_own(ask):
        return {'name': namespace.name, 'owner': namespace.owner}
    system, created = ask.system, local_time(namespace.created_ms, ask.system.zone)
    links = [link for link in system.links.values() if ask.tenant.name in link.tenants]
    replicated = local_time(links[0].statistics.up_to_date_ms, system.zone) if links else ''
    computed: dict[str, Any] = {
        'creationTime': created,
        'fullyQualifiedName': f'{namespace.name}.{ask.tenant.name}.{system.domain}',
        'isDplDynamic': True,
        'mqeIndexingTimestamp': namespace.further.get('namespace', {}).get('mqeIndexingTimestamp', created),
        'replicationTimestamp': replicated if _replicates(namespace) else '',
    }
    return NAMESPACE.show(ask, namespace, computed)


def post_namespace(ask: Ask) -> None:
    """Change a namespace's properties, or have it indexed again."""
    tenant, namespace, values = ask.tenant, ask.namespace, NAMESPACE.read(ask)
    if 'resetMQECheckpoint' in ask.query:
        _reset_checkpoint(ask, namespace)
    _check(ask, namespace, values)
    _rename(ask, namespace, values.get('name', namespace.name))
    _apply(tenant, namespace, values)


def _reset_checkpoint(ask: Ask, namespace: Namespace) -> None:
    day = ask.query['resetMQECheckpoint'] or ''
    match = re.fullmatch(r'(\d\d)/(\d\d)/(\d{4})', day)
    if match is None and day != '0':
        raise Refusal(400, 'resetMQECheckpoint is a day as mm/dd/yyyy, or 0')
    stamp = local_time(namespace.created_ms, ask.system.zone)
    if match is not None:
        stamp = f'{match[3]}-{match[1]}-{match[2]}T00:00:00' + stamp[19:]
    namespace.further.setdefault('namespace', {})['mqeIndexingTimestamp'] = stamp


def _rename(ask: Ask, namespace: Namespace, name: str) -> None:
    """Have a namespace with all that refers to it under another name."""
    tenant, old = ask.tenant, namespace.name
    if name == old:
        return
    if find(tenant.namespaces, name) not in (None, namespace):
        raise Refusal(409, 'there is a namespace of this name')
    for root, on in (('httpProtocol', 'hs3Enabled'), ('cifsProtocol', 'enabled'), ('nfsProtocol', 'enabled')):
        if namespace.further.get(root, {}).get(on):
            raise Refusal(403, f'{on} of {root} is in the way of a new name')
    ask.stores.rename((tenant.name, old), (tenant.name, name))
    tenant.namespaces[name] = tenant.namespaces.pop(old)
    for account in _accounts(tenant):
        if old in account.permissions:
            account.permissions[name] = account.permissions.pop(old)
    for one in tenant.content_classes.values():
        one.namespaces = [name if namespace == old else namespace for namespace in one.namespaces]


def _accounts(tenant: Tenant) -> list[User | Group]:
    return [*tenant.users.values(), *tenant.groups.values()]


def delete_namespace(ask: Ask) -> None:
    """Delete a namespace that is empty."""
    tenant, namespace = ask.tenant, namespace_seen(ask)
    store = ask.store(namespace)
    with store.lock:
        if store.holds_objects():
            raise Refusal(403, 'the namespace is not empty')
        del tenant.namespaces[namespace.name]
    ask.stores.drop((tenant.name, namespace.name))
    _leave_classes(tenant, namespace.name)
    for account in _accounts(tenant):
        account.permissions.pop(namespace.name, None)


_PATH = 'tenants/{tenant}/namespaces'

ROUTES = [
    Route(
        _PATH,
        'namespaces',
        {
            'GET': Method(get_namespaces, ANY_READER | MANAGERS),
            'PUT': Method(put_namespace, WRITERS | MANAGERS),
        },
        lambda ask: ask.tenant,
        T,
    ),
    Route(
        f'{_PATH}/{{namespace}}',
        'namespace',
        {
            'GET': Method(get_namespace, READERS | MANAGERS),
            'HEAD': Method(get_namespace, ANY_READER | MANAGERS),
            'POST': Method(post_namespace, WRITERS),
            'DELETE': Method(delete_namespace, WRITERS | MANAGERS),
        },
        namespace_seen,
        T,
    ),
    statistics(f'{_PATH}/{{namespace}}/statistics', lambda ask: [ask.namespace]),
]
