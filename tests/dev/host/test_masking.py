import logging
from pathlib import Path

import pytest

from dev.host.masking import MaskingFormatter, mask_numbers
from tests.dev.host.running_host import APPS, running_host


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /api/recipients/+14155552671 404", "GET /api/recipients/+1415•••2671 404"),
        ("/api/recipients/%2B14155552671/x", "/api/recipients/%2B1415•••2671/x"),
        ("/api/whatsapp:%2b14155552671", "/api/whatsapp:%2b1415•••2671"),
        ("/api/recipients/14155552671", "/api/recipients/1415•••2671"),
        ("ValueError: '+1 (415) 555-2671' is", "ValueError: '+1415•••2671' is"),
        ("/+49%2089%201234567", "/+4989•••4567"),
        ("/+1234567", "/+•••"),
        ("/12345678", "/•••"),
        ("2026-12-01 09:08:30,123 INFO", "2026-12-01 09:08:30,123 INFO"),
        ("http://127.0.0.1:7071/api", "http://127.0.0.1:7071/api"),
        ("message 0af76519-16cd-43dd-8448-012345678901", None),
        ("/api/messages/20261201a12345678", None),
        ("line 12, in 0x7f12345678", None),
    ],
)
def test_numbers_are_masked(text: str, masked: str | None) -> None:
    """International numbers however they are written, and plain ones that stand alone."""
    assert mask_numbers(text) == (masked or text)


def test_only_the_hosts_own_lines_are_masked() -> None:
    """The app's lines are printed as they are, the host's with their tracebacks masked."""
    formatter = MaskingFormatter("%(message)s")
    error = ValueError("+14155552671")
    trace = (type(error), error, None)
    own = logging.LogRecord("dev.host", logging.ERROR, "", 0, "to +14155552671", None, trace)
    line = formatter.format(own)
    assert "5552671" not in line
    assert line.count("+1415•••2671") == 2
    app = logging.LogRecord("app", logging.ERROR, "", 0, "to +14155552671", None, None)
    assert formatter.format(app) == "to +14155552671"


@pytest.mark.slow
def test_the_request_log_is_masked(tmp_path: Path) -> None:
    """A number in a path does not reach the log."""
    errors = tmp_path / "errors.txt"
    with running_host(APPS / "http_app", errors) as host:
        host.ask("GET", "/api/recipients/+14155552671")
        host.ask("GET", "/api/recipients/%2B14155552671?to=+14155552671")
    assert "/api/recipients/%2B1415•••2671 404" in errors.read_text("utf-8")
    assert "14155552671" not in errors.read_text("utf-8")
