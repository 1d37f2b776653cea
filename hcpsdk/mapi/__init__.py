"""The management API (MAPI), one module per area.

MAPI speaks TLS on port 9090, under ``admin.<hcp domain>`` for system-level users and under
``<tenant>.<hcp domain>`` for tenant-level ones.
"""

from ._engine import Mapi, MapiError
from .replication import Replication, ReplicationSettingsError

__all__ = ['Mapi', 'MapiError', 'Replication', 'ReplicationSettingsError']
