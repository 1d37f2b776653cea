"""The mock's threads: one takes the connections of all nodes, each connection has one of its own.

They are daemons, yet :meth:`Server.stop` does not return before the last of them has ended.
"""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Optional

from .conversation import Conversation, Site
from .gates import Door, Gate
from .seen import Caller

Reasons = defaultdict[int, dict[object, Door]]
"""node -> why it takes no connections, and what becomes of them"""


class Server:
    """Serves all gates of an HCP from its making on.

    :param rows: open gates; they are closed by :meth:`stop`
    :param reasons: kept up to date, so that another server can go on from there; default: none yet
    """

    def __init__(self, rows: Iterable[Gate], site: Site, reasons: Optional[Reasons] = None) -> None:
        self._gates = list(rows)
        self._site = site
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._reasons = Reasons(dict) if reasons is None else reasons
        self._threads: dict[Conversation, threading.Thread] = {}
        self._running = True
        self._bell, self._ear = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ear, selectors.EVENT_READ)
        for gate in self._gates:
            self._watch(gate)
        self._porter = threading.Thread(target=self._admit, name='hcpsdk.mock porter', daemon=True)
        for node in self._reasons:
            self._turn(node)
        self._porter.start()

    def stop(self) -> None:
        """End everything: no socket and no thread is left afterwards."""
        with self._lock:
            self._running = False
        self._ring()
        self._porter.join()
        self._selector.close()
        for gate in self._gates:
            gate.close()
        self._bell.close()
        self._ear.close()
        self._end(self._alive())

    def shut(self, node: int, reason: object, door: Door = Door.SHUT) -> None:
        """Have a node take no connections, until it is opened for the same reason."""
        with self._lock:
            self._reasons[node][reason] = door
            self._turn(node)

    def open(self, node: int, reason: object) -> None:
        """Take a reason to take no connections away; with the last one the node is open again."""
        with self._lock:
            self._reasons[node].pop(reason, None)
            self._turn(node)

    def _turn(self, node: int) -> None:
        """Have a node do what the gravest of its reasons says; those who are in the queue are turned out."""
        door = max(self._reasons[node].values(), default=Door.OPEN)
        for gate in self._gates if self._running else ():
            if gate.node != node or gate.door is door:
                continue
            if gate.door is Door.OPEN:
                self._selector.unregister(gate.socket)
            gate.turn(door)
            if door is Door.OPEN:
                self._watch(gate)
        if self._running:
            self._ring()

    def drop(self, node: int) -> None:
        """End the connections of a node."""
        self._end({one: thread for one, thread in self._alive().items() if one.caller.node == node})

    def callers(self) -> list[Caller]:
        """The connections that are open right now."""
        return [one.caller for one in self._alive() if not one.closed]

    def _alive(self) -> dict[Conversation, threading.Thread]:
        with self._lock:
            return dict(self._threads)

    def _watch(self, gate: Gate) -> None:
        self._selector.register(gate.socket, selectors.EVENT_READ, gate)

    def _ring(self) -> None:
        """Have the porter look up; not every system's selector notices a change while it waits."""
        self._bell.send(b'!')

    @staticmethod
    def _end(threads: dict[Conversation, threading.Thread]) -> None:
        for conversation in threads:
            conversation.end()
        for thread in threads.values():
            thread.join()

    def _admit(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._ear.recv(1)
                else:
                    self._welcome(key.data)

    def _welcome(self, gate: Gate) -> None:
        # A client may be gone before it is accepted.
        with self._lock, contextlib.suppress(OSError):
            if gate.door is not Door.OPEN:
                return
            sock, _ = gate.socket.accept()
            caller = Caller(next(self._numbers), gate.node, gate.access.mapi)
            conversation = Conversation(sock, gate.access, caller, self._site)
            thread = threading.Thread(target=conversation.run, name='hcpsdk.mock connection', daemon=True)
            self._forget_the_dead()
            self._threads[conversation] = thread
            thread.start()

    def _forget_the_dead(self) -> None:
        """Only here, not at a thread's own end: stop() joins those that are just ending, too."""
        self._threads = {one: thread for one, thread in self._threads.items() if thread.is_alive()}
