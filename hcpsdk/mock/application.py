"""The HCP behind the mock's sockets: takes requests, gives answers, knows no sockets."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Callable, Optional, Union

from . import mapi as management
from . import proc, rest
from .access import Visit
from .messages import Answer, MockRequest
from .model import System
from .replies import Refusal, refusal
from .running import Running
from .store import Store, Stores
from .traffic import Traffic


class MockApplication:
    """One HCP, as :class:`~hcpsdk.mock.messages.Application`; serves many threads at a time.

    :param system: the HCP's tenants, namespaces, users; may be changed while it runs
    :param directory: the objects' data lie in files below it; None: in memory
    :param clock: gives the seconds since the epoch
    """

    def __init__(
        self,
        system: System,
        *,
        directory: Optional[Union[str, os.PathLike[str]]] = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.system = system
        self.clock = clock
        self.chores: list[Callable[[], None]] = []
        """what is done before each request"""
        self.stores = Stores(None if directory is None else Path(directory))
        self.running = Running(self.stores, clock, Traffic(clock))
        """what the management API reports on"""
        self._rest = rest.Rest(system, self._store_of, clock, self.running.traffic)
        self._proc = proc.Proc(system, self._store_of, clock)
        self._mapi = management.Mapi(system, self.running)

    def __call__(self, request: MockRequest) -> Answer:
        """Do what the request says; see :class:`~hcpsdk.mock.messages.Application`."""
        for chore in self.chores:
            chore()
        if request.mapi:
            return self._mapi(request)
        try:
            return self._route(request.path)(request)
        except Refusal as refused:
            return refusal(self.system, self.clock(), refused, reading=request.method in ('GET', 'HEAD'))

    def refuse(self, status: int, message: str, *, mapi: bool = False) -> Answer:
        """An error answer in HCP's form, for what the server itself has to refuse."""
        refused = Refusal(status, message)
        if mapi:
            return self._mapi.refusal(refused)
        return refusal(self.system, self.clock(), refused, reading=False)

    def _route(self, path: bytes) -> Callable[[MockRequest], Answer]:
        """Who answers for a path on the data ports.

        :raises Refusal: 404; 403 for the management API, which has a port of its own
        """
        prefix = b'/' + path[1:].partition(b'/')[0]
        if prefix == management.PREFIX:
            raise Refusal(403, 'the management API answers on its own port')
        routes: dict[bytes, Callable[[MockRequest], Answer]] = {
            rest.PREFIX: self._rest,
            proc.PREFIX: self._proc,
        }
        if prefix not in routes:
            raise Refusal(404)
        return routes[prefix]

    def _store_of(self, visit: Visit) -> Store:
        return self.stores.of(visit.tenant.name, visit.namespace.name, int(self.clock() * 1000))
