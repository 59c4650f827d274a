"""A server in place of the function host or the simulator: it takes their flags and says ready."""

import argparse
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    """POST repeats what came with the key; GET shows the environment."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        request = {"path": self.path, "key": self.headers["x-functions-key"]}
        self._answer({**request, "body": json.loads(body)})

    def do_GET(self) -> None:
        self._answer(dict(os.environ))

    def _answer(self, content: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until stopped."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    parser = argparse.ArgumentParser()
    for flag in ("--app", "--lease", "--app-url", "--books"):
        parser.add_argument(flag)
    parser.add_argument("--port", type=int)
    port = parser.parse_args().port
    name = Path(__file__).parent.name
    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    print(f"{name} begins")  # noqa: T201 - how a server speaks to its supervisor
    away = Path(os.environ.get("STORAGE_AWAY", ""))
    if name == "host" and away.is_file():
        print("storage is out of reach")  # noqa: T201 - the same
        sys.exit(5)
    if os.environ.get("NEVER_READY") != name:
        print(f"{name} ready on http://127.0.0.1:{port}")  # noqa: T201 - the same
    server.serve_forever()


if __name__ == "__main__":
    main()
