"""Settings: every problem named at once, no secret shown, and one list everywhere."""

import json
import re
from dataclasses import FrozenInstanceError
from datetime import time
from pathlib import Path

import pytest

from shared.app import App
from shared.errors import SettingsError
from shared.settings import ClientKey, Settings, env_name, named_settings, read_settings
from shared.storage.azure_queues import AzureQueues
from shared.storage.azure_table import AzureTable
from tests.environment import ENVIRONMENT, settings

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
VAULT = "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/canary)"
NAMES = [env_name(setting) for setting in named_settings()]
# Azure's own, which the app's triggers and host need beside ours.
AZURES = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}


def problems(**changes: str) -> list[tuple[str, str]]:
    """The name and code of everything that is wrong with changed settings."""
    with pytest.raises(SettingsError) as error:
        settings(**changes)
    return [(problem.path, problem.code) for problem in error.value.problems]


def test_defaults_are_the_documented_ones() -> None:
    """What is not set has the default that the contract names."""
    read = settings(TWILIO_API_BASE_URL="")
    assert read.twilio_api_base_url == "https://api.twilio.com"
    assert read.retention_days == 90
    assert (read.twilio_timeout_seconds, read.resolve_after_seconds) == (35, 60)
    assert read.twilio_max_concurrency == 100
    assert (read.allowed_countries, read.media_hosts) == (frozenset(), frozenset())
    assert read.auth_tokens == ("local-token",)
    assert read.default_sender == "+15005550006"


