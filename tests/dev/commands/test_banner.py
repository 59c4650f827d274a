"""What `dev run` says of itself once everything is up."""

import pytest

from dev.banner import addresses, own_settings
from dev.local_settings import Keys, resolve
from dev.ports import Ports

PORTS = Ports(app=7071, simulator=7072, queue=10001, table=10002)
ACCOUNT = "AC00000000000000000000000000000000"


def test_the_connection_string_can_be_pasted() -> None:
    """It is the whole value of its line, for any storage library."""
    shown = dict(addresses(PORTS, None, Keys(), resolve(PORTS, {}, {})))
    assert shown["connect"] == resolve(PORTS, {}, {})["MESSAGE_STORAGE"]


def test_the_pages_to_open_are_shown() -> None:
    """The address of the API alone shows nothing in a browser; its page and the console do."""
    shown = dict(addresses(PORTS, None, Keys(), resolve(PORTS, {}, {})))
    assert shown["console"] == "http://127.0.0.1:7071/api/console"
    assert shown["api docs"] == "http://127.0.0.1:7071/api/docs"


@pytest.mark.parametrize(
    ("given", "twilio"),
    [
        ({}, "simulator"),
        ({"TWILIO_API_BASE_URL": "https://x.test"}, f"account {ACCOUNT} at https://x.test"),
        ({"TWILIO_API_BASE_URL": ""}, f"account {ACCOUNT} at https://api.twilio.com"),
        (
            {"TWILIO_API_BASE_URL": "", "TWILIO_ACCOUNT_SID": ""},
            "account not set at https://api.twilio.com",
        ),
    ],
)
def test_it_says_what_twilio_is(given: dict[str, str], twilio: str) -> None:
    """Nobody texts real people believing that they are simulated, or the reverse."""
    shown = dict(addresses(PORTS, None, Keys(), resolve(PORTS, given, {})))
    assert shown["twilio"] == twilio


def test_the_keys_of_the_run_are_shown() -> None:
    """Random keys are of use to the one who reads the terminal only."""
    keys = Keys("function-secret", "admin-secret", public=True)
    shown = dict(addresses(PORTS, None, keys, resolve(PORTS, {}, {})))
    assert (shown["key"], shown["admin key"]) == ("function-secret", "admin-secret")


def test_every_setting_of_the_users_own_is_named() -> None:
    """By name, never by value; what is not a setting of the app's is left out."""
    given = {
        "PATH": "/bin",
        "RETENTION_DAYS": "7",
        "INBOUND_CALL_14155550100": "echo",
        "QUIET_HOURS": "",
    }
    assert list(own_settings({"RETENTION_DAYS", "QUIET_HOURS", "MEDIA_HOSTS"}, given)) == [
        ("yours", "INBOUND_CALL_14155550100, RETENTION_DAYS"),
        ("empty", "QUIET_HOURS"),
    ]
