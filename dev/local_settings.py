"""The settings of a local run: the environment, over local.settings.json, over safe local ones.

A name that is set to nothing stays so: the app then says that it is missing, as in Azure.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dev import azurite
from dev.errors import CommandError
from dev.ports import HOST, Ports

FUNCTION_KEY, ADMIN_KEY = "local-key", "local-admin-key"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "local-token"  # noqa: S105 - the same on every machine, and worth nothing
FROM_NUMBER = "+15005550006"
SIMULATED = {  # only where Twilio is our own simulator: a real account would refuse them
    "TWILIO_API_KEY_SID": "SK" + "0" * 32,
    "TWILIO_API_KEY_SECRET": "local-api-key-secret-of-nobodys-account",
    "TWILIO_TWIML_APP_SID": "AP" + "0" * 32,
}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# A string, or what Core Tools reads over: a comment, or a comma before the end of a list.
COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


@dataclass(frozen=True)
class Keys:
    """The keys of a run; `public` when somebody on another machine may know its address."""

    function: str = FUNCTION_KEY
    admin: str = ADMIN_KEY
    public: bool = False

    def variables(self) -> dict[str, str]:
        """Return the keys as the host's variables: flags can be read by others on the machine."""
        keys = {"SWITCHBOARD_HOST_KEY": self.function, "SWITCHBOARD_HOST_ADMIN_KEY": self.admin}
        return {**keys, "SWITCHBOARD_HOST_PUBLIC": "1"} if self.public else keys


def choose_keys(ports: Ports, settings: Mapping[str, str]) -> Keys:
    """Return the well-known keys if Twilio and the address are local, and random ones if not."""
    host = urlsplit(settings.get("PUBLIC_BASE_URL", "")).hostname
    if is_simulated(ports, settings) and host in LOOPBACK:
        return Keys()
    return Keys(secrets.token_urlsafe(24), secrets.token_urlsafe(24), public=True)


def is_simulated(ports: Ports, settings: Mapping[str, str]) -> bool:
    """Tell whether Twilio is the simulator of this run."""
    address = settings.get("TWILIO_API_BASE_URL", "").rstrip("/")
    return ports.simulator is not None and address == simulator_address(ports)


def app_address(ports: Ports) -> str:
    """Return the address of the app."""
    return f"http://{HOST}:{ports.app}"


def simulator_address(ports: Ports) -> str:
    """Return the address of the simulator."""
    return f"http://{HOST}:{ports.simulator}"


def local_defaults(ports: Ports, given: Mapping[str, str]) -> dict[str, str]:
    """Return the safe local settings, less those that would contradict the ones that are given."""
    storage = azurite.connection_string(ports.queue, ports.table)
    defaults = {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM_NUMBER": FROM_NUMBER,
        "PUBLIC_BASE_URL": app_address(ports),
        "AzureWebJobsStorage": storage,
    }
    if not any(given[name] for name in given if name.startswith("MESSAGE_STORAGE__")):
        defaults["MESSAGE_STORAGE"] = storage
    if ports.simulator is not None and "TWILIO_API_BASE_URL" not in given:
        defaults |= {"TWILIO_API_BASE_URL": simulator_address(ports), **SIMULATED}
    return defaults


def resolve(ports: Ports, process: Mapping[str, str], file: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the app; the process's own wins over the file's."""
    given = {**file, **process}
    return {**local_defaults(ports, given), **given}


def read_local_settings(path: Path) -> dict[str, str]:
    """Read the values of a Core Tools settings file; none when there is no such file.

    Raises CommandError, without showing any value, when it cannot be understood.
    """
    try:
        content = json.loads(as_json(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "cannot be read", "make it a UTF-8 file that you can read") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        # Without the cause: its text quotes the file.
        raise _unusable(path, f"is not JSON ({error.msg}, {where})", "correct that place") from None
    values = content.get("Values", {}) if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise _unusable(path, 'has no object "Values"', 'write {"Values": {"NAME": "value"}}')
    if content.get("IsEncrypted") is True:
        raise _unusable(path, "is encrypted", "run: func settings decrypt")
    return {name: _text(path, name, value) for name, value in values.items()}


def as_json(text: str) -> str:
    """Blank out comments and last commas, so that errors keep their line and column."""
    for pattern in (COMMENT, LAST_COMMA):
        text = pattern.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    return text


def _text(path: Path, name: str, value: object) -> str:
    """Write a value as Core Tools does: null as nothing, true as `True`."""
    if isinstance(value, dict | list):
        what = f"has an object or a list as the value of {name}"
        raise _unusable(path, what, "write it as one string")
    return "" if value is None else str(value)


def _unusable(path: Path, what: str, next_step: str) -> CommandError:
    return CommandError(f"{path.name} {what}", f"{next_step}: {path}")
