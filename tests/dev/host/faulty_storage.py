"""A way to Azurite's queue that can be closed: the storage account that goes out of reach."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from dev.azurite import connection_string


class FaultyStorage(ThreadingHTTPServer):
    """Forwards requests to a queue service, or answers those of some methods with a status."""

    daemon_threads = False  # closing waits for the last request

    def __init__(self, queue_endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forwarding)
        self.peer = urlsplit(queue_endpoint).netloc
        self.faults: dict[str, int] = {}

    @property
    def connection_string(self) -> str:
        """The connection string of this server; it has no table."""
        return connection_string(self.server_port, 1)


class _Forwarding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyStorage

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.server.faults.get(self.command)
        if status:
            self._write(status, [], b"")
            return
        with closing(http.client.HTTPConnection(self.server.peer)) as connection:
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            self._write(response.status, response.getheaders(), response.read())

    def _write(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 - the library's names


@contextmanager
def faulty_storage(storage: str) -> Iterator[FaultyStorage]:
    """Serve until the block ends; `storage` is Azurite's connection string."""
    endpoint = storage.partition("QueueEndpoint=")[2].partition(";")[0]
    with FaultyStorage(endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
