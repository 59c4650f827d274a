"""The URLs that a request may name."""

import pytest

from shared.accept.links import (
    is_local,
    validate_callback,
    validate_link,
    validate_twiml_links,
)

OWN = "https://switchboard.example"


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/a.png",
        "https://example.com:8443/a?b=c#d",
        "https://8.8.8.8/x",
        "https://[2606:4700::1111]/x",
        "https://xn--e1afmkfd.xn--p1ai/x",
        "https://example.com./x",
        "HTTPS://EXAMPLE.COM/X",
        "https://switchboard.example/api/twiml/voicemail?Message=Hi",
    ],
)
def test_public_https_is_allowed(link: str) -> None:
    """An https URL on any public host may be named."""
    assert validate_link(link, own=OWN, allowed=()) is None


@pytest.mark.parametrize(
    "link",
    [
        "",
        "example.com",
        "/path",
        "//example.com/x",
        "http://example.com/x",
        "ftp://example.com/x",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "https://localhost/x",
        "https://localhost./x",
        "https://LOCALHOST/x",
        "https://printer/x",
        "https://printer.local/x",
        "https://metadata.google.internal/x",
        "https://a.test/x",
        "https://127.0.0.1/x",
        "https://127.0.0.1./x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://0x7f000001/x",
        "https://10.0.0.1/x",
        "https://172.16.0.1/x",
        "https://192.168.0.1/x",
        "https://169.254.169.254/x",
        "https://100.64.0.1/x",
        "https://0.0.0.0/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[::127.0.0.1]/x",
        "https://.com/x",
        "https://a..example.com/x",
        "https://[fd00::1]/x",
        "https://[fe80::1]/x",
        "https://[::/x",
        "https://user@example.com/x",
        "https://user:pass@example.com/x",
        "https://@example.com/x",
        "https://example.com\\@127.0.0.1/x",
        "https://127.0.0.1\\.example.com/x",
        "https://exam ple.com/x",
        "https://exam\nple.com/x",
        "https://example.com/\tx",
        "https://example.com:port/x",
        "https://example.com:99999/x",
        "https://ex\N{LATIN SMALL LETTER A WITH DIAERESIS}mple.com/x",
        "https://127\N{IDEOGRAPHIC FULL STOP}0.0.1/x",
    ],
)
def test_anything_else_is_refused(link: str) -> None:
    """No other scheme, no private address in any spelling, no hidden host, no credentials."""
    assert validate_link(link, own=OWN, allowed=())


def test_twimlets_of_our_own_may_always_be_named() -> None:
    """Our own address is allowed as it is configured, local and unlisted as it may be."""
    local = "http://127.0.0.1:7071"
    twimlet = f"{local}/base/api/twiml/voicemail?Message=Hi#x"
    assert validate_link(twimlet, own=f"{local}/base", allowed=["a.example"]) is None
    picture = f"{local}/base/a.png"
    assert validate_link(picture, own=f"{local}/base", allowed=(), is_media=True) is None
    assert validate_link("http://127.0.0.1:7072/x", own=local, allowed=())
    assert validate_link("https://127.0.0.1:7072/x", own=local, allowed=())


@pytest.mark.parametrize(
    "path",
    ["/", "/api/webhooks/status/x", "/api/twiml/calls/x", "/api/twiml/../webhooks/status/x",
     "/api/twiml/%2e%2e/webhooks/calls", "/api//twiml/menu", "/API/twiml/menu", "/api/twiml/",
     "/api/twiml/menu/x"],
)  # fmt: skip
@pytest.mark.parametrize(
    "site",
    [OWN, f"{OWN}:443", "https://SWITCHBOARD.example", "https://switchboard.example.",
     "http://switchboard.example", "http://switchboard.example:80"],
)  # fmt: skip
def test_nothing_else_of_our_own_may_be_named(site: str, path: str) -> None:
    """Twilio would sign its request to us, whatever way our site is written; so do we."""
    assert validate_link(f"{site}{path}", own=OWN, allowed=())
    assert validate_callback(f"{site}{path}", own=OWN)
    in_api = path.lower().startswith("/api/")
    assert bool(validate_link(f"{site}{path}", own=OWN, allowed=(), is_media=True)) is in_api


