"""What each error code means and what a person can do about it: texts to read out, as data.

Sources: https://www.twilio.com/docs/api/errors and, for the codes that are ours, the module that
gives them. A code that is not here has the advice of its class.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.provider.codes import CODES, ToDo


class Advice(NamedTuple):
    """What a code means, and what to do about it."""

    means: str
    do: str


_SENDER: Final = "Check the sender in the request, or the default sender in the settings."
_RECIPIENT: Final = "Check the number with the person. Sending it again will not help."
_SCHEDULING: Final = "Set up the Messaging Service at Twilio, then retry."
_SELF: Final = "Nothing: it is tried again automatically."
_PROGRAM: Final = "Fix the program that put it on the queue, then send it from there again."
_REGISTER: Final = "Register the sender with Twilio for this country, then retry."

_OF_CLASS: Final[dict[ToDo, str]] = {
    "retry": _SELF,
    "wait": "Check the account at Twilio. Until then it is tried again, for a day at most.",
    "retry_later": "Nothing: it is tried again automatically, less and less often.",
    "unknown": "Nothing: before anything is sent again, Twilio is asked whether it has it.",
    "refused": _RECIPIENT,
    "refused_setup": "Fix the account or the sender at Twilio, then retry.",
}

_DO: Final = {
    "21610": "Do not retry. They can text START to the sender to hear from us again.",
    "21614": "Call instead, or ask for a mobile number.",
    "21612": "Try another sender, such as one in the recipient's country.",
    "63016": "Send an approved template (content_sid) instead of a free text.",
    "32018": "Make the steps or the TwiML shorter, or give a url.",
    "20003": "Correct TWILIO_AUTH_TOKEN or the API key in the settings. Until then it waits.",
    "21212": _SENDER,
    "21606": _SENDER,
    "21601": _SENDER,
    "21401": _SENDER,
    "21408": "Allow the country at Twilio, under Messaging geo permissions, then retry.",
    "21215": "Allow the country at Twilio, under Voice geo permissions, then retry.",
    "21608": "Verify the number at Twilio, or upgrade the account.",
    "35114": _SCHEDULING,
    "35115": _SCHEDULING,
    "35116": _SCHEDULING,
    "35117": _SCHEDULING,
    "35118": _SCHEDULING,
}

# What a status callback can say of a message that Twilio had taken.
_REPORTED: Final = {
    "30002": Advice("the account is suspended", "Settle it with Twilio, then send again."),
    "30003": Advice(
        "the phone is off, or out of reach", "Send again later. The number may well be right."
    ),
    "30004": Advice("the recipient or their carrier blocks us", _RECIPIENT),
    "30005": Advice("the number is unknown, or not in service", _RECIPIENT),
    "30006": Advice("a landline, or a carrier that takes no texts", "Call instead."),
    "30007": Advice(
        "a carrier filtered it as unwanted",
        "Change the text, and check the campaign.",
    ),
    "30008": Advice(
        "the carrier gives no reason",
        "Send it again once. If that fails too, ask Twilio's support.",
    ),
    "30032": Advice("the toll-free sender is not verified", _REGISTER),
    "30034": Advice("the US sender is not registered (A2P 10DLC)", _REGISTER),
}

# What we say ourselves: shared/deliver/, shared/accept/ and the twilio client's own failures.
_OURS: Final = {
    "no_connection": Advice("no connection to Twilio was made", _SELF),
    "not_sent": Advice(
        "the app failed before it asked Twilio",
        "Read the app's log for the cause. It is tried again automatically.",
    ),
    "no_answer": Advice("Twilio's answer was lost", _OF_CLASS["unknown"]),
    "unreadable": Advice("Twilio's answer could not be read", _OF_CLASS["unknown"]),
    "worker_lost": Advice("the worker stopped while it asked Twilio", _OF_CLASS["unknown"]),
    "not_begun": Advice("the attempt ran out of time before Twilio was asked", _SELF),
    "unsendable": Advice(
        "nothing can be sent for this recipient",
        "Fix the request. The app's log says what is wrong with it.",
    ),
    "premium_rate": Advice("a premium-rate number", "Nothing: those are never texted or called."),
    "country_not_allowed": Advice(
        "its country is not in ALLOWED_COUNTRIES", "Add the country to the settings, then retry."
    ),
    "not_authentic": Advice(
        "the queue message looks like a job of the app, but the app did not write it", _PROGRAM
    ),
    "quiet_hours": Advice(
        "it is night for the recipient", "Nothing: it is sent when the night is over."
    ),
    "sender_rate": Advice("the sender is busy with other messages", _SELF),
    "daily_cap": Advice("the day's limit is reached", "Retry tomorrow, or raise DAILY_CAP_…."),
    "attempts_exhausted": Advice(
        "Twilio turned it down again and again", "Look at the newest attempt, then retry."
    ),
    "expired": Advice("it waited too long and was not sent", "Retry, if it still matters."),
    "poison": Advice("the app failed on it again and again", "Read the app's log, then retry."),
    "not_json": Advice("the queue message is not JSON", _PROGRAM),
    "not_text": Advice("the queue message is not text", _PROGRAM),
    "not_object": Advice("the queue message is not a JSON object", _PROGRAM),
    "kind": Advice("the queue message says neither message nor call", _PROGRAM),
    "shape": Advice("the queue message has the wrong shape", _PROGRAM),
    "invalid_request": Advice("the request on the queue has mistakes", _PROGRAM),
    "version": Advice("another version of the app wrote it", "Deploy that version, then retry."),
    "idempotency_mismatch": Advice(
        "its key was used for another request", "Give each request on the queue a key of its own."
    ),
}

ADVICE: Final[dict[str, Advice]] = {
    **{
        code: Advice(said.means, _DO.get(code, _OF_CLASS[said.to_do]))
        for code, said in CODES.items()
    },
    **_REPORTED,
    **_OURS,
}
