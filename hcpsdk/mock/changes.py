"""Deleting objects and changing their metadata: DELETE, POST."""

from __future__ import annotations

from .call import Call
from .messages import Answer
from .replies import Refusal
from .store import Directory


def delete(call: Call) -> Answer:
    with call.store.lock:
        call.need('delete')
        node = call.store.live(call.names)
        if isinstance(node, Directory) and not node.empty:
            raise Refusal(403, 'the directory is not empty')
        call.store.remove(call.names, call.now_ms())
    return Answer(200)
