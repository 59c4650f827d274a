"""The check of Twilio's routes: the form of a signed request, or SignatureError."""

import pytest

from shared.app import App
from shared.errors import SignatureError
from shared.triggers.signed import public_url, require_signed_form
from tests.environment import ENVIRONMENT, PUBLIC_BASE_URL, settings
from tests.in_memory_app import FORM, InMemoryApp, request, signed
from tests.ledger.histories import JOB


def test_the_form_is_what_twilio_sent() -> None:
    """Fields come in order, with their blanks; a request without a form has an empty one."""
    services = App(ENVIRONMENT)
    form = require_signed_form(
        signed("POST", "/api/x?a=1", {"To": "+1", "Body": "", "From": "ü"}), services
    )
    assert form.pairs == (("To", "+1"), ("Body", ""), ("From", "ü"))
    assert require_signed_form(signed("GET", "/api/x?a=1"), services).pairs == ()


def test_the_second_token_is_accepted_while_rotating() -> None:
    """A request signed with the token that is coming, or going, is Twilio's too."""
    services = App(ENVIRONMENT | {"TWILIO_AUTH_TOKEN_SECONDARY": "next"})
    require_signed_form(signed("POST", "/api/x", {"a": "b"}, token="next"), services)
    with pytest.raises(SignatureError):
        require_signed_form(signed("POST", "/api/x", {"a": "b"}, token="old"), services)


def test_a_refusal_is_logged_without_what_it_held(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal names the route in the log, and neither id, query nor signature."""
    canary = signed("POST", "/api/webhooks/status/canary?canary=1", {"canary": "x"}, token="canary")
    with caplog.at_level("INFO", "switchboard"), pytest.raises(SignatureError):
        require_signed_form(canary, App(ENVIRONMENT))
    assert len(caplog.messages) == 1
    assert "/api/webhooks/status" in caplog.messages[0]
    assert "canary" not in caplog.messages[0]


@pytest.mark.parametrize(
    ("headers", "has_header"),
    [({}, False), ({"X-Twilio-Signature": ""}, False), ({"x-twilio-signature": "nonsense"}, True)],
)
def test_a_refusal_says_whether_there_was_a_header(
    headers: dict[str, str],
    has_header: bool,  # noqa: FBT001 - a table
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Strangers send none: an alert can count those that tried to sign."""
    with caplog.at_level("INFO", "switchboard"), pytest.raises(SignatureError):
        require_signed_form(request("POST", "/api/x", headers=headers), App(ENVIRONMENT))
    assert f'"has_header": {str(has_header).lower()}' in caplog.messages[0]


def test_headers_are_read_in_any_case() -> None:
    """Whether a proxy writes header names large or small does not matter."""
    right = signed("POST", "/api/x", {"a": "b"})
    headers = {name.upper(): value for name, value in right.headers.items()}
    req = request("POST", "/api/x", body=right.get_body(), headers=headers)
    assert require_signed_form(req, App(ENVIRONMENT)).pairs == (("a", "b"),)


def test_our_url_is_the_configured_one() -> None:
    """The public URL is the configured base with the request's own path and raw query."""
    req = request("GET", "/api/twiml/menu?Options%5B1%5D=a&x=%C3%BC+1")
    url = public_url(req, settings())
    assert url == f"{PUBLIC_BASE_URL}/api/twiml/menu?Options%5B1%5D=a&x=%C3%BC+1"


class Unread(bytes):
    """A body that must not be looked into."""

    def __getitem__(self, *_: object) -> bytes:  # type: ignore[override] # whatever is asked for
        raise AssertionError("the body was read")

    decode = count = split = replace = __getitem__  # type: ignore[assignment]


async def test_no_signed_route_reads_what_nobody_signed(app: InMemoryApp) -> None:
    """Megabytes without a signature, or with a nonsensical one, are 403 on every signed route."""
    routes = [
        f.route.format(id=JOB, name="menu")
        for f in app.functions
        if f.kind == "httpTrigger"
        and f.auth_level == "anonymous"
        and "POST" in (f.methods or ())
        and not f.route.startswith(("console/", "2010-04-01/"))
    ]
    assert len(routes) == 5
    body = Unread(b"a=b&" * 1_100_000)
    for route in routes:
        for headers in ({}, {"X-Twilio-Signature": "nonsense"}):
            sent = {"Content-Type": FORM, **headers}
            reply = await app.ask("POST", f"/api/{route}", body, sent)
            assert reply.status == 403, route
    assert await app.table.next_partition("") is None
