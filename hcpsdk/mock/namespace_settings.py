"""What belongs to a namespace and is read and changed only (4.4, 4.5, 4.7, 4.9)."""

from __future__ import annotations

import re
from typing import Any

from . import retention
from .addresses import ALLOW_ONLY, FULL, WITHOUT_BOTH
from .cors import cors
from .kinds import BOOLEAN, WRITTEN_ONLY, BadValue, Kind, choice, integer, listed, scalar, text
from .model import Namespace, find
from .owners import ANY_READER
from .properties import Property, Table, Values, settings
from .replies import Refusal
from .resource import Ask
from .retention_classes import WRITERS, setting
from .rights import mask
from .versioning import check_excluded

_PATH = 'tenants/{tenant}/namespaces/{namespace}'


def _namespace(ask: Ask) -> Namespace:
    return ask.namespace


def _read_retention(value: Any) -> str:
    setting(value)
    return scalar(value)


def _read_offset(value: Any) -> str:
    """An offset; the documented samples leave out its first letter."""
    found = scalar(value)
    complete = f'A+{found}' if found[:1].isdigit() else found
    if found not in ('', '0') and not isinstance(setting(complete), retention.Offset):
        raise BadValue('an offset is required')
    return found


COMPLIANCE = Table(
    'complianceSettings',
    Property('customMetadataChanges', choice('ADD', 'ALL', 'NONE'), 'custom_metadata_changes'),
    Property('dispositionEnabled', BOOLEAN, default=False),
    Property('minimumRetentionAfterInitialUnspecified', Kind(_read_offset)),
    Property('retentionDefault', Kind(_read_retention), 'default_retention'),
    Property('shreddingDefault', BOOLEAN, 'default_shred'),
)


def _check_compliance(ask: Ask, namespace: Namespace, values: Values) -> None:
    wanted = setting(values.get('retentionDefault', '0'))
    if isinstance(wanted, retention.ClassName) and find(namespace.retention_classes, wanted.name) is None:
        raise Refusal(400, 'retentionDefault: there is no such retention class')


HTTP = Table(
    'httpProtocol',
    Property('hs3Enabled', BOOLEAN, default=False),
    Property('hs3RequiresAuthentication', BOOLEAN, default=True),
    Property('hswiftEnabled', BOOLEAN, default=False),
    Property('hswiftRequiresAuthentication', BOOLEAN, default=True),
    Property('httpActiveDirectorySSOEnabled', BOOLEAN, default=True),
    Property('httpEnabled', BOOLEAN, 'http'),
    Property('httpsEnabled', BOOLEAN, 'https'),
    FULL,
    Property('restEnabled', BOOLEAN, 'rest'),
    Property('restRequiresAuthentication', BOOLEAN, 'authentication'),
    Property('webdavBasicAuthEnabled', BOOLEAN, default=False),
    Property('webdavBasicAuthPassword', WRITTEN_ONLY),
    Property('webdavBasicAuthUsername', text(64)),
    Property('webdavCustomMetadata', BOOLEAN, default=False),
    Property('webdavEnabled', BOOLEAN, default=False),
)


def _check_http(ask: Ask, namespace: Namespace, values: Values) -> None:
    check_excluded(namespace, HTTP.root, values)
    if values.get('hs3Enabled') and not namespace.acls:
        raise Refusal(400, 'hs3Enabled needs ACLs')
    user, password = (values.get(f'webdavBasicAuth{name}') for name in ('Username', 'Password'))
    # a user that is left as it was may come without the password, which no GET shows [inferred]
    if bool(user) != bool(password) and user != HTTP.kept(namespace, 'webdavBasicAuthUsername'):
        raise Refusal(400, 'webdavBasicAuthUsername and webdavBasicAuthPassword go together')


_ENABLED = Property('enabled', BOOLEAN, default=False)
_OWNER_ID = integer(0, 2**31 - 1)

