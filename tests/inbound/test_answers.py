"""INBOUND_CALL and INBOUND_MESSAGE: a twimlet with its query, steps, or a URL."""

import pytest

from shared.errors import SettingsError
from shared.inbound.answers import find_answer, parse_answer
from shared.kinds import Kind
from tests.environment import settings

MENU = """menu?Message=For our opening hours press 1.
  &Options[1]=message?Message=Nine to five
  &FailUrl=voicemail
"""


@pytest.mark.parametrize(
    ("value", "kind", "page"),
    [
        ("voicemail", "call", "voicemail"),
        (" message?Message=Hi ", "message", "message?Message=Hi"),
        ("message?Message=Hello there", "call", "message?Message=Hello%20there"),
        ("message?Message=%C3%BC+ü#1", "call", "message?Message=%C3%BC+%C3%BC%231"),
        (MENU, "call", ("menu?Message=For%20our%20opening%20hours%20press%201."
         "&Options%5B1%5D=message?Message=Nine%20to%20five&FailUrl=voicemail")),
    ],
)  # fmt: skip
def test_a_twimlet_is_a_page_of_ours(value: str, kind: Kind, page: str) -> None:
    """A query may be written as people do, in several lines, and is escaped as a URL needs."""
    assert parse_answer(value, kind).page == page


@pytest.mark.parametrize(
    ("value", "kind", "inside"),
    [
        ('[{"say": "Hi"}, {"redirect": "/api/twiml/menu"}]', "call",
         "<Say>Hi</Say><Redirect>/api/twiml/menu</Redirect>"),
        ('\n [{"message": "Hi"}]', "message", "<Message>Hi</Message>"),
        ("https://a.example/x?a=1&b=2", "call", "<Redirect>https://a.example/x?a=1&amp;b=2</Redirect>"),
        ("HTTP://a.example", "message", "<Redirect>HTTP://a.example</Redirect>"),
    ],
)  # fmt: skip
def test_steps_and_urls_are_documents_that_stand(value: str, kind: Kind, inside: str) -> None:
    """Steps become their TwiML, a URL is where the call or text goes on."""
    assert f"<Response>{inside}</Response>" in parse_answer(value, kind).twiml


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no-such-thing?secret=canary", "must be a twimlet"),
        ("Voicemail", "must be a twimlet"),
        ("ftp://canary.example", "must be a twimlet"),
        ("https://", "must be a twimlet"),
        ("https://a b.example/canary", "must be a twimlet"),
        ("https://a.example/\x00canary", "must be a twimlet"),
        ("[canary", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "$ needs at least one step"),
        ('[{"say": "canary"}, {"shout": "canary"}]', "$[1].shout is not a verb"),
        ('[{"say": {"text": "canary", "volume": 1}}]', "$[0].say.volume is not an attribute"),
        ('[{"message": "canary"}]', "$[0].message"),
    ],
)
def test_what_is_neither_is_a_problem_of_the_settings(value: str, words: str) -> None:
    """A malformed value is found when settings are read, by name, and its text is not repeated."""
    for name in ("INBOUND_CALL", "INBOUND_CALL_14155552671"):
        with pytest.raises(SettingsError) as error:
            settings(**{name: value})
        (problem,) = error.value.problems
        assert (problem.path, problem.code) == (name, "malformed")
        assert words in problem.message
        assert "canary" not in problem.message


@pytest.mark.parametrize("value", ["voicemail", "menu?Options[1]=x", '[{"say": "Hi"}]'])
def test_what_speaks_does_not_answer_a_text(value: str) -> None:
    """For messages there are the twimlets and steps that texts have."""
    for name in ("INBOUND_MESSAGE", "INBOUND_MESSAGE_14155552671"):
        with pytest.raises(SettingsError) as error:
            settings(**{name: value})
        assert [problem.path for problem in error.value.problems] == [name]


def test_a_name_without_a_number_is_a_problem() -> None:
    """An answer under a name that ends in no number would never be given, so it is refused."""
    names = ("INBOUND_CALL_MAIN", "INBOUND_MESSAGE_", "INBOUND_CALL_\N{ARABIC-INDIC DIGIT ONE}")
    with pytest.raises(SettingsError) as error:
        settings(**dict.fromkeys(names, "message"))
    assert sorted(problem.path for problem in error.value.problems) == sorted(names)


def test_a_vault_reference_is_a_problem_by_number_too() -> None:
    """An unresolved reference is named, whichever of our numbers it is for."""
    with pytest.raises(SettingsError) as error:
        settings(INBOUND_CALL_1="@Microsoft.KeyVault(SecretUri=https://v/s)")
    assert [(p.path, p.code) for p in error.value.problems] == [("INBOUND_CALL_1", "unresolved")]


@pytest.mark.parametrize(
    ("number", "kind", "page"),
    [
        ("+15005550006", "call", "message?Message=all"),
        ("+14155552671", "call", "message?Message=one"),
        ("+14155552671", "message", "message?Message=text"),
        ("whatsapp:+441234567890", "message", "message?Message=whats"),
        ("sip:14155552671@a", "call", "message?Message=one"),
        ("", "call", "message?Message=all"),
    ],
)
def test_a_number_of_its_own_comes_first(number: str, kind: Kind, page: str) -> None:
    """One number's answer outranks the one for all; a channel before the number does not count."""
    given = settings(
        INBOUND_CALL="message?Message=all",
        INBOUND_CALL_14155552671="message?Message=one",
        INBOUND_MESSAGE="message?Message=text",
        INBOUND_MESSAGE_441234567890="message?Message=whats",
    )
    answer = find_answer(number, kind, given)
    assert answer is not None
    assert answer.page == page


def test_nothing_is_an_answer_too() -> None:
    """Without configuration there is none."""
    assert find_answer("+15005550006", "call", settings()) is None
