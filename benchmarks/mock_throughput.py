"""How many small requests per second the mock serves over kept connections.

    python benchmarks/mock_throughput.py [CLIENTS [SECONDS]]

Clients (processes of their own) and mock share the machine, so what is printed is less than
the mock could do alone. Figures of one machine mean nothing on another; they say whether the mock
is felt in a test suite.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import multiprocessing
import multiprocessing.pool
import statistics
import sys
import time

from hcpsdk.mock import MockHCP

ROUNDS = 5
BODY = b'This is an example'
TOKEN = f'{base64.b64encode(b"n").decode()}:{hashlib.md5(b"n01").hexdigest()}'


def drive(address: str, port: int, host: str, seconds: float, worker: int) -> int:
    """PUT, GET, HEAD and DELETE one object after the other; returns how many requests that were."""
    connection = http.client.HTTPConnection(address, port)
    headers = {'Host': host, 'Authorization': f'HCP {TOKEN}'}
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        path = f'/rest/throughput/{worker}/{done}'
        for method, body in (('PUT', BODY), ('GET', None), ('HEAD', None), ('DELETE', None)):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 201), (method, answer.status)
            done += 1
    connection.close()
    return done


def main() -> None:
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    with multiprocessing.get_context('spawn').Pool(workers) as pool:
        rates = [round_of(pool, workers, seconds) for _ in range(ROUNDS)]
    print(f'{workers} connections, median of {ROUNDS}: {statistics.median(rates):.0f} requests/s')


def round_of(pool: multiprocessing.pool.Pool, workers: int, seconds: float) -> float:
    """One round against a fresh mock, in requests per second."""
    with MockHCP() as hcp:
        host = f'n1.m.{hcp.domain}'
        jobs = [(hcp.addresses[i % 4], hcp.port, host, seconds, i) for i in range(workers)]
        return sum(pool.starmap(drive, jobs)) / seconds


if __name__ == '__main__':
    main()