NFS = Table(
    'nfsProtocol',
    _ENABLED,
    Property('gid', _OWNER_ID, default=0),
    ALLOW_ONLY,
    Property('uid', _OWNER_ID, default=0),
)
CIFS = Table(
    'cifsProtocol',
    Property('caseForcing', choice('UPPER', 'LOWER', 'DISABLED'), default='DISABLED'),
    Property('caseSensitive', BOOLEAN, default=True),
    _ENABLED,
    WITHOUT_BOTH,
    Property('requiresAuthentication', BOOLEAN, default=True),
)
SMTP = Table(
    'smtpProtocol',
    Property('emailFormat', choice('.eml', '.mbox'), default='.eml'),
    Property('emailLocation', text(1024, pattern=re.compile('/(.*/)?', re.DOTALL)), default='/email/'),
    _ENABLED,
    WITHOUT_BOTH,
    Property('separateAttachments', BOOLEAN, default=False),
)

_INDEXING_PATH = f'{_PATH}/customMetadataIndexingSettings'
INDEXING = Table(
    'customMetadataIndexingSettings',
    Property('contentClasses', listed('name', text(64, least=1)), default=[]),
    Property('excludedAnnotations', text(1024)),
    Property('fullIndexingEnabled', BOOLEAN, default=False),
)


def _searched(ask: Ask) -> Namespace:
    """The namespace, if search is on. The status is [inferred]."""
    if not ask.namespace.search:
        raise Refusal(403, 'search is off for this namespace')
    return ask.namespace


def _check_indexing(ask: Ask, namespace: Namespace, values: Values) -> None:
    classes = ask.tenant.content_classes
    for name in values.get('contentClasses', []):
        if name not in classes:  # here, the case counts (4.7)
            raise Refusal(400, f'contentClasses: there is no {name}')
    on = namespace.further.get('namespace', {}).get('customMetadataIndexingEnabled')
    if not on and (values.get('fullIndexingEnabled') or values.get('excludedAnnotations')):
        raise Refusal(403, 'customMetadataIndexingEnabled is off for this namespace')


def _deletes(namespace: Namespace) -> bool:
    return bool(namespace.further.get('replicationCollisionSettings', {}).get('deleteEnabled'))


COLLISIONS = Table(
    'replicationCollisionSettings',
    Property('action', choice('MOVE', 'RENAME'), default='MOVE'),
    Property('deleteDays', integer(0, 36_500), default=0, when=_deletes),
    Property('deleteEnabled', BOOLEAN, default=False),
)


def _check_collisions(ask: Ask, namespace: Namespace, values: Values) -> None:
    if values.get('deleteEnabled') and 'deleteDays' not in values:
        raise Refusal(400, 'deleteDays is required')
    if 'deleteDays' in values and not values.get(
        'deleteEnabled', COLLISIONS.kept(namespace, 'deleteEnabled')
    ):
        raise Refusal(400, 'deleteDays needs deleteEnabled')


def _check_excluded(table: Table) -> Any:
    return lambda ask, namespace, values: check_excluded(namespace, table.root, values)


ROUTES = [
    settings(
        f'{_PATH}/complianceSettings',
        COMPLIANCE,
        _namespace,
        readers=ANY_READER,
        writers=WRITERS,
        check=_check_compliance,
    ),
    settings(f'{_PATH}/protocols/http', HTTP, _namespace, check=_check_http),
    *(
        settings(f'{_PATH}/protocols/{name}', table, _namespace, check=_check_excluded(table))
        for name, table in (('nfs', NFS), ('cifs', CIFS), ('smtp', SMTP))
    ),
    settings(_INDEXING_PATH, INDEXING, _searched, check=_check_indexing),
    settings(f'{_PATH}/replicationCollisionSettings', COLLISIONS, _namespace, check=_check_collisions),
    mask(f'{_PATH}/permissions', _namespace),
    cors(f'{_PATH}/cors', _namespace),
]
