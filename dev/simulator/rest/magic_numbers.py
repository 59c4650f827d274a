"""The magic numbers of Twilio's test credentials, +1500555nnnn, and the error of each.

Source: https://www.twilio.com/docs/iam/test-credentials
"""

from typing import Final

from dev.simulator.errors import RefusalError

PREFIX: Final = "+1500555"
GOOD_SENDER: Final = "+15005550006"

MESSAGE_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MESSAGE_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
CALL_FROM = {"+15005550001": 21212}
CALL_TO = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}


def refuse_magic_message(to: str, sender: str, *, owned: str) -> None:
    """Raise the error of the magic number in a message, if there is one."""
    _refuse_sender(sender, owned, MESSAGE_FROM, 21606)
    if to in MESSAGE_TO:
        raise RefusalError(MESSAGE_TO[to], to)


def refuse_magic_call(to: str, sender: str, *, owned: str) -> None:
    """Raise the error of the magic number in a call, if there is one."""
    _refuse_sender(sender, owned, CALL_FROM, 21210)
    if to in CALL_TO:
        raise RefusalError(CALL_TO[to], to)


def _refuse_sender(sender: str, owned: str, codes: dict[str, int], otherwise: int) -> None:
    # Only the magic range is checked, so that a user's own sender works unchanged.
    if sender.startswith(PREFIX) and sender not in {GOOD_SENDER, owned}:
        raise RefusalError(codes.get(sender, otherwise), sender)