def test_every_setting_can_be_set() -> None:
    """Each setting is read from its own name, and into its own field."""
    given = {
        "TWILIO_ACCOUNT_SID": "AC" + "a" * 32,
        "TWILIO_AUTH_TOKEN": "one",
        "TWILIO_AUTH_TOKEN_SECONDARY": "two",
        "TWILIO_WEBHOOK_KEYS": '{"k1": "s1"}',
        "TWILIO_API_KEY_SID": "SK" + "b" * 32,
        "TWILIO_API_KEY_SECRET": "three",
        "TWILIO_FROM_NUMBER": "+14155552671",
        "TWILIO_MESSAGING_SERVICE_SID": "MG" + "c" * 32,
        "TWILIO_TWIML_APP_SID": "AP" + "d" * 32,
        "TWILIO_API_BASE_URL": "http://127.0.0.1:7072/",
        "PUBLIC_BASE_URL": "https://example.com/base/",
        "MESSAGE_STORAGE": "AccountName=a;AccountKey=b",
        "MESSAGE_STORAGE__queueServiceUri": "https://a.queue.core.windows.net",
        "MESSAGE_STORAGE__tableServiceUri": "https://a.table.core.windows.net/",
        "MESSAGE_STORAGE__credential": "managedidentity",
        "MESSAGE_STORAGE__clientId": "id",
        "DIGEST_KEYS": "1234567890123456, abcdefghijklmnopq",
        "ALLOWED_COUNTRIES": "us, GB,",
        "RETENTION_DAYS": "7",
        "INBOUND_CALL": "voicemail?Message=Hi",
        "INBOUND_MESSAGE": "message",
        "TWILIO_TIMEOUT_SECONDS": "2.5",
        "RESOLVE_AFTER_SECONDS": "90",
        "STATUS_POLL_AFTER_SECONDS": "600",
        "TWILIO_MAX_CONCURRENCY": "1",
        "SEGMENTS_PER_SECOND": "0.5",
        "DAILY_CAP_RECIPIENT": "3",
        "DAILY_CAP_COUNTRY": "us = 1000, 50",
        "DAILY_CAP_TOTAL": "5000",
        "QUIET_HOURS": "21:00-08:00",
        "QUIET_HOURS_ACTION": "refuse",
        "MEDIA_HOSTS": "Cdn.Example.com, b.example:8443",
        "CLIENT_KEYS": '{"SK1": {"secret": "s", "name": "shop"}}',
        "CONSOLE_KEYS": '{"duty": "1234567890123456"}',
        "SHOW_CONTENT": "False",
        "ALERT_POLICY": "ops",
    }
    read = read_settings(given)
    default = settings()
    assert set(given) == set(NAMES)
    for setting in named_settings():
        assert getattr(read, setting.name) != getattr(default, setting.name), setting.name
    assert read.auth_tokens == ("one", "two")
    assert read.twilio_webhook_keys == {"k1": "s1"}
    assert read.default_sender == "MG" + "c" * 32
    assert read.public_base_url == "https://example.com/base"
    assert read.message_storage_table_uri == "https://a.table.core.windows.net"
    assert read.digest_keys == ("1234567890123456", "abcdefghijklmnopq")
    assert read.digest_secrets == (*read.digest_keys, "AC" + "a" * 32)
    assert read.allowed_countries == {"US", "GB"}
    assert read.media_hosts == {"cdn.example.com", "b.example:8443"}
    assert read.daily_cap_country == {"US": 1000, "": 50}
    assert read.quiet_hours == (time(21), time(8))
    assert read.console_keys == {"duty": "1234567890123456"}
    assert not read.show_content
    assert read.warnings == ()
    assert read.has_daily_caps
    assert not default.has_daily_caps


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32),
        ("TWILIO_ACCOUNT_SID", "AC" + "g" * 32),
        ("TWILIO_ACCOUNT_SID", "AC" + "0" * 32 + "\n"),
        ("TWILIO_WEBHOOK_KEYS", "secret"),
        ("TWILIO_WEBHOOK_KEYS", '["secret"]'),
        ("TWILIO_WEBHOOK_KEYS", '{"key": 1}'),
        ("TWILIO_WEBHOOK_KEYS", '{"key": ""}'),
        ("CLIENT_KEYS", "secret"),
        ("CLIENT_KEYS", '["SK1"]'),
        ("CLIENT_KEYS", '{"SK1": "secret"}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s"}}'),
        ("CLIENT_KEYS", '{"SK1": {"name": "shop"}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s", "name": " "}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s-t", "name": "shop"}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": 1, "name": "shop"}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "", "name": "shop"}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s", "name": "shop", "window": 1}}'),
        ("CLIENT_KEYS", '{"SK-1": {"secret": "s", "name": "shop"}}'),
        ("CLIENT_KEYS", '{"AC1": {"secret": "s", "name": "shop"}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s", "name": "x", "repeat_window_seconds": -1}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s", "name": "x", "repeat_window_seconds": 86401}}'),
        ("CLIENT_KEYS", '{"SK1": {"secret": "s", "name": "x", "repeat_window_seconds": true}}'),
        ("TWILIO_WEBHOOK_KEYS", "[" * 100_000),
        ("CONSOLE_KEYS", "a-key"),
        ("SHOW_CONTENT", "yes"),
        ("TWILIO_FROM_NUMBER", "415-555-2671"),
        ("TWILIO_FROM_NUMBER", "+0123456789"),
        ("TWILIO_MESSAGING_SERVICE_SID", "+15005550006"),
        ("TWILIO_TWIML_APP_SID", "AC" + "0" * 32),
        ("TWILIO_API_BASE_URL", "api.twilio.com"),
        ("TWILIO_API_BASE_URL", "ftp://api.twilio.com"),
        ("PUBLIC_BASE_URL", "https://example.com?x=1"),
        ("PUBLIC_BASE_URL", "https://example.com/#top"),
        ("PUBLIC_BASE_URL", "https://"),
        ("PUBLIC_BASE_URL", "https://exam ple.com"),
        ("PUBLIC_BASE_URL", "https://[::1"),
        ("PUBLIC_BASE_URL", "https://:443"),
        ("PUBLIC_BASE_URL", "https://example.com:0"),
        ("PUBLIC_BASE_URL", "https://example.com:65536"),
        ("MESSAGE_STORAGE", "https://a.queue.core.windows.net"),
        ("MESSAGE_STORAGE", "AccountName=a"),
        ("MESSAGE_STORAGE", "AccountName=;AccountKey=b"),
        ("MESSAGE_STORAGE", "AccountName=a;AccountKey=b;EndpointSuffix"),
        ("MESSAGE_STORAGE", "AccountName=a;AccountKey=b;accountname=c"),
        ("MESSAGE_STORAGE", "AccountName=a;AccountKey=b;QueueEndpoint=a.queue"),
        ("MESSAGE_STORAGE", "SharedAccessSignature=sv=1"),
        ("MESSAGE_STORAGE", "SharedAccessSignature=sv=1;QueueEndpoint=https://a.example"),
        ("MESSAGE_STORAGE__queueServiceUri", "http://a.queue.core.windows.net"),
        ("MESSAGE_STORAGE__tableServiceUri", "https://[a"),
        ("MESSAGE_STORAGE__credential", "password"),
        ("ALLOWED_COUNTRIES", "US,England"),
        ("ALLOWED_COUNTRIES", "1"),
        ("MEDIA_HOSTS", "https://cdn.example.com"),
        ("MEDIA_HOSTS", "*.example.com"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "-1"),
        ("RETENTION_DAYS", "9.5"),
        ("RETENTION_DAYS", "9" * 5000),
        ("RETENTION_DAYS", "\N{SUPERSCRIPT TWO}"),
        ("TWILIO_TIMEOUT_SECONDS", "soon"),
        ("TWILIO_TIMEOUT_SECONDS", "0"),
        ("TWILIO_TIMEOUT_SECONDS", "201"),
        ("TWILIO_TIMEOUT_SECONDS", "nan"),
        ("RESOLVE_AFTER_SECONDS", "inf"),
        ("TWILIO_MAX_CONCURRENCY", "0"),
        ("TWILIO_MAX_CONCURRENCY", "1001"),
        ("INBOUND_CALL", "dance?Message=Hi"),
        ("INBOUND_MESSAGE", '[{"say": "Hi"}]'),
        ("INBOUND_CALL_MAIN", "voicemail"),
        ("INBOUND_CALL_14155552671", "dance"),
        ("INBOUND_MESSAGE_\N{SUPERSCRIPT TWO}", "message"),
        ("SEGMENTS_PER_SECOND", "0"),
        ("DAILY_CAP_RECIPIENT", "none"),
        ("DAILY_CAP_COUNTRY", "USA=1"),
        ("DAILY_CAP_COUNTRY", "US=many"),
        ("DAILY_CAP_COUNTRY", "US=1,"),
        ("DAILY_CAP_TOTAL", "0"),
        ("QUIET_HOURS", "at night"),
        ("QUIET_HOURS", "21:00"),
        ("QUIET_HOURS", "25:00-08:00"),
        ("QUIET_HOURS", "08:00-08:00"),
        ("QUIET_HOURS_ACTION", "drop"),
    ],
)
def test_a_malformed_value_is_named(name: str, value: str) -> None:
    """A malformed value is refused under its setting's name."""
    assert problems(**{name: value}) == [(name, "malformed")]


