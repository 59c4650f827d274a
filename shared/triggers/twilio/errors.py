"""Twilio's error bodies, and which of its codes each of our problems has.

Source: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from shared.errors import SwitchboardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.errors import Problem
    from shared.kinds import Kind

_MORE_INFO: Final = "https://www.twilio.com/docs/errors/{code}"
BAD_PARAMETER: Final = 20001
AUTHENTICATE: Final = 20003
NOT_OVER: Final = 20009
NOT_FOUND: Final = 20404
INTERNAL: Final = 20500
UNAVAILABLE: Final = 20503
CALL_IS_OVER: Final = 21220
OPTED_OUT: Final = 21610
NOT_CANCELABLE: Final = 30409

# code: message; {} is what was given. All of them are 400, but for those below.
_MESSAGES: Final = {
    BAD_PARAMETER: "Invalid parameter: {}",
    AUTHENTICATE: "Authenticate",
    NOT_OVER: "Cannot change this resource before it is complete: {}",
    NOT_FOUND: "The requested resource {} was not found",
    INTERNAL: "Internal Server Error",
    UNAVAILABLE: "Service Unavailable: {}",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL: {}",
    21206: "Invalid SendDigits: {}",
    21207: "Invalid MachineDetection: {}",
    21208: "Invalid parameter: {}",
    21209: "Invalid HTTP method: {}",
    21210: "The source phone number provided is not yet verified for your account: {}",
    21211: "Invalid 'To' Phone Number: {}",
    21212: "The 'From' number is not a valid phone number, shortcode, or sender ID: {}",
    21213: "No 'From' number is specified",
    21214: "The phone number you are attempting to call cannot be reached: {}",
    21215: "Account not authorized to call: {}",
    21216: "Account not allowed to call: {}",
    21217: "The phone number you are attempting to call is not valid: {}",
    21218: "Invalid ApplicationSid: {}",
    CALL_IS_OVER: "Call is not in-progress. Cannot redirect. {}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by 'To': {}",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number is not a valid, SMS-capable number of your account: {}",
    21609: "The 'StatusCallback' URL is not a valid URL: {}",
    OPTED_OUT: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages: {}",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number: {}",
    21614: "'To' number is not a valid mobile number: {}",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s): {}",
    21623: "Number of media files exceeds allowed limit",
    21626: "Invalid StatusCallbackEvent: {}",
    21656: "The ContentVariables parameter is invalid: {}",
    21705: "The Messaging Service Sid is invalid: {}",
    NOT_CANCELABLE: "Message is not scheduled and cannot be canceled: {}",
    32018: "Twiml parameter is longer than 4000 characters",
    35111: "SendAt timestamp is missing",
    35112: "ScheduleType parameter is missing or not 'fixed'",
    35114: "SendAt time is not valid: {}",
    35118: "MessagingServiceSid is required: {}",
}
_STATUSES: Final = {
    AUTHENTICATE: HTTPStatus.UNAUTHORIZED,
    NOT_OVER: HTTPStatus.CONFLICT,
    NOT_FOUND: HTTPStatus.NOT_FOUND,
    INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    NOT_CANCELABLE: HTTPStatus.CONFLICT,
}


class RefusalError(SwitchboardError):
    """A request is refused as Twilio would: with a code of the table above."""

    def __init__(self, code: int, about: str = "", *, status: int | None = None) -> None:
        self.code = code
        self.status = status or _STATUSES.get(code, HTTPStatus.BAD_REQUEST)
        self.message = _MESSAGES[code].format(about).strip()
        super().__init__(f"{code}: {self.message}")

    @property
    def body(self) -> TwilioErrorResponse:
        """What Twilio answers."""
        more = _MORE_INFO.format(code=self.code)
        return TwilioErrorResponse(self.code, self.message, more, int(self.status))


class TwilioErrorResponse(msgspec.Struct, frozen=True):
    """An error as Twilio answers it."""

    code: Annotated[int, Meta(description="Twilio's code of the error.", examples=[21211])]
    message: Annotated[str, Meta(description="What is wrong.")]
    more_info: Annotated[str, Meta(description="Twilio's page about the code.")]
    status: Annotated[int, Meta(description="The HTTP status.", examples=[400])]


# The code for a field, or for one problem of it, in the order in which Twilio looks at fields.
# (kind, path, problem's code or None for any other): code
_CODES: Final[dict[tuple[Kind, str, str | None], int]] = {
    ("message", "to", "missing"): 21604,
    ("message", "to", "too_short"): 21604,
    ("message", "to", "premium_rate"): 21408,
    ("message", "to", "country_not_allowed"): 21408,
    ("message", "to", None): 21211,
    ("message", "from", "missing"): 21603,
    ("message", "from", "channel_mismatch"): 21612,
    ("message", "from", None): 21212,
    ("message", "messaging_service_sid", None): 21705,
    ("message", "fallback_from", None): 21212,
    ("message", "$", "no_content"): 21602,
    ("message", "body", "too_long"): 21617,
    ("message", "media_url", "too_long"): 21623,
    ("message", "media_url", None): 21620,
    ("message", "content_variables", None): 21656,
    ("message", "send_at", None): 35114,
    ("message", "schedule_type", "conflict"): 35111,
    ("message", "schedule_type", None): 35112,
    ("message", "shorten_urls", "conflict"): 35118,
    ("message", "status_callback", None): 21609,
    ("call", "to", "missing"): 21201,
    ("call", "to", "too_short"): 21201,
    ("call", "to", "premium_rate"): 21215,
    ("call", "to", "country_not_allowed"): 21215,
    ("call", "to", None): 21211,
    ("call", "from", "missing"): 21213,
    ("call", "from", None): 21212,
    ("call", "$", "no_content"): 21205,
    ("call", "url", None): 21205,
    ("call", "twiml", "too_long"): 32018,
    ("call", "application_sid", None): 21218,
    ("call", "fallback_url", None): 21205,
    ("call", "status_callback", None): 21205,
    ("call", "recording_status_callback", None): 21205,
    ("call", "async_amd_status_callback", None): 21205,
    ("call", "status_callback_event", None): 21626,
    ("call", "method", None): 21209,
    ("call", "fallback_method", None): 21209,
    ("call", "status_callback_method", None): 21209,
    ("call", "recording_status_callback_method", None): 21209,
    ("call", "async_amd_status_callback_method", None): 21209,
    ("call", "send_digits", None): 21206,
    ("call", "machine_detection", None): 21207,
    ("call", "timeout", None): 21208,
    ("call", "time_limit", None): 21208,
    ("call", "send_at", None): 35114,
}
_ORDER: Final = {place: number for number, place in enumerate(_CODES)}


def refusal_of(kind: Kind, problems: Sequence[Problem], names: dict[str, str]) -> RefusalError:
    """Return what Twilio would answer to the first of some problems, in its own order.

    `names` are Twilio's names of fields.
    """
    _, _, code, about = min(
        _read_problem(kind, problem, number, names) for number, problem in enumerate(problems)
    )
    return RefusalError(code, about)


def _read_problem(
    kind: Kind, problem: Problem, number: int, names: dict[str, str]
) -> tuple[int, int, int, str]:
    field = problem.path.removeprefix("$.").partition(".")[0].partition("[")[0]
    # A member that is wrong is not a list that is too long.
    is_member = "[" in problem.path
    place = (kind, field, None if is_member else problem.code)
    if place not in _CODES:
        place = (kind, field, None)
    about = f"{names.get(field, field)} {problem.message}"
    return _ORDER.get(place, len(_ORDER)), number, _CODES.get(place, BAD_PARAMETER), about
