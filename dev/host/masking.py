"""Hides phone numbers in what the host itself logs: paths, and traces of failed functions."""

import logging
import re

PLUS = r"(?P<plus>\+|%2B)"
COMPACT = r"\d{7,15}"
SPACED = r"\d{1,4}(?:(?:[ .-]|%20)?\(?\d{2,4}\)?){2,4}"
NUMBER = re.compile(
    rf"{PLUS}(?P<international>{COMPACT}|{SPACED})|(?<![\w.:%+-])(?P<plain>\d{{8,15}})(?![\w-])",
    re.IGNORECASE,
)
SHOWN_HEAD, SHOWN_TAIL = 4, 4
OWN_LOGGERS = ("dev.host", "aiohttp.server", "asyncio")


def mask_numbers(text: str) -> str:
    """Return `text` with the middle of every phone number hidden: `+1415•••2671`."""
    return NUMBER.sub(_mask, text)


def _mask(number: re.Match[str]) -> str:
    digits = re.sub(r"%20|\D", "", number["international"] or number["plain"])
    if len(digits) <= SHOWN_HEAD + SHOWN_TAIL:
        return f"{number['plus'] or ''}•••"
    return f"{number['plus'] or ''}{digits[:SHOWN_HEAD]}•••{digits[-SHOWN_TAIL:]}"


class MaskingFormatter(logging.Formatter):
    """Masks numbers in the host's own lines; the app's lines are the app's to mask."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its traceback when there is one."""
        line = super().format(record)
        return mask_numbers(line) if record.name.startswith(OWN_LOGGERS) else line
