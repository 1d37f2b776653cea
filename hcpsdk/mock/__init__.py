"""An HCP on your desk: a stand-in to run programs against that are written for HCP.

:class:`MockHCP` is the whole of it; ``python -m hcpsdk.mock`` starts one from the command line, and pytest
has the fixtures of :mod:`hcpsdk.mock.plugin`.

The default system, :func:`default_system`, has the tenant ``m`` with the namespaces ``n1`` and ``n2``,
the user ``n`` with password ``n01``, and for the management API the tenant's administrator ``boss`` with
password ``boss01`` and the system's, ``service`` with password ``service01``.
"""

from __future__ import annotations

from .faults import (
    Blackhole,
    BreakPromise,
    Busy,
    Cut,
    Drip,
    Early,
    Fault,
    Garbage,
    HangUp,
    Interim,
    Late,
    Refuse,
    Reset,
    Say,
    Silent,
    Surplus,
    Trouble,
    When,
)
from .hcp import MockHCP
from .links import LinkState
from .model import Namespace, RetentionClass, System, Tenant, User, default_system
from .pairs import Replication
from .seen import Seen

__all__ = [
    'Blackhole',
    'BreakPromise',
    'Busy',
    'Cut',
    'Drip',
    'Early',
    'Fault',
    'Garbage',
    'HangUp',
    'Interim',
    'Late',
    'LinkState',
    'MockHCP',
    'Namespace',
    'Refuse',
    'Replication',
    'Reset',
    'RetentionClass',
    'Say',
    'Seen',
    'Silent',
    'Surplus',
    'System',
    'Tenant',
    'Trouble',
    'User',
    'When',
    'default_system',
]
