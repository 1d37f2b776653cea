"""The management API (MAPI), one module per area.

MAPI speaks TLS on port 9090, under ``admin.<hcp domain>`` for system-level users and under
``<tenant>.<hcp domain>`` for tenant-level ones.
"""

from ._engine import Mapi, MapiError
from .chargeback import Chargeback, ChargebackError
from .healthcheck import HealthCheck
from .logs import Logs, LogsError, LogsInProgessError, LogsInProgressError, LogsNotReadyError
from .replication import Replication, ReplicationSettingsError
from .system import System
from .topologies import Topologies

__all__ = [
    'Chargeback',
    'ChargebackError',
    'HealthCheck',
    'Logs',
    'LogsError',
    'LogsInProgessError',
    'LogsInProgressError',
    'LogsNotReadyError',
    'Mapi',
    'MapiError',
    'Replication',
    'ReplicationSettingsError',
    'System',
    'Topologies',
]
