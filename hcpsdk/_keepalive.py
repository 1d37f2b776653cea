"""TCP keep-alive: what keeps a firewall on the way from forgetting a connection that rests."""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple

LONGEST = 32767
"""seconds; Linux takes no more (MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL in its net/tcp.h)"""

MOST = 127
"""probes; Linux takes no more (MAX_TCP_KEEPCNT)"""

# macOS calls it otherwise, and Python 3.9 does not know it: 0x10 is from its netinet/tcp.h.
_IDLE = getattr(socket, 'TCP_KEEPIDLE', getattr(socket, 'TCP_KEEPALIVE', None))
if _IDLE is None and sys.platform == 'darwin':
    _IDLE = 0x10
_OPTIONS = (_IDLE, getattr(socket, 'TCP_KEEPINTVL', None), getattr(socket, 'TCP_KEEPCNT', None))


class KeepAlive(NamedTuple):
    """How a connection at rest is kept alive by the kernel."""

    idle: int
    """seconds of rest before the first probe"""
    interval: int
    """seconds between two probes"""
    probes: int
    """how many without an answer, after which the connection is given up"""

    def switch_on(self, sock: socket.socket) -> None:
        """Have the kernel do it; what a system does not know stays as it is there.

        :raises OSError: if the system refuses
        """
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in zip(_OPTIONS, self):
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
