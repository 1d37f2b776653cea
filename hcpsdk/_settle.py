"""Whose object is it? For a PUT that was repeated after its answer had been lost, and met 409.

HCP is write-once: if the first try had won, the second one finds the object there. Then HCP has
the very bytes that we wanted to store, and says so by their number and their hash. The body is
read again for that only now, so what goes well pays nothing.
"""

from __future__ import annotations

from ._hash import Proof
from ._request import Request, as_bytes
from ._response import Response


def is_object(request: Request) -> bool:
    """Whether a PUT stores an object, and nothing that belongs to one: HCP tells them apart by ``type``."""
    query = request.target.partition('?')[2]
    return not any(pair.partition('=')[0] == 'type' for pair in query.split('&'))


def whose(request: Request, found: Response) -> str:
    """Compare what HCP has with what a PUT wanted to store.

    :param request: the PUT; its body can be read again
    :param found: the answer to HEAD
    :returns: why it is not ours, or why that cannot be known; empty if it is ours
    """
    if found.status != 200:
        return f'HEAD was answered by {found.status}'
    size = found.getheader('X-HCP-Size', '')
    if request.body.length is not None and size != str(request.body.length):
        return f'another object of {size or "unknown"} bytes is in its place'
    proof = Proof.of(found.getheader('X-HCP-Hash'))
    if proof is None:
        return 'HCP has no hash of it that could be compared'
    if not proof.over(map(as_bytes, request.body.blocks())).holds or size != str(proof.count):
        return 'another object of that size is in its place'
    return ''
