"""The settings of the app: one frozen object, built from a mapping, every problem found at once.

A setting's name is its field's name in capitals. What a field means, and whether it is a
secret, stands beside it, so that README, `local.settings.json.example` and the deployment
can be held to this one list.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shared.errors import Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.kinds import Kind

KEY_VAULT_REFERENCE: Final = re.compile(r"\s*@Microsoft\.KeyVault\(", re.IGNORECASE)
INBOUND_CALL_TO: Final = "INBOUND_CALL_"
INBOUND_MESSAGE_TO: Final = "INBOUND_MESSAGE_"

# Azurite's account and key are published and the same for everybody:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_DEVELOPMENT_STORAGE: Final = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)


def _text(value: str) -> str:
    return value


def _matching(pattern: str, words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return read


def _sid(prefix: str) -> Callable[[str], str]:
    return _matching(rf"{prefix}[0-9a-fA-F]{{32}}", f"must be {prefix} and 32 hexadecimal digits")


def _url(value: str) -> str:
    words = "must be an http(s) URL without query"
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(words) from None
    if not usable or not re.fullmatch(r"https?://[^\s?#]+", value):
        raise ValueError(words)
    return value.rstrip("/")


def _https_url(value: str) -> str:
    # The storage library gives an identity's token to nobody without TLS.
    if not value.startswith("https://"):
        raise ValueError("must be an https URL without query")
    return _url(value)


def _between(low: float, high: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        words = f"must be a number from {low:g} to {high:g}"
        try:
            number = float(value)
        except ValueError:
            raise ValueError(words) from None
        if not low <= number <= high:
            raise ValueError(words)
        return number

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def _words(value: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in value.split(",") if word.strip())


def _countries(value: str) -> frozenset[str]:
    countries = frozenset(word.upper() for word in _words(value))
    if not all(re.fullmatch("[A-Z]{2}", country) for country in countries):
        raise ValueError("must be ISO codes of two letters, such as US,GB")
    return countries


def _hosts(value: str) -> frozenset[str]:
    hosts = _words(value)
    if not all(re.fullmatch("[a-z0-9._:-]+", host) for host in hosts):
        raise ValueError("must be host names, such as cdn.example.com, with a port or without")
    return hosts


def _country_caps(value: str) -> Mapping[str, int]:
    """`US=1000,FR=50`, and a number alone for every country that is not named (key "")."""
    read = _whole(1, 1_000_000_000)
    caps = {}
    for part in value.split(","):
        country, _, number = part.rpartition("=")
        caps[country.strip().upper()] = read(number.strip())
        if country.strip() and not re.fullmatch("[A-Za-z]{2}", country.strip()):
            raise ValueError("must be a number, or such as US=1000,FR=50")
    return caps


def _hours(value: str) -> tuple[time, time]:
    words = "must be two different times, such as 21:00-08:00"
    found = re.fullmatch(r"\s*(\d\d:\d\d)\s*-\s*(\d\d:\d\d)\s*", value, re.ASCII)
    try:
        begin, end = map(time.fromisoformat, found.groups() if found else ())
    except ValueError:
        raise ValueError(words) from None
    if begin == end:
        raise ValueError(words)
    return begin, end


def _keys(value: str) -> Mapping[str, str]:
    import json

    words = "must be a JSON object of key id to secret"
    try:
        keys = json.loads(value)
    except ValueError:
        raise ValueError(words) from None
    if not isinstance(keys, dict) or not all(isinstance(s, str) and s for s in keys.values()):
        raise ValueError(words)
    return keys


def _storage(value: str) -> str:
    if value.strip() == "UseDevelopmentStorage=true":
        return _DEVELOPMENT_STORAGE
    pairs = [pair.partition("=")[::2] for pair in value.strip().rstrip(";").split(";")]
    parts = {name.lower(): text for name, text in pairs if name and text}
    by_name = "accountname" in parts
    opened = "sharedaccesssignature" in parts or (by_name and "accountkey" in parts)
    places = [parts[name] for name in ("queueendpoint", "tableendpoint") if name in parts]
    try:
        for place in places:
            _url(place)
    except ValueError:
        places, by_name = [], False
    if len(parts) < len(pairs) or not opened or not (by_name or len(places) > 1):
        raise ValueError("must be a storage connection string, with an account's key or a SAS")
    return value.strip()


def _digest_keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    if any(len(key) < _MIN_DIGEST_KEY for key in keys):
        raise ValueError(f"must be keys of at least {_MIN_DIGEST_KEY} characters each")
    return keys


_MIN_DIGEST_KEY: Final = 16
_E164 = _matching(r"\+[1-9]\d{6,14}", "must be E.164, such as +14155552671")


def _setting(  # noqa: PLR0913 - each says one thing of a setting
    read: Callable[[str], Any],
    means: str,
    *,
    default: Any = None,  # noqa: ANN401 - as many types as there are settings
    required: bool = False,
    secret: bool = False,
    env: str | None = None,
) -> Any:  # noqa: ANN401 - dataclasses.field is typed this way too
    """One setting: how its text is read, what it means, and whether a repr may show it."""
    return field(
        default=default,
        repr=not secret,
        metadata={"read": read, "means": means, "required": required, "secret": secret, "env": env},
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation decides. Times are in seconds unless a name says otherwise."""

    twilio_account_sid: str = _setting(_sid("AC"), "the Twilio account", required=True)
    twilio_auth_token: str = _setting(
        _text, "signs webhooks, and REST when no API key is set", required=True, secret=True
    )
    twilio_auth_token_secondary: str | None = _setting(
        _text, "accepted on webhooks too, while tokens are rotated", secret=True
    )
    twilio_webhook_keys: Mapping[str, str] | None = _setting(
        _keys, "JSON, key id to secret: Twilio's SHA-256 shared keys (beta)", secret=True
    )
    twilio_api_key_sid: str | None = _setting(_sid("SK"), "API key for REST and access tokens")
    twilio_api_key_secret: str | None = _setting(_text, "its secret", secret=True)
    twilio_from_number: str | None = _setting(_E164, "default sender, E.164")
    twilio_messaging_service_sid: str | None = _setting(
        _sid("MG"), "default Messaging Service for messages; wins over the number"
    )
    twilio_twiml_app_sid: str | None = _setting(_sid("AP"), "TwiML app, for access tokens")
    twilio_api_base_url: str = _setting(
        _url, "Twilio's REST API; a simulator or proxy", default="https://api.twilio.com"
    )
    public_base_url: str = _setting(
        _url, "what Twilio calls us by; default `https://` + `WEBSITE_HOSTNAME`", required=True
    )
    message_storage: str | None = _setting(
        _storage, "storage connection string, for queues and table", secret=True
    )
    message_storage_queue_uri: str | None = _setting(
        _https_url, "queue service, for managed identity", env="MESSAGE_STORAGE__queueServiceUri"
    )
    message_storage_table_uri: str | None = _setting(
        _https_url, "table service, for managed identity", env="MESSAGE_STORAGE__tableServiceUri"
    )
    message_storage_credential: str | None = _setting(
        _matching("managedidentity", "must be managedidentity"),
        "`managedidentity`, for the triggers",
        env="MESSAGE_STORAGE__credential",
    )
    message_storage_client_id: str | None = _setting(
        _text, "client id of a user-assigned identity", env="MESSAGE_STORAGE__clientId"
    )
    digest_keys: tuple[str, ...] = _setting(
        _digest_keys,
        "keys of the digests of numbers, comma-separated, the newest first; never take one away",
        default=(),
        secret=True,
    )
    allowed_countries: frozenset[str] = _setting(
        _countries, "ISO codes that may be sent to, comma-separated; empty = all",
        default=frozenset(),
    )  # fmt: skip
    retention_days: int = _setting(_whole(1, 3650), "how long a message is kept", default=90)
    inbound_call: str | None = _setting(
        _text,
        "what a caller hears: a twimlet with its query, steps as JSON, or a URL",
    )
    inbound_message: str | None = _setting(_text, "what an inbound text is answered, likewise")
    twilio_timeout_seconds: float = _setting(
        _between(0.1, 90), "how long one request to Twilio may take", default=35.0
    )
    resolve_after_seconds: float = _setting(
        _between(0.1, 86_400),
        "how long an unclear send is left before absence at Twilio counts as proof",
        default=60.0,
    )
    status_poll_after_seconds: float = _setting(
        _between(0, 604_800),
        "how long after sending Twilio is asked about a message without a final status",
        default=43_200.0,
    )
    twilio_max_concurrency: int = _setting(
        _whole(1, 1000), "most requests at Twilio at once, per worker", default=100
    )
    segments_per_second: float | None = _setting(
        _between(0.01, 10_000), "most SMS segments per second for each sender, per worker"
    )
    daily_cap_recipient: int | None = _setting(
        _whole(1, 1000), "most messages and calls to one recipient in a day (UTC)"
    )
    daily_cap_country: Mapping[str, int] | None = _setting(
        _country_caps, "the same for each country: a number for all, or `US=1000,FR=50`, or both"
    )
    daily_cap_total: int | None = _setting(
        _whole(1, 1_000_000_000), "the same in all, over all workers"
    )
    quiet_hours: tuple[time, time] | None = _setting(
        _hours, "local times, such as `21:00-08:00`, in which nobody is texted or called"
    )
    quiet_hours_action: str = _setting(
        _matching("hold|refuse", "must be hold or refuse"),
        "what becomes of a send in quiet hours: `hold` it until they end, or `refuse` it",
        default="hold",
    )
    media_hosts: frozenset[str] = _setting(
        _hosts, "hosts allowed in `url` and `media_url`; empty = any public https host",
        default=frozenset(),
    )  # fmt: skip
    alert_policy: str | None = _setting(
        _matching(r"[A-Za-z0-9._-]{1,64}", "must be the name of a policy, such as ops"),
        "the policy by which an intake notifies that names none, or one that is not there",
    )
    inbound_call_by_number: Mapping[str, str] = field(default_factory=dict, repr=False)
    inbound_message_by_number: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def default_sender(self) -> str | None:
        """The Messaging Service or number that sends where a message names neither."""
        return self.twilio_messaging_service_sid or self.twilio_from_number

    @property
    def digest_secrets(self) -> tuple[str, ...]:
        """What digests of numbers may be keyed by, the newest first."""
        return (*self.digest_keys, self.twilio_account_sid)

    @property
    def has_daily_caps(self) -> bool:
        """Whether sends are counted at all."""
        return any((self.daily_cap_recipient, self.daily_cap_country, self.daily_cap_total))

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens that a webhook may be signed with, the current one first."""
        return tuple(
            token for token in (self.twilio_auth_token, self.twilio_auth_token_secondary) if token
        )


def env_name(setting: dataclasses.Field[Any]) -> str:
    """The name under which a setting stands in the environment."""
    return setting.metadata["env"] or setting.name.upper()


def named_settings() -> tuple[dataclasses.Field[Any], ...]:
    """The settings that have one name each (all but the per-number answers)."""
    return tuple(f for f in dataclasses.fields(Settings) if f.metadata)


def read_settings(
    environment: Mapping[str, str],
    *,
    validate_answer: Callable[[str, Kind], object] = lambda _value, _kind: None,
) -> Settings:
    """Build the settings from app settings; a blank value is a missing one.

    `validate_answer` raises ValueError for a value of INBOUND_CALL or INBOUND_MESSAGE that cannot
    be given to a call or a message. It is passed in, since settings know nothing of TwiML.

    Raises:
        SettingsError: with every missing, malformed or unresolved setting, by name.
    """
    given = {name: value for name, value in environment.items() if value.strip()}
    if "PUBLIC_BASE_URL" not in environment and (host := given.get("WEBSITE_HOSTNAME")):
        given["PUBLIC_BASE_URL"] = f"https://{host}"
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in named_settings():
        name = env_name(setting)
        if name in given:
            values[setting.name] = _value(name, given[name], setting.metadata["read"], problems)
        elif setting.metadata["required"]:
            problems.append(Problem(name, "missing", "is not set"))
    calls = _by_number(given, INBOUND_CALL_TO, problems)
    messages = _by_number(given, INBOUND_MESSAGE_TO, problems)
    problems += _validate_answers(given, validate_answer)
    problems += _incomplete(given)
    if problems:
        raise SettingsError(problems)
    return Settings(**values, inbound_call_by_number=calls, inbound_message_by_number=messages)


def read_storage_settings(environment: Mapping[str, str]) -> Settings:
    """Build settings of which only those of the storage are true.

    A queue trigger that runs has a storage that works, so messages can wait there while other
    settings are wrong.

    Raises:
        SettingsError: with every problem of the storage's settings.
    """
    storage = {name: value for name, value in environment.items() if name.startswith(_STORAGE)}
    return read_settings({**_PLACEHOLDERS, **storage})


_STORAGE: Final = "MESSAGE_STORAGE"
_PLACEHOLDERS: Final = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "none",
    "PUBLIC_BASE_URL": "https://localhost",
}
_UNRESOLVED: Final = (
    "is a Key Vault reference that Azure has not resolved; check the vault, the secret's name "
    "and that the app's identity has the role Key Vault Secrets User"
)


def _incomplete(given: Mapping[str, str]) -> list[Problem]:
    """What is wrong with settings that only make sense together."""
    pairs = [("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET")]
    storage = ("MESSAGE_STORAGE__queueServiceUri", "MESSAGE_STORAGE__tableServiceUri")
    problems = []
    if "MESSAGE_STORAGE" not in given:
        pairs.append(storage)
        if not any(name in given for name in storage):
            problems.append(
                Problem(
                    "MESSAGE_STORAGE", "missing", f"is not set, nor are {' and '.join(storage)}"
                )
            )
    for pair in pairs:
        for name, other in (pair, pair[::-1]):
            if name not in given and other in given:
                problems.append(Problem(name, "missing", f"is not set, but {other} is"))
    return problems


def _value(name: str, text: str, read: Callable[[str], Any], problems: list[Problem]) -> Any:  # noqa: ANN401 - as many types as there are settings
    """What a setting's text says; None, and one problem more, if it says nothing usable."""
    if KEY_VAULT_REFERENCE.match(text):
        problems.append(Problem(name, "unresolved", _UNRESOLVED))
        return None
    try:
        return read(text)
    except ValueError as error:
        problems.append(Problem(name, "malformed", str(error)))
        return None


def _by_number(given: Mapping[str, str], prefix: str, problems: list[Problem]) -> dict[str, str]:
    """Per-number answers: `INBOUND_CALL_14155552671` is for calls to +14155552671."""
    answers = {}
    for name, text in given.items():
        if name.startswith(prefix):
            digits = name.removeprefix(prefix)
            answers[f"+{digits}"] = _value(name, text, _text, problems)
            if not (digits.isascii() and digits.isdigit()):
                problems.append(Problem(name, "malformed", "must end in a number's digits"))
    return answers


def _validate_answers(
    given: Mapping[str, str], validate_answer: Callable[[str, Kind], object]
) -> list[Problem]:
    """Return what is wrong with the answers to callers and texts, for all numbers and for one."""
    problems = []
    kinds: dict[str, Kind] = {"INBOUND_CALL": "call", "INBOUND_MESSAGE": "message"}
    for name, text in given.items():
        kind = next((k for prefix, k in kinds.items() if re.match(f"{prefix}(_|$)", name)), None)
        if kind is None or KEY_VAULT_REFERENCE.match(text):
            continue
        try:
            validate_answer(text, kind)
        except ValueError as error:
            problems.append(Problem(name, "malformed", str(error)))
    return problems
