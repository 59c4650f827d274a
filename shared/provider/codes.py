"""What to do about each of Twilio's error codes, as data.

Source: https://www.twilio.com/docs/api/errors and the pages of the single codes. A code that is
not here is refused and visible, unless its HTTP status says that the outcome is unknown. An error
without a code may come from a proxy, so it is not a definite refusal.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

# `retry` and `wait`: certainly not processed, for a reason that is not about the message; `wait`
# needs an operator. `retry_later`: the sender or the channel is full.
ToDo = Literal["retry", "wait", "retry_later", "unknown", "refused", "refused_setup"]


class Code(NamedTuple):
    """What to do about a code, and what it means in a few words of our own."""

    to_do: ToDo
    means: str


OPTED_OUT: Final = "21610"

CODES: Final = {
    "20429": Code("retry", "too many requests at once"),
    "20003": Code("wait", "the credentials are wrong"),
    "20404": Code("wait", "the account or resource does not exist"),
    "20005": Code("wait", "the account is not active"),
    "10001": Code("wait", "the account is not active"),
    "20500": Code("unknown", "Twilio had an internal error"),
    "20503": Code("unknown", "Twilio was unavailable"),
    "21611": Code("retry_later", "ten hours of the sender's messages are waiting"),
    "30001": Code("retry_later", "the sender's queue is full"),
    "22005": Code("retry_later", "24 hours of calls are waiting"),
    "63017": Code("retry_later", "the channel's rate limit was reached"),
    "63018": Code("retry_later", "the channel's rate limit was reached"),
    "35125": Code("retry_later", "too many messages are scheduled"),
    "21211": Code("refused", "the recipient is not a valid number"),
    "21217": Code("refused", "the number to call is not valid"),
    "21214": Code("refused", "the number to call cannot be reached"),
    "21216": Code("refused", "Twilio does not call this number"),
    OPTED_OUT: Code("refused", "the recipient has opted out"),
    "21612": Code("refused", "there is no route from this sender to this recipient"),
    "21614": Code("refused", "the recipient is not a mobile number"),
    "63016": Code("refused", "the person has not written lately, so only a template may be sent"),
    "63021": Code("refused", "the channel refuses the content"),
    "32018": Code("refused", "the TwiML is too long to travel with the call"),
    "21219": Code("refused", "the number to call is not verified"),
    "21212": Code("refused_setup", "the sender is not a valid number"),
    "21606": Code("refused_setup", "the sender cannot send this"),
    "21601": Code("refused_setup", "the sender cannot send texts"),
    "21401": Code("refused_setup", "the sender is not a valid number"),
    "21608": Code("refused_setup", "a trial account sends to verified numbers only"),
    "21408": Code("refused_setup", "the account may not send to this region"),
    "21210": Code("refused_setup", "the caller's number is not verified"),
    "21215": Code("refused_setup", "the account may not call this region"),
    "35114": Code("refused_setup", "scheduling needs a Messaging Service"),
    "35115": Code("refused_setup", "scheduling is not set up"),
    "35116": Code("refused_setup", "scheduling is not set up"),
    "35117": Code("refused_setup", "scheduling is not set up"),
    "35118": Code("refused_setup", "scheduling needs a Messaging Service"),
}

# With these codes nothing gets through, whatever the message is: it waits for Twilio by time, and
# no count of attempts ends that.
OUTAGE_CODES: Final = frozenset(
    {"no_connection", "not_sent", "no_answer", "unreadable", "http_401", "http_429"}
    | {code for code, known in CODES.items() if known.to_do in ("retry", "wait", "unknown")}
)

_BY_HTTP_STATUS: Final[dict[int, ToDo]] = {401: "wait", 403: "refused_setup"}


def is_outage(code: str | None) -> bool:
    """Whether a code says that Twilio takes no request, whatever the message is."""
    return code is not None and (code in OUTAGE_CODES or code.startswith("http_5"))


def what_to_do(http_status: int, code: str | None) -> ToDo:
    """Return what to do about an error answer, by its Twilio code, else by its HTTP status.

    The status outranks the code where it says that the request was not, or may not have been,
    looked at; when to ask again after a 429 is for the code to say.
    """
    known = CODES[code].to_do if code in CODES else None
    if http_status >= 500 or http_status == 408:  # noqa: PLR2004 - HTTP's server errors, time-out
        return "unknown"
    if http_status == 429:  # noqa: PLR2004 - too many requests
        return "retry_later" if known == "retry_later" else "retry"
    return known or _BY_HTTP_STATUS.get(http_status, "refused" if code else "unknown")
