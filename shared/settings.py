"""The settings of the app: one frozen object, built from a mapping, every problem found at once.

A setting's name is its field's name in capitals. Its meaning, and whether it is a secret, stand
beside it, so that docs/settings.md, `local.settings.json.example` and the deployment can be checked
against this one list.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shared.errors import Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shared.kinds import Kind

KEY_VAULT_REFERENCE: Final = re.compile(r"\s*@Microsoft\.KeyVault\(", re.IGNORECASE)
INBOUND_CALL_TO: Final = "INBOUND_CALL_"
INBOUND_MESSAGE_TO: Final = "INBOUND_MESSAGE_"
MAX_REPEAT_WINDOW_SECONDS: Final = 86_400
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
MIN_KEY_CHARACTERS: Final = 16
# A request to Twilio that timed out may still be taken for this long.
RESOLVE_MARGIN_SECONDS: Final = 10.0

# Azurite's account and key are published and the same for everybody:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_DEVELOPMENT_STORAGE: Final = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)


_MAX_DIGITS: Final = 12


def _text(value: str) -> str:
    return value


def _matching(pattern: str, message: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(message)
        return value

    return read


def _sid(prefix: str) -> Callable[[str], str]:
    return _matching(rf"{prefix}[0-9a-fA-F]{{32}}", f"must be {prefix} and 32 hexadecimal digits")


def _url(value: str) -> str:
    message = "must be an http(s) URL without a query, e.g. https://switchboard.example.com"
    try:
        parts = urlsplit(value)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(message) from None
    if not is_usable or not re.fullmatch(r"https?://[^\s?#]+", value):
        raise ValueError(message)
    return value.rstrip("/")


def _https_url(value: str) -> str:
    # The storage library sends an identity's token over TLS only.
    if not value.startswith("https://"):
        message = "must be an https URL without a query, e.g. https://NAME.queue.core.windows.net"
        raise ValueError(message)
    return _url(value)


def _between(low: float, high: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        message = f"must be a number from {low:g} to {high:g}, e.g. {min(high, max(low, 60)):g}"
        try:
            number = float(value)
        except ValueError:
            raise ValueError(message) from None
        if not low <= number <= high:
            raise ValueError(message)
        return number

    return read


def _integer(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        # The length first: Python refuses to convert thousands of digits.
        is_number = value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        if not (is_number and low <= int(value) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, e.g. {min(90, high)}")
        return int(value)

    return read


def _boolean(value: str) -> bool:
    if value.strip().lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value.strip().lower() == "true"


def _list(value: str) -> frozenset[str]:
    return frozenset(item.strip().lower() for item in value.split(",") if item.strip())


def _countries(value: str) -> frozenset[str]:
    countries = frozenset(country.upper() for country in _list(value))
    if not all(re.fullmatch("[A-Z]{2}", country) for country in countries):
        raise ValueError("must be ISO codes of two letters, e.g. US,GB")
    return countries


def _hosts(value: str) -> frozenset[str]:
    hosts = _list(value)
    if not all(re.fullmatch("[a-z0-9._:-]+", host) for host in hosts):
        raise ValueError("must be host names, with or without a port, e.g. cdn.example.com")
    return hosts


def _country_caps(value: str) -> Mapping[str, int]:
    """Read `US=1000,FR=50`; a number alone is for every country that is not named (key "")."""
    read = _integer(1, 1_000_000_000)
    caps = {}
    for part in value.split(","):
        country, _, number = part.rpartition("=")
        caps[country.strip().upper()] = read(number.strip())
        if country.strip() and not re.fullmatch("[A-Za-z]{2}", country.strip()):
            raise ValueError("must be a number, or one for each country, e.g. US=1000,FR=50")
    return caps


def _hours(value: str) -> tuple[time, time]:
    message = "must be two different times, e.g. 21:00-08:00"
    found = re.fullmatch(r"\s*(\d\d:\d\d)\s*-\s*(\d\d:\d\d)\s*", value, re.ASCII)
    try:
        begin, end = map(time.fromisoformat, found.groups() if found else ())
    except ValueError:
        raise ValueError(message) from None
    if begin == end:
        raise ValueError(message)
    return begin, end


def _keys(value: str) -> Mapping[str, str]:
    import json

    message = 'must be a JSON object of names and keys, e.g. {"duty": "a long random key"}'
    try:
        keys = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError(message) from None
    if not isinstance(keys, dict) or not all(isinstance(s, str) and s for s in keys.values()):
        raise ValueError(message)
    return keys


@dataclass(frozen=True)
class ClientKey:
    """A key for a program that speaks Twilio's API: its secret, and the program's name.

    Without an idempotency key, a request that the program sent before within
    `repeat_window_seconds` is taken for a repeat of that one (0: never).
    """

    secret: str = field(repr=False)
    name: str
    repeat_window_seconds: int = 0


def _client_keys(value: str) -> Mapping[str, ClientKey]:
    import json

    message = (
        "must be a JSON object of keys (SK and letters or digits), each with a secret of letters "
        "and digits, a name, and perhaps repeat_window_seconds (0 to 86400), such as "
        '{"SKshop": {"secret": "a1b2c3d4e5f6g7h8", "name": "shop"}}'
    )
    try:
        keys = json.loads(value)
        read = {key: _client_key(key, **about) for key, about in keys.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError(message) from None
    if any(key is None for key in read.values()):
        raise ValueError(message)
    return {name: key for name, key in read.items() if key}


def _client_key(
    key: str, *, secret: object, name: object, repeat_window_seconds: object = 0
) -> ClientKey | None:
    """Return a key that is usable, or None."""
    if (
        re.fullmatch("SK[0-9A-Za-z]{1,64}", key)
        and isinstance(secret, str)
        and re.fullmatch("[0-9A-Za-z]+", secret)
        and isinstance(name, str)
        and name.strip()
        and type(repeat_window_seconds) is int
        and 0 <= repeat_window_seconds <= MAX_REPEAT_WINDOW_SECONDS
    ):
        return ClientKey(secret, name, repeat_window_seconds)
    return None


def _storage(value: str) -> str:
    if value.strip() == "UseDevelopmentStorage=true":
        return _DEVELOPMENT_STORAGE
    pairs = [pair.partition("=")[::2] for pair in value.strip().rstrip(";").split(";")]
    parts = {name.lower(): text for name, text in pairs if name and text}
    has_name = "accountname" in parts
    has_key = "sharedaccesssignature" in parts or (has_name and "accountkey" in parts)
    endpoints = [parts[name] for name in ("queueendpoint", "tableendpoint") if name in parts]
    try:
        for endpoint in endpoints:
            _url(endpoint)
    except ValueError:
        endpoints, has_name = [], False
    if len(parts) < len(pairs) or not has_key or not (has_name or len(endpoints) > 1):
        raise ValueError(
            "must be a storage connection string with an account's key or a SAS, "
            "e.g. AccountName=NAME;AccountKey=KEY"
        )
    return value.strip()


def _digest_keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    if any(len(key) < MIN_KEY_CHARACTERS for key in keys):
        raise ValueError(f"must be keys of at least {MIN_KEY_CHARACTERS} characters each")
    return keys


_E164 = _matching(r"\+[1-9]\d{6,14}", "must be a number in E.164, e.g. +14155552671")


def _setting(  # noqa: PLR0913 - each is a property of a setting
    read: Callable[[str], Any],
    means: str,
    *,
    default: Any = None,  # noqa: ANN401 - as many types as there are settings
    required: bool = False,
    secret: bool = False,
    env: str | None = None,
) -> Any:  # noqa: ANN401 - dataclasses.field is typed this way too
    """Describe one setting: its reader, its meaning, and whether a repr may show it."""
    return field(
        default=default,
        repr=not secret,
        metadata={"read": read, "means": means, "required": required, "secret": secret, "env": env},
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation decides. Times are in seconds unless a name says otherwise.

    `warnings` are settings that are probably not as they were meant, each with what to do.
    """

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
    retention_days: int = _setting(_integer(1, 3650), "how long a message is kept", default=90)
    inbound_call: str | None = _setting(
        _text,
        "what a caller hears: a twimlet with its query, steps as JSON, or a URL",
    )
    inbound_message: str | None = _setting(
        _text, "what an inbound text is answered, written in the same way"
    )
    twilio_timeout_seconds: float = _setting(
        _between(0.1, 90), "how long one request to Twilio may take", default=35.0
    )
    resolve_after_seconds: float = _setting(
        _between(0.1, 86_400),
        "how long an unclear send is left before absence at Twilio counts as proof; at least "
        "`TWILIO_TIMEOUT_SECONDS` and 10 more",
        default=60.0,
    )
    status_poll_after_seconds: float = _setting(
        _between(0, 604_800),
        "how long after sending Twilio is asked about a message without a final status",
        default=43_200.0,
    )
    twilio_max_concurrency: int = _setting(
        _integer(1, 1000), "maximum of requests to Twilio at once, per worker", default=100
    )
    segments_per_second: float | None = _setting(
        _between(0.01, 10_000), "maximum of SMS segments per second for each sender, per worker"
    )
    daily_cap_recipient: int | None = _setting(
        _integer(1, 1000), "maximum of messages and calls to one recipient in a day (UTC)"
    )
    daily_cap_country: Mapping[str, int] | None = _setting(
        _country_caps, "the same for each country: a number for all, or `US=1000,FR=50`, or both"
    )
    daily_cap_total: int | None = _setting(
        _integer(1, 1_000_000_000), "the same in all, over all workers"
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
    client_keys: Mapping[str, ClientKey] | None = _setting(
        _client_keys,
        'JSON, `SK…` to `{"secret", "name", "repeat_window_seconds"?}`: keys for Twilio clients',
        secret=True,
    )
    console_keys: Mapping[str, str] | None = _setting(
        _keys, "JSON, name to key: keys that may read and nothing else", secret=True
    )
    show_content: bool = _setting(
        _boolean, "`false` keeps texts out of the API's answers and the console", default=True
    )
    alert_policy: str | None = _setting(
        _matching(r"[A-Za-z0-9._-]{1,64}", "must be the name of a policy, such as ops"),
        "the policy for an intake that names none, or one that does not exist",
    )
    inbound_call_by_number: Mapping[str, str] = field(default_factory=dict, repr=False)
    inbound_message_by_number: Mapping[str, str] = field(default_factory=dict, repr=False)
    warnings: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        """Raise `resolve_after_seconds` to its floor."""
        floor = self.twilio_timeout_seconds + RESOLVE_MARGIN_SECONDS
        object.__setattr__(self, "resolve_after_seconds", max(self.resolve_after_seconds, floor))

    @cached_property
    def is_simulated(self) -> bool:
        """Whether Twilio is a simulator on this machine, so that nothing real can happen."""
        return urlsplit(self.twilio_api_base_url).hostname in LOOPBACK_HOSTS

    @cached_property
    def default_sender(self) -> str | None:
        """The Messaging Service or number that sends where a request names none."""
        return self.twilio_messaging_service_sid or self.twilio_from_number

    @cached_property
    def digest_secrets(self) -> tuple[str, ...]:
        """The secrets that digests of numbers may be keyed by, the newest first."""
        return (*self.digest_keys, self.twilio_account_sid)

    @cached_property
    def has_daily_caps(self) -> bool:
        """Whether sends are counted at all."""
        return any((self.daily_cap_recipient, self.daily_cap_country, self.daily_cap_total))

    @cached_property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens that a webhook may be signed with, the current one first."""
        return tuple(
            token for token in (self.twilio_auth_token, self.twilio_auth_token_secondary) if token
        )


def env_name(setting: dataclasses.Field[Any]) -> str:
    """Return the name of a setting in the environment."""
    return setting.metadata["env"] or setting.name.upper()


def named_settings() -> tuple[dataclasses.Field[Any], ...]:
    """Return the settings that have one name each (all but the per-number answers)."""
    return tuple(f for f in dataclasses.fields(Settings) if f.metadata)


def read_settings(
    environment: Mapping[str, str],
    *,
    validate_answer: Callable[[str, Kind], object] = lambda _value, _kind: None,
) -> Settings:
    """Build the settings from the environment; a blank value is a missing one.

    `validate_answer` raises ValueError for a value of INBOUND_CALL or INBOUND_MESSAGE that cannot
    be given to a call or a message. It is passed in, since settings know nothing of TwiML.

    Raises:
        SettingsError: with every missing, malformed or unresolved setting, by name.
    """
    given = {name: value for name, value in environment.items() if value.strip()}
    host = given.get("WEBSITE_HOSTNAME", "")
    # Core Tools names localhost there, which Twilio does not reach, and passes no blank values on.
    if "PUBLIC_BASE_URL" not in environment and host and _hostname(host) not in LOOPBACK_HOSTS:
        given["PUBLIC_BASE_URL"] = f"https://{host}"
    misspelt = find_misspelt(given)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in named_settings():
        name = env_name(setting)
        if name in given:
            values[setting.name] = _value(name, given[name], setting.metadata["read"], problems)
        elif setting.metadata["required"]:
            problems.append(Problem(name, "missing", _missing(name, misspelt)))
    calls = _by_number(given, INBOUND_CALL_TO, problems)
    messages = _by_number(given, INBOUND_MESSAGE_TO, problems)
    problems += _validate_answers(given, validate_answer)
    problems += _incomplete(given)
    if problems:
        raise SettingsError(problems)
    settings = Settings(**values, inbound_call_by_number=calls, inbound_message_by_number=messages)
    warnings = _find_warnings(settings, values.get("resolve_after_seconds"), misspelt)
    return dataclasses.replace(settings, warnings=tuple(warnings))


def read_storage_settings(environment: Mapping[str, str]) -> Settings:
    """Build settings of which only those of the storage are true.

    A queue trigger that runs has a storage that works, so messages can wait there while other
    settings are wrong.

    Raises:
        SettingsError: with every problem of the storage's settings.
    """
    storage = {name: value for name, value in environment.items() if name.startswith(_STORAGE)}
    return read_settings({**_PLACEHOLDERS, **storage})


def _find_warnings(
    settings: Settings, resolve_after: float | None, misspelt: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what is probably not as it was meant; `resolve_after` is the value that was given."""
    for name, meant in misspelt.items():
        yield Problem(name, "unknown", f"is not a setting; did you mean {meant}?")
    if resolve_after is not None and resolve_after < settings.resolve_after_seconds:
        message = (
            f"is raised to {settings.resolve_after_seconds:g}: TWILIO_TIMEOUT_SECONDS and "
            f"{RESOLVE_MARGIN_SECONDS:g} more"
        )
        yield Problem("RESOLVE_AFTER_SECONDS", "too_low", message)
    if any(len(key) < MIN_KEY_CHARACTERS for key in (settings.console_keys or {}).values()):
        message = (
            f"has a key of less than {MIN_KEY_CHARACTERS} characters, which can be guessed; make "
            "one with `openssl rand -base64 24`"
        )
        yield Problem("CONSOLE_KEYS", "too_short", message)


def find_misspelt(names: Iterable[str]) -> dict[str, str]:
    """Return the names that are probably misspelt settings, each with the setting that is meant.

    Variables of Azure's and of other programs are left alone: a name counts only if it is very like
    one of ours, or the same in another case.
    """
    ours = [env_name(setting) for setting in named_settings()]
    pieces = set[str]().union(*map(_pieces, ours))
    misspelt = {}
    for name in names:
        if name in ours or re.match(_NOT_OURS, name):
            continue
        # A cold start waits for this, and comparing whole names is slow. Few share much with ours.
        own = _pieces(name)
        if len(own & pieces) * 4 > len(own) and (meant := _most_like(name, ours)):
            misspelt[name] = meant
    return misspelt


def _pieces(name: str) -> set[str]:
    """Return every three characters of a name that follow one another, in capitals."""
    return {name[place : place + 3].upper() for place in range(len(name) - 2)}


def _most_like(name: str, ours: Sequence[str]) -> str | None:
    """Return the setting that a name is very like, if there is one."""
    import difflib

    by_upper = {each.upper(): each for each in ours}
    near = difflib.get_close_matches(name.upper(), by_upper, 1, _MIN_LIKENESS)
    return by_upper[near[0]] if near else None


def _missing(name: str, misspelt: Mapping[str, str]) -> str:
    """Return what to do about a required setting that is not set."""
    for given, meant in misspelt.items():
        if meant == name:
            return f"is not set, but {given} is: rename that to {name}"
    return f"is not set; give it a value, e.g. {_EXAMPLES[name]}"


def _hostname(host: str) -> str | None:
    return urlsplit(f"//{host}").hostname


_EXAMPLES: Final = {
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
    "TWILIO_AUTH_TOKEN": "the Auth Token of Twilio's console",
    "PUBLIC_BASE_URL": "https://switchboard.example.com",
}
# Variables of Azure's (which repeats ours as APPSETTING_…), those of the identity-based connection,
# and the answers of one number.
_NOT_OURS: Final = (
    "APPSETTING_|AZURE|WEBSITE_|FUNCTIONS_|MESSAGE_STORAGE__|"
    f"(?:{INBOUND_CALL_TO}|{INBOUND_MESSAGE_TO})[0-9]+$"
)
_MIN_LIKENESS: Final = 0.85
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
    """Return the problems of settings that only make sense together."""
    pairs = [("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET")]
    storage = ("MESSAGE_STORAGE__queueServiceUri", "MESSAGE_STORAGE__tableServiceUri")
    problems = []
    if "MESSAGE_STORAGE" not in given:
        pairs.append(storage)
        if not any(name in given for name in storage):
            problems.append(
                Problem(
                    "MESSAGE_STORAGE",
                    "missing",
                    f"is not set; give it a connection string, or set {' and '.join(storage)}",
                )
            )
    for pair in pairs:
        for name, other in (pair, pair[::-1]):
            if name not in given and other in given:
                problems.append(
                    Problem(name, "missing", f"is not set, but {other} is; set both or neither")
                )
    return problems


def _value(name: str, text: str, read: Callable[[str], Any], problems: list[Problem]) -> Any:  # noqa: ANN401 - as many types as there are settings
    """Return the value of a setting's text; None, and one problem more, if it has none."""
    if KEY_VAULT_REFERENCE.match(text):
        problems.append(Problem(name, "unresolved", _UNRESOLVED))
        return None
    try:
        return read(text)
    except ValueError as error:
        problems.append(Problem(name, "malformed", str(error)))
        return None


def _by_number(given: Mapping[str, str], prefix: str, problems: list[Problem]) -> dict[str, str]:
    """Return the answers of single numbers: `INBOUND_CALL_14155552671` is that of +14155552671."""
    answers = {}
    for name, text in given.items():
        if name.startswith(prefix):
            digits = name.removeprefix(prefix)
            answers[f"+{digits}"] = _value(name, text, _text, problems)
            if not (digits.isascii() and digits.isdigit()):
                problems.append(
                    Problem(
                        name,
                        "malformed",
                        "must end in a number's digits, e.g. INBOUND_CALL_14155552671",
                    )
                )
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
