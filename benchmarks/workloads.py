"""What is measured: one row per line of the table in the documentation.

Read by ``run.py`` and, in the environment of each client, by ``worker.py``; so nothing but the
standard library is imported here, and nothing of hcpsdk.
"""

from __future__ import annotations

import ssl
from typing import Any, NamedTuple

MIB = 1 << 20

SMALL_SIZE = 1024
LARGE_SIZE = 256 * MIB
BLOCK = 65536
"""bytes that a download asks for at once"""

SMALL = '/rest/bench/small'
LARGE = '/rest/bench/large'
FRESH = '/rest/bench/fresh'
"""a directory that is emptied before each measurement"""

THREADS = 16

# A token as HCP wants it (base64 of a user, MD5 of a password); nginx does not look at it, but it has to
# travel.
AUTHORIZATION = 'HCP bg==:1dc7fed83353b1f34ea24d51d0d9b0b8'


class Door(NamedTuple):
    """Where a client knocks."""

    address: str
    port: int
    cafile: str | None
    """who signed the server's certificate; None: plain HTTP"""
    headers: int
    """how many headers come with each answer to HEAD"""
    upload: str
    """the file to upload"""
    size: int
    """its size, in bytes, and that of the object :data:`LARGE`"""

    def context(self) -> ssl.SSLContext | None:
        """The TLS context that every client gets alike; None for plain HTTP."""
        return ssl.create_default_context(cafile=self.cafile) if self.cafile else None


class Figure(NamedTuple):
    """One number that comes out, and what it shall be."""

    key: str
    """under which the worker reports it"""
    sense: str
    """``<=`` or ``>=``"""
    limit: float
    unit: str = ''
    """of the number itself; empty: it is compared as a ratio to that of bare http.client"""
    title: str = ''

    def met(self, value: float) -> bool:
        """Whether a measured value is good enough."""
        return value <= self.limit if self.sense == '<=' else value >= self.limit


class Workload(NamedTuple):
    """What a client has to do."""

    name: str
    title: str
    measure: str
    """how it is done and timed: a name in ``worker.MEASURES``"""
    operation: str
    """what is done: a name in ``worker.OPERATIONS``"""
    tls: bool
    times: int
    """how often in each round (of each thread)"""
    figures: tuple[Figure, ...]
    clients: tuple[str, ...] = ()
    """who takes part; empty: all"""
    once: bool = False
    """in one round only, and each client in a process that has done nothing before"""
    reason: str = ''
    """why a target is missed, where it is missed and more than our own code is the cause"""


SENDERS_SHARE = (
    'nearly all of this is work of the operating system, which on the loopback interface books the'
    ' receiving half of it to the sender. The raw socket does nothing else, and shows how low one can get.'
)
WHOLE_BLOCKS = (
    '``read(n)`` returns ``n`` bytes, put together from what the network gives, in an object that is new'
    ' each time; and each wait has a clock, for which Python asks the system one time more. http.client waits'
    ' without a clock here; with ``timeout=30`` it needs 1.14 instead of 1. The raw socket takes what comes,'
    ' into the same buffer again and again.'
)


def _cpu(limit: float) -> tuple[Figure, ...]:
    return (Figure('cpu', '<=', limit),)


WORKLOADS = (
    Workload('put', 'small PUT (1 KiB), http, one kept connection', 'kept', 'put', False, 400, _cpu(0.40)),
    Workload('get', 'small GET', 'kept', 'get', False, 400, _cpu(0.40)),
    Workload('head', 'HEAD and all headers read', 'kept', 'head', False, 400, _cpu(0.50)),
    Workload('delete', 'DELETE', 'kept', 'delete', False, 400, _cpu(0.40)),
    Workload('put-tls', 'small PUT over TLS', 'kept', 'put', True, 400, _cpu(0.50)),
    Workload('upload', 'upload of a 256 MiB file, http', 'kept', 'upload', False, 1, _cpu(0.25),
             reason=SENDERS_SHARE),
    Workload('upload-tls', 'upload of a 256 MiB file, TLS', 'kept', 'upload', True, 1, _cpu(0.55)),
    Workload('download', 'download of 256 MiB by read(65536)', 'kept', 'download', False, 4, _cpu(0.85),
             reason=WHOLE_BLOCKS),
    Workload('connect', 'connect + HEAD, http', 'connects', 'head', False, 150, _cpu(0.70)),
    Workload('connect-tls', 'connect + HEAD, TLS 1.3, second connection to a node', 'connects', 'head', True,
             80, _cpu(0.85)),
    Workload('threads', '16 threads, small PUTs, operations per second', 'threads', 'put', False, 500,
             (Figure('rate', '>=', 3.0),)),
    Workload('forgotten', '200 idle Connections', 'forgotten', 'head', False, 200,
             (Figure('threads', '<=', 2, 'threads', 'threads'),
              Figure('exit', '<=', 0.1, 's', 'exit when close() was forgotten')),
             clients=('ours', 'public'), once=True),
    Workload('memory', 'memory while 256 MiB go either way', 'memory', 'head', False, 1,
             (Figure('memory', '<=', 2.0, 'MiB', 'over idle'),), once=True),
)  # fmt: skip

BY_NAME: dict[str, Workload] = {workload.name: workload for workload in WORKLOADS}


class Wrong(Exception):
    """A client did not do what it should have: its figure would mean nothing."""


def expected(operation: str, door: Door) -> Any:
    """What each operation of a client has to return: a status, a size, or a number of headers."""
    return {
        'put': 201,
        'get': SMALL_SIZE,
        'head': door.headers,
        'delete': 204,
        'upload': 201,
        'download': door.size,
    }[operation]
