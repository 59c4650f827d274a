"""Which URLs a request may name."""

import pytest

from shared.accept.links import is_local, validate_link

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
        "https://switchboard.example/x",
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


def test_our_own_site_may_always_be_named() -> None:
    """Our own address is allowed as it is configured, local and unlisted as it may be."""
    local = "http://127.0.0.1:7071"
    assert validate_link(f"{local}/api/x", own=f"{local}/base", allowed=["a.example"]) is None
    assert validate_link("http://127.0.0.1:7072/x", own=local, allowed=())
    assert validate_link("https://127.0.0.1:7071/x", own=local, allowed=())


def test_a_list_of_hosts_is_all_there_is() -> None:
    """With hosts listed no other will do; a listed one needs neither TLS nor a public address."""
    allowed = ["cdn.example.com", "10.0.0.1:8080"]
    for link in ("https://cdn.example.com/x", "https://cdn.example.com:444/x",
                 "http://10.0.0.1:8080/x"):  # fmt: skip
        assert validate_link(link, own=OWN, allowed=allowed) is None
    for link in ("https://example.com/x", "https://cdn.example.com.evil.example/x",
                 "http://10.0.0.1/x", "http://10.0.0.1:8081/x"):  # fmt: skip
        assert validate_link(link, own=OWN, allowed=allowed)


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:1/x", True), ("http://localhost/x", True), ("http://[::1]/", True),
     ("https://example.com/", False), ("https://10.0.0.1/", False), ("nothing", False),
     ("http://[::1", False)],
)  # fmt: skip
def test_this_machine_is_known(url: str, local: bool) -> None:  # noqa: FBT001 - a column of the table
    """An address of this very machine is told from every other."""
    assert is_local(url) == local
