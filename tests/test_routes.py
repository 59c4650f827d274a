"""Our own addresses, as Twilio and callers are given them."""

from urllib.parse import parse_qs, urlsplit

from shared import routes
from tests.environment import PUBLIC_BASE_URL
from tests.ledger.histories import JOB


def test_entries_have_paths() -> None:
    """A message, a call and an unreadable queue message each have a path that shows them."""
    assert routes.entry_path("message", JOB) == f"/api/messages/{JOB}"
    assert routes.entry_path("call", JOB) == f"/api/calls/{JOB}"
    assert routes.entry_path("unreadable", JOB) == f"/api/messages/{JOB}"


def test_callbacks_carry_the_id_and_where_to_forward() -> None:
    """Twilio reports to a path with our id in it; the caller's own URL is in the signed query."""
    plain = routes.status_callback_url(PUBLIC_BASE_URL, JOB, None)
    assert plain == f"{PUBLIC_BASE_URL}/api/webhooks/status/{JOB}"
    theirs = "https://example.com/hook?a=1&b=ü#x"
    parts = urlsplit(routes.status_callback_url(PUBLIC_BASE_URL, JOB, theirs))
    assert parts.fragment == ""
    assert parse_qs(parts.query) == {routes.FORWARD: [theirs]}
    parts = urlsplit(routes.status_callback_url(PUBLIC_BASE_URL, JOB, theirs, "0af7"))
    assert parse_qs(parts.query) == {routes.FORWARD: [theirs], routes.TRACE: ["0af7"]}


def test_a_calls_twiml_is_at_its_id() -> None:
    """TwiML that is too long to travel is fetched under the call's own id."""
    assert routes.call_twiml_url(PUBLIC_BASE_URL, JOB) == f"{PUBLIC_BASE_URL}/api/twiml/calls/{JOB}"
