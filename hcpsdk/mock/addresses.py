"""``ipSettings``: who may connect, by address (4.6). The mock keeps them, and lets everybody in."""

from __future__ import annotations

import ipaddress
from typing import Any

from .kinds import BOOLEAN, BadValue, Kind, listed, scalar
from .properties import Property, record

EVERYBODY = ['0.0.0.0/0']


def _read(value: Any) -> str:
    """An address, a network, or several of them with commas in between."""
    found = scalar(value)
    for part in found.split(','):
        try:
            ipaddress.ip_network(part.strip(), strict=False)
        except ValueError as error:
            raise BadValue('an IP address is required, or a network') from error
    return found


_ADDRESSES = listed('ipAddress', Kind(_read))
_ALLOW = Property('allowAddresses', _ADDRESSES, default=EVERYBODY)
_DENY = Property('denyAddresses', _ADDRESSES, default=[])
_BOTH = Property('allowIfInBothLists', BOOLEAN, default=True, also='lowlfInBothLists')


def ip_settings(*parts: Property) -> Property:
    """The property that holds the lists."""
    return Property('ipSettings', record(*parts), default={})


FULL, WITHOUT_BOTH, ALLOW_ONLY = (
    ip_settings(_ALLOW, _DENY, _BOTH),
    ip_settings(_ALLOW, _DENY),
    ip_settings(_ALLOW),
)
"""of HTTP and the consoles; of CIFS and SMTP; of NFS"""