def test_all_problems_are_named_at_once() -> None:
    """An environment with nothing in it, or with everything wrong, is one error with all names."""
    with pytest.raises(SettingsError) as error:
        read_settings({})
    assert [problem.path for problem in error.value.problems] == [
        "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "PUBLIC_BASE_URL", "MESSAGE_STORAGE",
    ]  # fmt: skip
    wrong = {"TWILIO_ACCOUNT_SID": "x", "TWILIO_AUTH_TOKEN": VAULT, "PUBLIC_BASE_URL": " ",
             "RETENTION_DAYS": "x", "TWILIO_API_KEY_SECRET": "x"}  # fmt: skip
    assert problems(**wrong) == [
        ("TWILIO_ACCOUNT_SID", "malformed"),
        ("TWILIO_AUTH_TOKEN", "unresolved"),
        ("PUBLIC_BASE_URL", "missing"),
        ("RETENTION_DAYS", "malformed"),
        ("TWILIO_API_KEY_SID", "missing"),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_an_unresolved_key_vault_reference_is_named(name: str) -> None:
    """The literal text of a reference is a mistake in any setting, and is not shown."""
    for text in (VAULT, VAULT.lower(), f" {VAULT}"):
        with pytest.raises(SettingsError) as error:
            settings(**{name: text})
        assert (name, "unresolved") in [(p.path, p.code) for p in error.value.problems]
        assert "canary" not in str(error.value)


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_blank_is_missing(blank: str) -> None:
    """A blank value counts as missing: an optional setting has its default."""
    assert problems(TWILIO_AUTH_TOKEN=blank) == [("TWILIO_AUTH_TOKEN", "missing")]
    assert settings(RETENTION_DAYS=blank).retention_days == 90


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"TWILIO_API_KEY_SID": "SK" + "0" * 32}, [("TWILIO_API_KEY_SECRET", "missing")]),
        ({"TWILIO_API_KEY_SECRET": "x"}, [("TWILIO_API_KEY_SID", "missing")]),
        ({"MESSAGE_STORAGE": ""}, [("MESSAGE_STORAGE", "missing")]),
        ({"MESSAGE_STORAGE": "", "MESSAGE_STORAGE__queueServiceUri": "https://a.example"},
         [("MESSAGE_STORAGE__tableServiceUri", "missing")]),
        ({"MESSAGE_STORAGE": "", "MESSAGE_STORAGE__tableServiceUri": "https://a.example"},
         [("MESSAGE_STORAGE__queueServiceUri", "missing")]),
    ],
)  # fmt: skip
def test_settings_that_go_together_are_asked_for_together(
    changes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    """Half of a pair is a problem that names the other half."""
    assert problems(**changes) == expected


def test_the_host_name_of_azure_is_the_public_address() -> None:
    """Without PUBLIC_BASE_URL the site's own name serves, unless the address is blank."""
    base = {name: v for name, v in ENVIRONMENT.items() if name != "PUBLIC_BASE_URL"}
    azure = {"WEBSITE_HOSTNAME": "app.azurewebsites.net"}
    assert read_settings(base | azure).public_base_url == "https://app.azurewebsites.net"
    assert problems(**azure, PUBLIC_BASE_URL="") == [("PUBLIC_BASE_URL", "missing")]


@pytest.mark.parametrize("host", ["localhost:7071", "127.0.0.1:7071", "[::1]:7071"])
def test_a_local_host_name_is_not_a_public_address(host: str) -> None:
    """Core Tools names localhost and drops blank values: it is missing there, blank or absent."""
    base = {name: v for name, v in ENVIRONMENT.items() if name != "PUBLIC_BASE_URL"}
    with pytest.raises(SettingsError, match="PUBLIC_BASE_URL: is not set; give it a value"):
        read_settings(base | {"WEBSITE_HOSTNAME": host})
    assert problems(WEBSITE_HOSTNAME=host, PUBLIC_BASE_URL="") == [("PUBLIC_BASE_URL", "missing")]


def warnings(**changes: str) -> list[tuple[str, str]]:
    """The name and message of everything that changed settings warn about."""
    return [(warning.path, warning.message) for warning in settings(**changes).warnings]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TWILIO_FORM_NUMBER", "TWILIO_FROM_NUMBER"),
        ("TWILIO_MESSAGE_SERVICE_SID", "TWILIO_MESSAGING_SERVICE_SID"),
        ("twilio_api_key_sid", "TWILIO_API_KEY_SID"),
        ("ALLOWED_COUNTRYS", "ALLOWED_COUNTRIES"),
        ("DAILY_CAP_RECIPIENTS", "DAILY_CAP_RECIPIENT"),
        ("INBOUND_CALLS", "INBOUND_CALL"),
        ("MESSAGE_STORAGE_queueServiceUri", "MESSAGE_STORAGE__queueServiceUri"),
    ],
)
def test_a_misspelt_setting_is_named(name: str, meant: str) -> None:
    """A name that is very like one of ours is a warning, and its value is not shown."""
    assert warnings(**{name: "canary"}) == [(name, f"is not a setting; did you mean {meant}?")]
    # Without a value nothing depends on it.
    assert warnings(**{name: ""}) == []


