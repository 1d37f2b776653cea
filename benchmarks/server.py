"""nginx as an HCP that is never the limit: objects in a directory, HCP's headers on each answer.

It runs as whoever calls, on free ports of the loopback interface, and keeps all its files in a
directory that is gone afterwards.
"""

from __future__ import annotations

import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
from types import TracebackType

import trustme
from workloads import FRESH, LARGE, LARGE_SIZE, MIB, SMALL, SMALL_SIZE, Door

ADDRESS = '127.0.0.1'

STARTS_WITHIN = 10.0
"""seconds"""

INSTALL = 'nginx is needed, with its WebDAV module: apt-get install nginx-light'

# What an HCP says about an object, beside what nginx says itself; HCP leaves some of them empty, which
# nginx would take for no header at all, so a blank stands for nothing.
HCP_HEADERS = {
    'X-RequestId': '38AD86EF250DEB35',
    'X-HCP-ServicedBySystem': 'hcp1.example.com',
    'X-HCP-Time': '1422736493',
    'X-HCP-SoftwareVersion': '7.1.0.10',
    'Cache-Control': 'no-cache, no-store',
    'Pragma': 'no-cache',
    'Expires': 'Thu, 01 Jan 1970 00:00:00 GMT',
    'X-HCP-Type': 'object',
    'X-HCP-Size': '1024',
    'X-HCP-Hash': 'SHA-256 47FB563CC8F86DC37C86D08BC542968F7986ACD81C97BF76DB7AD744407FE117',
    'X-HCP-VersionId': '91055133849537',
    'X-HCP-IngestTime': '1422736466',
    'X-HCP-RetentionClass': ' ',
    'X-HCP-RetentionString': 'Deletion Allowed',
    'X-HCP-Retention': '0',
    'X-HCP-IngestProtocol': 'HTTP',
    'X-HCP-RetentionHold': 'false',
    'X-HCP-Shred': 'false',
    'X-HCP-DPL': '2',
    'X-HCP-Index': 'true',
    'X-HCP-Custom-Metadata': 'false',
    'X-HCP-ACL': 'false',
    'X-HCP-Owner': 'n',
    'X-HCP-Domain': ' ',
    'X-HCP-UID': ' ',
    'X-HCP-GID': ' ',
    'X-HCP-CustomMetadataAnnotations': ' ',
    'X-HCP-Replicated': 'false',
    'X-HCP-ReplicationCollision': 'false',
    'X-HCP-ChangeTimeMilliseconds': '1422736466446.00',
    'X-HCP-ChangeTimeString': '2015-01-31T21:34:26+0100',
}

# One process, so there is neither a user to change to nor a second worker to share the load with.
# WebDAV wants every body as a file; that it is renamed into place, all is on one file system.
# What waits in a large send buffer for the client's window is sent on when an acknowledgement comes, on the
# loopback interface by the client's process: the server's work would be booked to clients, and by chance.
CONFIG = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path body;
    proxy_temp_path unused; fastcgi_temp_path unused; uwsgi_temp_path unused; scgi_temp_path unused;
    default_type application/octet-stream;
    ssl_certificate server.pem;
    ssl_certificate_key server.pem;
    ssl_protocols TLSv1.3;
    ssl_session_tickets on;
    {headers}
    server {{
        listen {address}:{port} sndbuf=128k;
        listen {address}:{tls_port} ssl sndbuf=128k;
        root www;
        dav_methods PUT DELETE;
        create_full_put_path on;
    }}
}}
"""


class Trouble(Exception):
    """The benchmark cannot be run; the message says what to do."""


def find() -> str:
    """Where nginx is; not everybody has sbin in the path."""
    nginx = shutil.which('nginx', path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin')
    if nginx is None or 'http_dav_module' not in _about(nginx):
        raise Trouble(INSTALL)
    return nginx


def _about(nginx: str) -> str:
    return subprocess.run([nginx, '-V'], capture_output=True, text=True, check=False).stderr


class Nginx:
    """A server with a small and a large object, as long as the context lasts.

    :param size: bytes of the large object
    """

    def __init__(self, size: int = LARGE_SIZE) -> None:
        self._nginx = find()
        found = re.search(r'nginx/\S+', _about(self._nginx))
        self.version = found[0] if found else 'nginx'
        self._size = size
        self._ports = _free_ports(2)
        self._headers = 0

    def __enter__(self) -> Nginx:
        self._home = tempfile.TemporaryDirectory(prefix='hcpsdk-bench-', dir=_room_for(4 * self._size))
        self._path = pathlib.Path(self._home.name)
        try:
            self._furnish()
            self._start()
        except BaseException:
            self._home.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._home.cleanup()

    def door(self, tls: bool) -> Door:
        """Where clients knock."""
        cafile = str(self._path / 'ca.pem') if tls else None
        upload = str(self._object(LARGE))
        return Door(ADDRESS, self._ports[tls], cafile, self._headers, upload, self._size)

    def stage(self, files: int) -> None:
        """Empty the directory for fresh objects, and lay so many of them there, to be deleted."""
        directory = self._object(FRESH)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for n in range(files):
            (directory / str(n)).touch()

    def _object(self, path: str) -> pathlib.Path:
        return self._path / 'www' / path.lstrip('/')

    def _furnish(self) -> None:
        self._object(SMALL).parent.mkdir(parents=True)
        self._object(SMALL).write_bytes(bytes(SMALL_SIZE))
        with open(self._object(LARGE), 'wb') as large:
            for _ in range(self._size // MIB):
                large.write(os.urandom(MIB))
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self._path / 'ca.pem'))
        issued = authority.issue_cert(ADDRESS)
        issued.private_key_and_cert_chain_pem.write_to_path(str(self._path / 'server.pem'))
        headers = ' '.join(f"add_header {name} '{value}' always;" for name, value in HCP_HEADERS.items())
        port, tls_port = self._ports
        config = CONFIG.format(headers=headers, address=ADDRESS, port=port, tls_port=tls_port)
        (self._path / 'nginx.conf').write_text(config)

    def _start(self) -> None:
        log = self._path / 'log'
        with open(log, 'wb') as stderr:
            command = [self._nginx, '-p', f'{self._path}/', '-c', 'nginx.conf']
            self._process = subprocess.Popen(command, stdout=stderr, stderr=stderr, start_new_session=True)
        end = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()
                self._process.wait()
                raise Trouble(f'nginx does not start:\n{log.read_text()}')
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Ask once, and count the headers: every client has to see as many."""
        connection = http.client.HTTPConnection(ADDRESS, self._ports[0], timeout=STARTS_WITHIN)
        try:
            connection.request('HEAD', SMALL)
            self._headers = len(connection.getresponse().getheaders())
        except ConnectionError:
            return False
        finally:
            connection.close()
        return True


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.create_server((ADDRESS, 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def _room_for(size: int) -> str | None:
    """Memory rather than a disk, whose speed is not what we want to know; None for the usual place."""
    memory = '/dev/shm'
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > size:
        return memory
    return None
