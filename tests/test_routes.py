"""Our own addresses, as Twilio and callers are given them."""

import html
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import routes
from shared.twiml.twimlets import TWIMLETS
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


def test_a_call_goes_on_at_its_id() -> None:
    """Where a call goes on after a step is in the query of the same page, ours or inbound."""
    assert routes.call_twiml_url(PUBLIC_BASE_URL, JOB, "1.0.2") == (
        f"{PUBLIC_BASE_URL}/api/twiml/calls/{JOB}?Stage=1.0.2"
    )
    assert routes.inbound_stage_url("3") == "calls?Stage=3"


def test_parameters_come_in_ascending_order() -> None:
    """Names ascend, whatever their case, and what repeats stays in its order."""
    pairs = [("b", "2"), ("A[]", "1"), ("a", "3"), ("A[]", "0"), ("A", "4")]
    assert routes.sort_pairs(pairs) == [
        ("A", "4"), ("A[]", "1"), ("A[]", "0"), ("a", "3"), ("b", "2")]  # fmt: skip
    url = routes.status_callback_url(PUBLIC_BASE_URL, JOB, "https://c.example", "0af7")
    names = [pair.partition("=")[0] for pair in urlsplit(url).query.split("&")]
    assert names == sorted(names)


MENU = f"{PUBLIC_BASE_URL}/api/twiml/menu"


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        (MENU, f"{MENU}?Entry={JOB}"),
        (f"{MENU}?", f"{MENU}?Entry={JOB}"),
        (f"{MENU}?Digits=1&Options=x", f"{MENU}?Digits=1&Entry={JOB}&Options=x"),
        (f"{MENU}?Entry=theirs", f"{MENU}?Entry={JOB}"),
        (f"{MENU}?a=1&%45ntry=theirs&Entr%79=x#rc=2", f"{MENU}?Entry={JOB}&a=1#rc=2"),
        (f"{MENU}?Entry", f"{MENU}?Entry={JOB}"),
        (f"{MENU}#rc=2", f"{MENU}?Entry={JOB}#rc=2"),
        (f"{PUBLIC_BASE_URL}/api/twiml/calls/{JOB}?Stage=1",
         f"{PUBLIC_BASE_URL}/api/twiml/calls/{JOB}?Stage=1"),
        (f"{PUBLIC_BASE_URL}.evil.example/api/twiml/menu",
         f"{PUBLIC_BASE_URL}.evil.example/api/twiml/menu"),
    ],
)  # fmt: skip
def test_an_entry_is_ours_to_name(url: str, changed: str) -> None:
    """The entry is in its place in the order; one that a caller wrote, escaped or not, is gone."""
    assert routes.add_entry_to_urls(url, PUBLIC_BASE_URL, JOB) == changed
    document = f'<Response><Redirect>{html.escape(url)}</Redirect><Play loop="1"/></Response>'
    expected = f'<Response><Redirect>{html.escape(changed)}</Redirect><Play loop="1"/></Response>'
    assert routes.add_entry_to_urls(document, PUBLIC_BASE_URL, JOB) == expected


def test_a_callers_entry_is_taken_away() -> None:
    """Where there is no entry to name, that of a caller goes all the same."""
    document = f"<Response><Redirect>{MENU}?Entry=a&amp;b=1&#38;Entry=c</Redirect></Response>"
    assert routes.add_entry_to_urls(document, PUBLIC_BASE_URL, "") == (
        f"<Response><Redirect>{MENU}?b=1</Redirect></Response>"
    )


@given(st.lists(st.tuples(st.sampled_from(["Entry", "Entr", "a", "Z", "ü"]), st.text("a&=%+é")))
       .map(lambda pairs: [*pairs, ("Entry", "theirs")]))  # fmt: skip
def test_no_query_keeps_a_callers_entry(pairs: list[tuple[str, str]]) -> None:
    """Whatever stands beside it, one entry is left, and every other parameter as it was."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    changed = routes.add_entry_to_urls(f"{MENU}?{query}", PUBLIC_BASE_URL, JOB)
    found = parse_qs(urlsplit(changed).query, keep_blank_values=True)
    expected: dict[str, list[str]] = {"Entry": [JOB]}
    for name, value in pairs:
        if name != "Entry":
            expected.setdefault(name, []).append(value)
    assert found == expected


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("http://twimlets.com/message?Message=Hello+world.", "message?Message=Hello+world."),
        ("https://www.twimlets.com/forward?PhoneNumber=1&FailUrl=http%3A%2F%2Fx",
         "forward?PhoneNumber=1&FailUrl=http%3A%2F%2Fx"),
        ("HTTP://Twimlets.COM:80/menu/?Message[0]=a#rc=2", "menu?Message[0]=a#rc=2"),
        ("http://twimlets.com/conference", "conference"),
        ("http://twimlets.com/holdmusic?Bucket=com.twilio.music.rock", None),
        ("http://twimlets.com/messages", None),
        ("http://twimlets.com/", None),
        ("http://twimlets.com.evil.example/message", None),
        ("http://evil.example/?x=http://twimlets.com/message", None),
        ("http://user@twimlets.com/message", None),
        ("ftp://twimlets.com/message", None),
        ("https://example.com/message", None),
    ],
)  # fmt: skip
def test_a_page_of_twimlets_com_is_ours(url: str, page: str | None) -> None:
    """The ten pages are here too, with the same query; every other URL stays as it is."""
    expected = url if page is None else f"{PUBLIC_BASE_URL}/api/twiml/{page}"
    assert routes.own_twimlet_url(url, PUBLIC_BASE_URL) == expected


def test_the_pages_of_twimlets_com_are_the_twimlets() -> None:
    """Their names are listed once more where addresses are made, and are the same."""
    assert list(TWIMLETS) == list(routes.TWIMLET_NAMES)
