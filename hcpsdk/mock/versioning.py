"""``versioningSettings`` (4.3): a resource of its own, and an object within others."""

from __future__ import annotations

from .kinds import BOOLEAN, SHOWN_ONLY, integer
from .model import Namespace, Tenant
from .owners import ANY_READER, MANAGERS, namespace_seen
from .properties import NOBODY, Property, Table, Values, record, settings
from .replies import Refusal
from .resource import WRITERS, Ask, Method, Route

_DAYS = integer(0, 36_500)


def _prunes(namespace: Namespace) -> bool:
    return bool(namespace.further.get('versioningSettings', {}).get('prune'))


VERSIONING = Table(
    'versioningSettings',
    Property('enabled', BOOLEAN, 'versioning'),
    Property('keepDeletionRecords', BOOLEAN, default=True),
    Property('prune', BOOLEAN, default=False, also='pruneOnPrimary'),
    Property('pruneDays', _DAYS, default=0, also='daysOnPrimary', when=_prunes),
    Property('pruneOnReplica', SHOWN_ONLY, get=NOBODY, ignored=True),
    Property('daysOnReplica', SHOWN_ONLY, get=NOBODY, ignored=True),
    Property('useDeleteMarkers', BOOLEAN, default=False),
)
_IN_BOTH = (
    Property('enabled', BOOLEAN, default=False, required=True),
    Property('prune', BOOLEAN, default=False),
    Property('pruneDays', _DAYS, default=0),
)
IN_DEFAULTS = record(*_IN_BOTH)
IN_NAMESPACE = record(
    *_IN_BOTH,
    Property('keepDeletionRecords', BOOLEAN, default=True),
    Property('useDeleteMarkers', BOOLEAN, default=False),
)
# what excludes versioning: of which resource which property
EXCLUDED = (
    ('cifsProtocol', 'enabled'),
    ('nfsProtocol', 'enabled'),
    ('smtpProtocol', 'enabled'),
    ('httpProtocol', 'webdavEnabled'),
    ('namespace', 'appendEnabled'),
)


def check_whole(values: Values) -> None:
    """Where the settings are part of another resource, the parts need each other."""
    for first, second in (('enabled', 'prune'), ('prune', 'pruneDays')):
        if values.get(first) and second not in values:
            raise Refusal(400, f'versioningSettings: {second} is required')


def check_versioning(tenant: Tenant, namespace: Namespace, values: Values) -> None:
    """What versioning needs, and what it does not go together with.

    :raises Refusal: 403, 400
    """
    if values.get('enabled') and not tenant.versioning:
        raise Refusal(403, 'this tenant may not configure versioning')
    if values.get('enabled'):
        for root, name in EXCLUDED:
            if namespace.further.get(root, {}).get(name):
                raise Refusal(400, f'versioning and {name} of {root} exclude each other')


def check_excluded(namespace: Namespace, root: str, values: Values) -> None:
    """The other way round: what cannot be switched on where there are versions."""
    for other, name in EXCLUDED:
        if namespace.versioning and root == other and values.get(name):
            raise Refusal(400, f'versioning and {name} exclude each other')


def _check(ask: Ask, namespace: Namespace, values: Values) -> None:
    check_versioning(ask.tenant, namespace, values)


def _delete(ask: Ask) -> None:
    """Back to what a namespace without versions has [inferred]."""
    namespace = namespace_seen(ask)
    VERSIONING.reset(namespace)
    namespace.versioning = False


_SETTINGS = settings(
    'tenants/{tenant}/namespaces/{namespace}/versioningSettings',
    VERSIONING,
    namespace_seen,
    readers=(ANY_READER - {'COMPLIANCE'}) | MANAGERS,
    writers=WRITERS | MANAGERS,
    check=_check,
)
ROUTES = [
    Route(
        _SETTINGS.path,
        _SETTINGS.root,
        {**_SETTINGS.methods, 'DELETE': Method(_delete, WRITERS | MANAGERS)},
        namespace_seen,
        _SETTINGS.level,
    )
]
