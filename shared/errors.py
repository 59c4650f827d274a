"""Every error that Switchboard raises on purpose; the class says what to do next.

SwitchboardError
├── SettingsError               fix the named settings, then restart (503)
├── CallerError                 the request cannot be carried out as it stands
│   ├── InvalidRequestError     fix the named fields (400)
│   ├── KeyRefusedError         send a key of CONSOLE_KEYS (401)
│   ├── ReadOnlyError           use a function key for this (403)
│   ├── SignatureError          nothing: it did not come from Twilio (403)
│   ├── NotFoundError           check the id (404)
│   ├── OverError               nothing: it is over already (409)
│   ├── TooLargeError           send less (413)
│   ├── UnsupportedTypeError    send JSON (415)
│   └── IdempotencyMismatchError  use a new key (422)
├── StorageUnavailableError     repeat with the same Idempotency-Key (503)
├── ProviderUnavailableError    ask again later (503)
└── UnreadableJobError          park the queue message with its text
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# An answer lists no more problems than this.
MAX_PROBLEMS: Final = 1000


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (a JSON path or a setting's name), its kind, and a message.

    The message says what is wrong and what to do, with an example. `line` is set for rows of a
    batch only: the header of a CSV is line 1, JSON recipients count from 1.
    """

    path: str
    code: str
    message: str
    line: int | None = None


class SwitchboardError(Exception):
    """The root of all errors that the app raises on purpose."""


class SettingsError(SwitchboardError):
    """Settings are missing or malformed; `problems` names each one, never its value."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.path}: {p.message}" for p in self.problems))


class CallerError(SwitchboardError):
    """The request cannot be carried out, and repeating it unchanged will not help."""

    status = 400
    title = "Bad request"

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class InvalidRequestError(CallerError):
    """The request has problems, all of them in `problems`."""

    title = "The request is not valid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        more = count > MAX_PROBLEMS
        number = f"more than {MAX_PROBLEMS:,}" if more else count
        super().__init__(f"{number} problem{'s' if count > 1 else ''} in the request")


class KeyRefusedError(CallerError):
    """A request that reads data carries no key of CONSOLE_KEYS."""

    status = 401
    title = "The key is not accepted"


class ReadOnlyError(CallerError):
    """A key that may only read was used for a request that changes something."""

    status = 403
    title = "This key is read-only"


class SignatureError(CallerError):
    """A request to a signed route does not carry Twilio's signature."""

    status = 403
    title = "Not signed by Twilio"


class NotFoundError(CallerError):
    """Nothing has that id or name."""

    status = 404
    title = "Not found"


class OverError(CallerError):
    """The message or call is past the point where this was possible."""

    status = 409
    title = "Too late for that"


class TooLargeError(CallerError):
    """The body is larger than the route accepts."""

    status = 413
    title = "The body is too large"


class UnsupportedTypeError(CallerError):
    """The body's content type is not one that the route reads."""

    status = 415
    title = "The content type is not supported"


class IdempotencyMismatchError(CallerError):
    """The idempotency key was used before for a request with another meaning."""

    status = 422
    title = "This Idempotency-Key belongs to another request"


class StorageUnavailableError(SwitchboardError):
    """The queue or the table did not answer, so it is unknown whether the request was kept."""


class ProviderUnavailableError(SwitchboardError):
    """Twilio did not answer; ask again later."""


class UnreadableJobError(SwitchboardError):
    """A queue message cannot be read: `code` and `detail` say why, `job` is its job, if known."""

    def __init__(self, code: str, detail: str, *, job: object = None) -> None:
        self.code = code
        self.detail = detail
        self.job = job
        super().__init__(f"{code}: {detail}")