@pytest.mark.parametrize(
    "name",
    ["APPSETTING_TWILIO_ACCOUNT_SID", "AzureWebJobsStorage", "WEBSITE_HOSTNAME", "PATH",
     "MESSAGE_STORAGE__blobServiceUri", "FUNCTIONS_WORKER_RUNTIME", "INBOUND_CALL_14155552671",
     "AZURE_CLIENT_ID", "HOSTNAME", "SERVICE_SID", "PUBLIC_URL"],
)  # fmt: skip
def test_other_programs_variables_are_left_alone(name: str) -> None:
    """Azure's own variables, and those of other programs, are not taken for ours."""
    assert warnings(**{name: "message"}) == []


def test_a_missing_setting_names_the_misspelt_one() -> None:
    """Where a required setting is missing and a near miss is there, the error says so."""
    with pytest.raises(SettingsError) as error:
        settings(TWILIO_ACCOUNT_SID="", INBOUND_CALLS="x", TWILIO_ACOUNT_SID="AC" + "0" * 32)
    [problem] = error.value.problems
    assert (
        problem.message == "is not set, but TWILIO_ACOUNT_SID is: rename that to TWILIO_ACCOUNT_SID"
    )


def test_the_grace_has_a_floor() -> None:
    """Absence at Twilio counts ten seconds after a request's time-out at the earliest."""
    assert settings(RESOLVE_AFTER_SECONDS="46").resolve_after_seconds == 46
    assert warnings(RESOLVE_AFTER_SECONDS="45", TWILIO_TIMEOUT_SECONDS="35") == []
    low = settings(RESOLVE_AFTER_SECONDS="44", TWILIO_TIMEOUT_SECONDS="35")
    assert low.resolve_after_seconds == 45
    assert [(warning.path, warning.code) for warning in low.warnings] == [
        ("RESOLVE_AFTER_SECONDS", "too_low")]  # fmt: skip
    # The default is raised in silence: nobody wrote it.
    slow = settings(TWILIO_TIMEOUT_SECONDS="90")
    assert (slow.resolve_after_seconds, slow.warnings) == (100, ())


