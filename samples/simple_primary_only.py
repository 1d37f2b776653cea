"""The life of an object: it is stored, looked at, read back and deleted, and each step says how long it took.

One Connection to one HCP, no replica.
"""

from pathlib import Path
from pprint import pprint

from settings import insist, nameserver, number, run, secret, switch, text

import hcpsdk

# The namespace, and who may write to it.
FQDN = text('HCP_FQDN', 'n1.m.hcp1.example.com', 'the namespace, as namespace.tenant.domain of HCP')
USER = text('HCP_USER', 'n', 'a data access user')
PASSWORD = secret('HCP_PASSWORD', 'n01', "that user's password")

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_PORT', 443, 'the port that HCP listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")
TIMEOUT = number('HCP_TIMEOUT', 30.0, 'seconds to wait for HCP at each step')

# What is stored, and where.
FILE = text('HCP_FILE', str(Path(__file__).parent / 'testfiles' / '128kbfile'), 'the file to be stored')
OBJECT = text('HCP_OBJECT', '/rest/hcpsdk/sample_primary_only.txt', 'the path of the object')


def main() -> None:
    print('running simple_primary_only.py')

    # Who we are: user and password become a token. Nobody is asked yet.
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    print(f'authorization for the native interface, user {USER}')
    print()

    # Where we go: the name becomes addresses, so this is where a wrong name shows.
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    print(f'Target has the IP addresses: {target.addresses}')

    # The line on which we speak. The first request opens it, so there is no address yet.
    with hcpsdk.Connection(target, timeout=TIMEOUT) as c:
        print(f'Connection uses the IP address: {c.address}')
        print()

        # Store. The policies: search shall find the object, and its bytes be overwritten once it is deleted.
        with open(FILE) as file:
            c.PUT(OBJECT, body=file, params={'index': 'true', 'shred': 'true'})
        succeeded(c, 'PUT', 201)
        print(f'hash:            {c.getheader("X-HCP-Hash")}')
        print(f'connect time:    {c.connect_time:0.12f} seconds')
        took(c)

        # Look: what HCP knows of an object comes in headers.
        c.HEAD(OBJECT)
        succeeded(c, 'HEAD', 200)
        pprint(c.getheaders())
        took(c)

        # Read. The request is over when all is read; what is too large for memory comes by read(65536).
        c.GET(OBJECT)
        content = c.read()
        succeeded(c, 'GET', 200)
        print(f'content:         {content[:40]!r}...')
        took(c)

        c.DELETE(OBJECT)
        succeeded(c, 'DELETE', 200)
        took(c)


def succeeded(c: hcpsdk.Connection, step: str, status: int) -> None:
    """HCP's no is an answer, and no exception: each step has to look at the status."""
    insist(c, step, status)
    print(f'{step} was successful')
    print(f'used IP address: {c.address}')


def took(c: hcpsdk.Connection) -> None:
    print(f'request time:    {c.service_time2:0.12f} seconds')
    print()


if __name__ == '__main__':
    run(main, __doc__)
