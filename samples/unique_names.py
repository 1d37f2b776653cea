"""Names that nobody else has: files are stored under unique names, an annotation keeps the one they had.

Then one is found again by its unique name alone, and the annotation tells which file it was.
"""

from textwrap import indent
from xml.etree import ElementTree

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

# What is stored, and where.
FOLDER = text('HCP_FOLDER', '/rest/hcpsdk', 'where the directories begin')
FILES = {
    'invoice 2015-01.txt': b'for 100 sheets of paper',
    'Grüße & Küsse.txt': b'from the seaside',
    'minutes <draft>.txt': b'nobody came',
}

# How PUT and GET address an annotation of an object instead of the object.
ANNOTATION = {'type': 'custom-metadata', 'annotation': 'filename'}


def main() -> None:
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    builder = PathBuilder(FOLDER, annotation=True)
    with hcpsdk.Connection(target, timeout=TIMEOUT) as c:
        names = [store(c, builder, filename, content) for filename, content in FILES.items()]
        find(c, builder, names[1])
        for name in names:
            c.DELETE(builder.getpath(name))
            insist(c, 'DELETE', 200)
        print(f'deleted {len(names)} objects')


def store(c: hcpsdk.Connection, builder: PathBuilder, filename: str, content: bytes) -> str:
    """Object first, annotation second, as there is nothing to annotate before."""
    folder, name, annotation = builder.getunique(filename)
    path = f'{folder}/{name}'
    c.PUT(path, body=content)
    insist(c, 'PUT of the object', 201)
    c.PUT(path, body=annotation, params=ANNOTATION)
    insist(c, 'PUT of the annotation', 201)
    print(f'stored {filename}')
    print(f'    as {path}')
    return name


def find(c: hcpsdk.Connection, builder: PathBuilder, name: str) -> None:
    """The unique name tells the directory; no list of what lies where is needed."""
    path = builder.getpath(name)
    print(f'looking for {name}')
    print(f'    in {path}')

    c.GET(path)
    content = c.read()
    insist(c, 'GET of the object', 200)
    print(f'    content: {content.decode()}')

    c.GET(path, params=ANNOTATION)
    annotation = c.read()
    insist(c, 'GET of the annotation', 200)
    print('    annotation:')
    print(indent(annotation.decode().rstrip(), ' ' * 8))
    print(f'    so it was {ElementTree.fromstring(annotation).findtext("filename")}')


if __name__ == '__main__':
    run(main, __doc__)
