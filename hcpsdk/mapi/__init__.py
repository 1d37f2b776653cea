"""The management API (MAPI), one module per area.

MAPI speaks TLS on port 9090, under ``admin.<hcp domain>`` for system-level users and under
``<tenant>.<hcp domain>`` for tenant-level ones.
"""

from ._engine import Mapi, MapiError
from .accounts import ContentClasses, Groups, Users
from .chargeback import Chargeback, ChargebackError
from .healthcheck import HealthCheck
from .logs import Logs, LogsError, LogsInProgessError, LogsInProgressError, LogsNotReadyError
from .namespaces import Namespaces, RetentionClasses
from .replication import Replication, ReplicationSettingsError
from .system import System
from .tenant import TenantError
from .tenants import Tenant, Tenants, listtenants
from .topologies import Topologies

__all__ = [
    'Chargeback',
    'ChargebackError',
    'ContentClasses',
    'Groups',
    'HealthCheck',
    'Logs',
    'LogsError',
    'LogsInProgessError',
    'LogsInProgressError',
    'LogsNotReadyError',
    'Mapi',
    'MapiError',
    'Namespaces',
    'Replication',
    'ReplicationSettingsError',
    'RetentionClasses',
    'System',
    'Tenant',
    'TenantError',
    'Tenants',
    'Topologies',
    'Users',
    'listtenants',
]