@pytest.mark.parametrize(
    ("link", "own", "refused"),
    [
        ("https://example.com/x", OWN, False),
        ("http://example.com/x", OWN, True),
        ("https://10.0.0.1/x", OWN, True),
        ("http://127.0.0.1:9000/x", OWN, True),
        ("nothing", OWN, True),
        (f"{OWN}:8443/x", OWN, False),
        ("http://127.0.0.1:9000/x", "http://127.0.0.1:7071", False),
        ("http://127.0.0.1:7071/x", "http://127.0.0.1:7071", True),
        ("http://localhost:7071/x", "http://127.0.0.1:7071", True),
        ("http://[::1]:7071/x", "http://localhost:7071", True),
    ],
)
def test_callbacks_go_to_other_sites(link: str, own: str, refused: bool) -> None:  # noqa: FBT001 - a column of the table
    """A callback that we sign must not come back to us; another local port is another site."""
    assert bool(validate_callback(link, own=own)) is refused


BASE = f"{OWN}/api"


@pytest.mark.parametrize(
    ("inside", "count"),
    [
        ("<Say>/api/webhooks/calls</Say>", 0),
        (f"<Redirect>{BASE}/twiml/voicemail</Redirect>", 0),
        (f"<Redirect> {BASE}/twiml/menu?a=1&amp;b=2 </Redirect>", 0),
        ('<Gather action="https://example.com/x"/><Play>https://example.com/a.mp3</Play>', 0),
        (f'<Gather action="{BASE}/webhooks/status/x"/>', 1),
        (f'<Dial><Number statusCallback="{BASE}/webhooks/status/x">1</Number></Dial>', 1),
        (f"<Redirect>{BASE}/webhooks/calls</Redirect>", 1),
        ('<Gather action="/api/webhooks/status/x"/>', 1),
        ('<Gather action="webhooks"/>', 1),
        ("<Redirect>https&#58;//switchboard.example/api/twiml/menu?Entry=x</Redirect>", 1),
        (f'<Gather action="{BASE}/twiml/menu?&#69;ntry=x"/>', 1),
    ],
)
def test_a_document_leads_to_our_twimlets_only(inside: str, count: int) -> None:
    """Links, relative ones too, may not lead to our webhooks, nor hide behind references."""
    found = list(validate_twiml_links(f"<Response>{inside}</Response>", own=OWN))
    assert len(found) == count


def test_a_list_of_hosts_is_all_there_is() -> None:
    """With hosts listed no other will do; a listed one need not be public, but have TLS."""
    allowed = ["cdn.example.com", "10.0.0.1:8080"]
    for link in ("https://cdn.example.com/x", "https://cdn.example.com:444/x",
                 "https://10.0.0.1:8080/x"):  # fmt: skip
        assert validate_link(link, own=OWN, allowed=allowed) is None
    for link in ("https://example.com/x", "https://cdn.example.com.evil.example/x",
                 "https://10.0.0.1/x", "https://10.0.0.1:8081/x",
                 "http://cdn.example.com/x", "http://10.0.0.1:8080/x"):  # fmt: skip
        assert validate_link(link, own=OWN, allowed=allowed)


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:1/x", True), ("http://localhost/x", True), ("http://[::1]/", True),
     ("https://example.com/", False), ("https://10.0.0.1/", False), ("nothing", False),
     ("http://[::1", False)],
)  # fmt: skip
def test_this_machine_is_known(url: str, local: bool) -> None:  # noqa: FBT001 - a column of the table
    """An address of this machine is recognized."""
    assert is_local(url) == local
