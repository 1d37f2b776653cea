"""Many objects at once: threads with a Connection each, all nodes, unique names in many directories.

This is what the preface of the manual advises, on one page. The objects stay in HCP.
"""

import sys
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from settings import insist, nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.pathbuilder import PathBuilder

# The namespace, and who may write to it.
FQDN = text('HCP_FQDN', 'n1.m.hcp1.example.com', 'the namespace, as namespace.tenant.domain of HCP')
USER = text('HCP_USER', 'n', 'a data access user')
PASSWORD = secret('HCP_PASSWORD', 'n01', "that user's password")

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_PORT', 443, 'the port that HCP listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")
TIMEOUT = number('HCP_TIMEOUT', 30.0, 'seconds to wait for HCP at each step')

# What is stored, where, and how.
OBJECTS = number('HCP_OBJECTS', 400, 'how many objects to store', most=10**9)
SIZE = number('HCP_SIZE', 4096, 'the size of each, in bytes', most=10**9)
FOLDER = text('HCP_FOLDER', '/rest/hcpsdk/parallel_ingest', 'where their directories begin')
THREADS = number('HCP_THREADS', 8, 'how many threads; two for each node are a good start', most=1000)
PROGRESS = number('HCP_PROGRESS', 5.0, 'seconds between two lines of progress, if the output is no terminal')

TERMINAL_PROGRESS = 0.1
"""seconds; on a terminal, one line shows the progress, and is written again and again"""

Stored = list[tuple[str, str]]
"""of each object that HCP has confirmed: the node that took it, and its name"""


def main() -> None:
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    print(f'{THREADS} threads store {OBJECTS} objects of {SIZE} bytes on {len(target.addresses)} node(s)')
    stored: Stored = []
    stop = threading.Event()
    started = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            watch([pool.submit(ingest, target, share, stored, stop) for share in range(THREADS)], stored)
        finally:
            # Whatever happened: all end what they have begun, so that what is counted is what is stored.
            stop.set()
            pool.shutdown()
            report(stored, time.monotonic() - started)


def ingest(target: hcpsdk.Target, share: int, stored: Stored, stop: threading.Event) -> None:
    """The work of one thread. Its Connection is its own, and stays with the node that it was led to."""
    builder = PathBuilder(FOLDER)
    content = bytes(SIZE)
    with hcpsdk.Connection(target, timeout=TIMEOUT) as c:
        for count in range(share, OBJECTS, THREADS):
            if stop.is_set():
                return
            folder, name = builder.getunique(f'file{count}')
            c.PUT(f'{folder}/{name}', body=content)
            insist(c, 'PUT', 201)
            stored.append((str(c.address), name))


def watch(workers: list[Future[None]], stored: Stored) -> None:
    """Show the progress until all have finished, or one has failed."""
    terminal = sys.stdout.isatty()
    start, end, pause = ('\r', '', TERMINAL_PROGRESS) if terminal else ('', '\n', PROGRESS)
    running = set(workers)
    try:
        while running:
            ended, running = wait(workers, pause, FIRST_EXCEPTION)
            print(f'{start}{len(stored)} of {OBJECTS} objects stored', end=end, flush=True)
            for worker in ended:
                worker.result()
    finally:
        if terminal:
            print()


def report(stored: Stored, seconds: float) -> None:
    """Each object was confirmed with 201, or it does not count."""
    print(f'{len(stored)} objects in {seconds:.2f} seconds: {len(stored) / seconds:.0f} objects per second')
    for node, objects in sorted(Counter(node for node, _ in stored).items()):
        print(f'    {node:15} {objects:6}')
    lost = OBJECTS - len({name for _, name in stored})
    print(f'{lost} objects are missing' if lost else 'each has a name of its own, and none is missing')


if __name__ == '__main__':
    run(main, __doc__)
