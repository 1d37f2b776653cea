"""The mock's threads: one takes the connections of all nodes, each connection has one of its own.

They are daemons, yet :meth:`Server.stop` does not return before the last of them has ended.
"""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
from collections.abc import Iterable

from .conversation import Conversation, Site
from .gates import Gate
from .seen import Caller


class Server:
    """Serves all gates of an HCP from its making on.

    :param rows: open gates; they are closed by :meth:`stop`
    """

    def __init__(self, rows: Iterable[Gate], site: Site) -> None:
        self._gates = list(rows)
        self._site = site
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._reasons: dict[int, set[object]] = {gate.node: set() for gate in self._gates}
        self._threads: dict[Conversation, threading.Thread] = {}
        self._running = True
        self._bell, self._ear = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ear, selectors.EVENT_READ)
        for gate in self._gates:
            self._watch(gate)
        self._porter = threading.Thread(target=self._admit, name='hcpsdk.mock porter', daemon=True)
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

    def shut(self, node: int, reason: object) -> None:
        """Have a node refuse connections, until it is opened for the same reason."""
        with self._lock:
            if self._running and not self._reasons[node]:
                for gate in self._gates_of(node):
                    self._selector.unregister(gate.socket)
                    gate.shut()
            self._reasons[node].add(reason)

    def open(self, node: int, reason: object) -> None:
        """Take a reason to refuse connections away; with the last one the node is open again."""
        with self._lock:
            if not self._running or reason not in self._reasons[node]:
                return
            self._reasons[node].remove(reason)
            if not self._reasons[node]:
                for gate in self._gates_of(node):
                    gate.open()
                    self._watch(gate)
            self._ring()

    def drop(self, node: int) -> None:
        """End the connections of a node."""
        self._end({one: thread for one, thread in self._alive().items() if one.caller.node == node})

    def connections(self) -> int:
        """Connections that are open right now."""
        return sum(not one.closed for one in self._alive())

    def _alive(self) -> dict[Conversation, threading.Thread]:
        with self._lock:
            return dict(self._threads)

    def _gates_of(self, node: int) -> list[Gate]:
        return [gate for gate in self._gates if gate.node == node]

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
        # A client may be gone before it is accepted, a gate shut.
        with self._lock, contextlib.suppress(OSError):
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
