"""``namespaceDefaults`` (3.7): what a tenant's new namespaces have, and the kinds of values they share."""

from __future__ import annotations

from .kinds import BOOLEAN, QUOTA, SHOWN_ONLY, Kind, choice, integer, text
from .model import GIB, HASH_SCHEMES, System, Tenant
from .properties import ALL, NOBODY, Property, Table, Values, settings
from .replies import Refusal
from .resource import Ask
from .versioning import IN_DEFAULTS, check_whole

_HASH = choice(*HASH_SCHEMES, exact=True)
HASH_SCHEME = Kind(lambda value: _HASH.read('RIPEMD-160' if value == 'RIPEMD160' else value))
"""clients write RIPEMD160, too"""

ENTERPRISE, COMPLIANCE = 'enterprise', 'compliance'
ENTERPRISE_MODE = Kind(
    lambda value: ENTERPRISE if BOOLEAN.read(value) else COMPLIANCE, lambda kept: kept == ENTERPRISE
)
SOFT_QUOTA, ABORT_DAYS = integer(10, 95), integer(0, 180)
RETENTION_TYPE = choice('HCP', 'S3')
DESCRIPTION = text(1024)

DEFAULTS = Table(
    'namespaceDefaults',
    Property('allowErasureCoding', BOOLEAN, default=False),
    Property('description', DESCRIPTION),
    Property('directoryUsage', choice('Balanced', 'Unbalanced', 'Default'), default='Default'),
    Property('dpl', SHOWN_ONLY, default='Dynamic', ignored=True),
    Property('effectiveDpl', SHOWN_ONLY, default='Dynamic', get=NOBODY, verbose=ALL, ignored=True),
    Property('enterpriseMode', ENTERPRISE_MODE, default=ENTERPRISE),
    Property('hardQuota', QUOTA, default=50 * GIB),
    Property('hashScheme', HASH_SCHEME, default='SHA-256'),
    Property('multipartUploadAutoAbortDays', ABORT_DAYS, default=30),
    Property('optimizedFor', choice('ALL', 'CLOUD', 'DEFAULT'), default='DEFAULT'),
    Property('replicationEnabled', BOOLEAN, default=False),
    Property('retentionType', RETENTION_TYPE, default='HCP'),
    Property('s3UnversionedOverwrite', BOOLEAN, default=False),
    Property('searchEnabled', BOOLEAN, default=False),
    Property('servicePlan', default='Default'),
    Property('softQuota', SOFT_QUOTA, default=85),
    Property('versioningSettings', IN_DEFAULTS, default={'enabled': False}),
)

_CANNOT_BE_DEFAULTS = {'optimizedFor': {'DEFAULT': 'CLOUD'}, 'directoryUsage': {'Default': 'Balanced'}}
"""what these two come to in a namespace [inferred]"""

_NOT_TAKEN = frozenset({'dpl', 'effectiveDpl'})


def for_namespace(tenant: Tenant) -> Values:
    """What a namespace has that is created without saying otherwise."""
    found = {name: DEFAULTS.kept(tenant, name) for name in DEFAULTS.names if name not in _NOT_TAKEN}
    for name, instead in _CANNOT_BE_DEFAULTS.items():
        found[name] = instead.get(found[name], found[name])
    return found


def check_features(system: System, tenant: Tenant, values: Values) -> None:
    """What a tenant may choose only if the system's administrator lets it. The status is [inferred].

    :raises Refusal: 403; 400 for an unknown service plan
    """
    wanted = {
        'enterpriseMode': (values.get('enterpriseMode') == COMPLIANCE, tenant.compliance),
        'searchEnabled': (values.get('searchEnabled'), tenant.search),
        'replicationEnabled': (values.get('replicationEnabled'), tenant.replication),
        'servicePlan': (values.get('servicePlan', 'Default') != 'Default', tenant.service_plans),
        'allowErasureCoding': (values.get('allowErasureCoding'), tenant.erasure_coding),
        'versioningSettings': (values.get('versioningSettings', {}).get('enabled'), tenant.versioning),
    }
    for name, (asked, allowed) in wanted.items():
        if asked and not allowed:
            raise Refusal(403, f'{name}: this tenant may not configure that')
    if values.get('servicePlan', 'Default') not in system.service_plans:
        raise Refusal(400, 'servicePlan: there is no such plan')


def _check(ask: Ask, tenant: Tenant, values: Values) -> None:
    check_features(ask.system, tenant, values)
    check_whole(values.get('versioningSettings', {}))
    if values.get('hardQuota', 0) > tenant.hard_quota:
        raise Refusal(400, 'hardQuota: the tenant has less')


ROUTES = [
    settings('tenants/{tenant}/namespaceDefaults', DEFAULTS, lambda ask: ask.tenant, check=_check),
]