def test_a_short_read_only_key_is_a_warning() -> None:
    """A key that can be guessed is named, and not shown."""
    assert settings(CONSOLE_KEYS=json.dumps({"duty": "x" * 16})).warnings == ()
    [(name, message)] = warnings(CONSOLE_KEYS='{"duty": "canary"}')
    assert name == "CONSOLE_KEYS"
    assert message.startswith("has a key of less than 16 characters")
    assert "canary" not in message


@pytest.mark.parametrize(
    ("url", "simulated"),
    [("http://127.0.0.1:7072", True), ("http://localhost:1", True), ("http://[::1]:7072", True),
     ("https://api.twilio.com", False), ("http://10.0.0.4", False)],
)  # fmt: skip
def test_a_simulator_is_on_this_machine(url: str, *, simulated: bool) -> None:
    """Twilio on a loopback address is a simulator; a proxy elsewhere is not."""
    assert settings(TWILIO_API_BASE_URL=url).is_simulated is simulated


def test_development_storage_is_azurites() -> None:
    """Azure's short name for the emulator opens both of its services."""
    opened = settings(MESSAGE_STORAGE="UseDevelopmentStorage=true").message_storage or ""
    assert "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1" in opened
    assert "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1" in opened


@pytest.mark.parametrize(
    "given",
    [
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b==;EndpointSuffix=core.windows.net",
        "AccountName=a;AccountKey=b;",
        "AccountName=a;SharedAccessSignature=sv=1&sig=x",
        "QueueEndpoint=https://a.example/;TableEndpoint=https://b.example;SharedAccessSignature=sv=1",
    ],
)
async def test_every_kind_of_connection_string_opens_the_storage(given: str) -> None:
    """What is taken for a connection string is one for the storage's own libraries too."""
    services = App(ENVIRONMENT | {"MESSAGE_STORAGE": f"{given}\n"})
    assert services.settings.message_storage == given
    for part in (services.table, services.queues):
        assert isinstance(part, AzureTable | AzureQueues)
        await part.close()


