"""The HCP behind the mock's sockets: takes requests, gives answers, knows no sockets."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Callable, Optional, Union

from .access import Visit
from .messages import Answer, MockRequest
from .model import System
from .replies import Refusal, refusal
from .rest import Rest
from .store import Store, Stores


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
        self._clock = clock
        self._stores = Stores(None if directory is None else Path(directory))
        self._rest = Rest(system, self._store_of, clock)

    def __call__(self, request: MockRequest) -> Answer:
        """Do what the request says; see :class:`~hcpsdk.mock.messages.Application`."""
        try:
            return self._rest(request)
        except Refusal as refused:
            reading = request.method in ('GET', 'HEAD')
            return refusal(self.system, self._clock(), refused, reading=reading)

    def refuse(self, status: int, message: str, *, mapi: bool = False) -> Answer:
        """An error answer in HCP's form, for what the server itself has to refuse."""
        return refusal(self.system, self._clock(), Refusal(status, message), reading=False)

    def _store_of(self, visit: Visit) -> Store:
        namespace = visit.namespace
        now_ms = int(self._clock() * 1000)
        return self._stores.of(visit.tenant.name, namespace.name, namespace.hash_scheme, now_ms)
