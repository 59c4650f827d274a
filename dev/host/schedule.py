"""NCRONTAB expressions: when a timer function runs next.

Six fields, seconds first, or five without them. Day of month and day of week must both fit,
unlike in cron, where one of them is enough.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
NAMES = {name: number for number, name in enumerate(MONTHS, 1)} | {
    name: number for number, name in enumerate(DAYS)
}
FIELDS = (  # lowest and highest value
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
WITHOUT_SECONDS = 5
MAX_DAYS_AHEAD = 366 * 40  # 29 February falls on a given weekday at least once in 40 years


@dataclass(frozen=True)
class Schedule:
    """The values that each field allows."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, moment: datetime) -> datetime:
        """Return the first time after `moment`, in its time zone.

        Raises:
            ValueError: there is none, as for 30 February.
        """
        earliest = moment.replace(microsecond=0) + timedelta(seconds=1)
        for _ in range(MAX_DAYS_AHEAD):
            run = self._within_day(earliest)
            if run:
                return run
            earliest = datetime.combine(
                earliest.date() + timedelta(days=1), time(), earliest.tzinfo
            )
        raise ValueError("the expression fits no day")

    def _within_day(self, earliest: datetime) -> datetime | None:
        if not (
            earliest.month in self.months
            and earliest.day in self.days
            and earliest.isoweekday() % 7 in self.weekdays
        ):
            return None
        floor = (earliest.hour, earliest.minute, earliest.second)
        later = (
            (hour, minute, second)
            for hour in sorted(self.hours)
            if hour >= floor[0]
            for minute in sorted(self.minutes)
            for second in sorted(self.seconds)
            if (hour, minute, second) >= floor
        )
        time_of_day = next(later, None)
        if time_of_day is None:
            return None
        hour, minute, second = time_of_day
        return earliest.replace(hour=hour, minute=minute, second=second)


def parse(expression: str) -> Schedule:
    """Read an expression of five or six fields.

    Raises:
        ValueError: a field is not understood, or there are more or fewer of them.
    """
    fields = expression.split()
    if len(fields) == WITHOUT_SECONDS:
        fields.insert(0, "0")
    if len(fields) != len(FIELDS):
        raise ValueError(f"{expression!r} is not a schedule of five or six fields")
    return Schedule(
        *(
            frozenset(value for part in text.split(",") for value in _values(part, *field))
            for text, field in zip(fields, FIELDS, strict=True)
        )
    )


def _values(part: str, name: str, lowest: int, highest: int) -> range:
    span, has_step, step = part.partition("/")
    first, is_range, last = span.partition("-")
    start = lowest if first == "*" else _number(first)
    if is_range:
        start, end = sorted((start, _number(last)))  # NCrontab swaps the ends of a range
    else:
        end = highest if first == "*" or has_step else start
    every = _number(step) if has_step else 1
    if not lowest <= start <= end <= highest or every < 1:
        raise ValueError(f"{part!r} is not a {name} ({lowest} to {highest})")
    return range(start, end + 1, every)


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if text[:3].lower() not in NAMES:
        raise ValueError(f"{text!r} is not a number or a name in a schedule")
    return NAMES[text[:3].lower()]