def test_answers_for_one_number_are_read_by_number() -> None:
    """`INBOUND_CALL_<digits>` is for calls to one number of ours, `INBOUND_MESSAGE_…` for texts."""
    read = settings(INBOUND_CALL_14155552671="menu?x=1", INBOUND_MESSAGE_441234567890="message",
                    INBOUND_CALL_1="")  # fmt: skip
    assert read.inbound_call_by_number == {"+14155552671": "menu?x=1"}
    assert read.inbound_message_by_number == {"+441234567890": "message"}


def test_keys_of_twilio_clients_are_read() -> None:
    """A key has a secret and a name, and takes no request for a repeat unless that is set."""
    keys = settings(
        CLIENT_KEYS='{"SKshop": {"secret": "a1", "name": "the shop"}, "SK2": '
        '{"secret": "b", "name": "x", "repeat_window_seconds": 60}}'
    ).client_keys
    assert keys == {"SKshop": ClientKey("a1", "the shop"), "SK2": ClientKey("b", "x", 60)}


def test_no_secret_is_shown() -> None:
    """Neither the repr of settings nor an error about them holds the value of any secret."""
    secrets = {env_name(s): "canary" for s in named_settings() if s.metadata["secret"]}
    assert set(secrets) == {"TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECONDARY",
                            "TWILIO_WEBHOOK_KEYS", "TWILIO_API_KEY_SECRET",
                            "MESSAGE_STORAGE", "CLIENT_KEYS", "DIGEST_KEYS",
                            "CONSOLE_KEYS"}  # fmt: skip
    with pytest.raises(SettingsError) as error:
        settings(**secrets)
    assert "canary" not in repr(error.value) + str(error.value) + repr(error.value.problems)
    with pytest.raises(SettingsError) as error:
        settings(**dict.fromkeys(set(NAMES) - secrets.keys(), "canary!"))
    assert "canary" not in str(error.value).lower()
    storage = "AccountName=a;AccountKey=canary"
    well_formed = {"TWILIO_WEBHOOK_KEYS": '{"key": "canary"}', "MESSAGE_STORAGE": storage,
                   "CONSOLE_KEYS": '{"duty": "canary"}',
                   "DIGEST_KEYS": "a canary of some length",
                   "TWILIO_API_KEY_SID": "SK" + "0" * 32,
                   "CLIENT_KEYS": '{"SK1": {"secret": "canary", "name": "shop"}}'}  # fmt: skip
    assert "canary" not in repr(settings(**secrets | well_formed))


def test_settings_cannot_be_changed() -> None:
    """Settings are frozen."""
    with pytest.raises(FrozenInstanceError):
        settings().retention_days = 1  # type: ignore[misc] # that is the point


def test_the_example_names_every_setting() -> None:
    """`local.settings.json.example` has every setting, no other, and values that the app takes."""
    example = json.loads((ROOT / "local.settings.json.example").read_text())
    assert example["IsEncrypted"] is False
    values = example["Values"]
    assert [name for name in values if name not in AZURES] == NAMES
    assert values.keys() > AZURES
    assert isinstance(read_settings(values), Settings)
    for setting in named_settings():
        default = getattr(settings(), setting.name)
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert float(values[env_name(setting)]) == default


def test_the_page_names_every_setting() -> None:
    """The table in docs/settings.md has a row for every setting, and for no other."""
    named = re.findall(r"^\| `([A-Z][A-Za-z_]+)` \|", SETTINGS_PAGE.read_text(), re.MULTILINE)
    assert named == NAMES
