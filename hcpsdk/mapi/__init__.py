"""The management API (MAPI), one module per area.

MAPI speaks TLS on port 9090, under ``admin.<hcp domain>`` for system-level users and under
``<tenant>.<hcp domain>`` for tenant-level ones.
"""

from ._engine import Mapi, MapiError
from .accounts import ContentClasses, Groups, Users
from .namespaces import Namespaces, RetentionClasses
from .replication import Replication, ReplicationSettingsError
from .tenants import Tenant, Tenants, listtenants

__all__ = [
    'ContentClasses',
    'Groups',
    'Mapi',
    'MapiError',
    'Namespaces',
    'Replication',
    'ReplicationSettingsError',
    'RetentionClasses',
    'Tenant',
    'Tenants',
    'Users',
    'listtenants',
]
