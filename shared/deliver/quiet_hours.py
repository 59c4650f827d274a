"""No message and no call while it is night where the recipient is, whatever its lane.

A number tells one time zone or several (a country's, for its mobiles). It is quiet while it is
quiet in any of them. Where they lie far apart (a toll-free number, a Russian mobile) the number
tells nothing, and the sender's counts; where that tells nothing either, UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from shared.jobs.events import Outcome
from shared.phone_numbers import strip_channel, time_zones_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import time

    from shared.deliver.guards import Sending
    from shared.settings import Settings

# The longest day has 25 hours.
_A_DAY: Final = timedelta(hours=25)
# Wide enough for Australia, and too narrow for all of North America with its islands.
_NEAR: Final = timedelta(hours=6)


class QuietHours:
    """The quiet hours that the settings name, in local time."""

    def __init__(self, settings: Settings, hours: tuple[time, time]) -> None:
        self._hours = hours
        self._refuses = settings.quiet_hours_action == "refuse"
        self._own_number = settings.twilio_from_number or ""

    async def __call__(self, sending: Sending) -> Outcome | None:
        """Hold or refuse what would arrive in quiet hours."""
        if sending.ignores_quiet_hours:
            return None
        until = self._over_at(sending)
        if until <= sending.at:
            return None
        begin, end = self._hours
        words = f"it is quiet there from {begin:%H:%M} to {end:%H:%M}"
        if self._refuses:
            return Outcome(index=sending.index, result="rejected", code="quiet_hours",
                           message=words)  # fmt: skip
        return Outcome(index=sending.index, result="retryable", code="quiet_hours",
                       message=words, not_before=until)  # fmt: skip

    def _over_at(self, sending: Sending) -> datetime:
        for address in (sending.request.to, sending.request.sender, self._own_number):
            zones = time_zones_of(strip_channel(address))
            if _tell(zones, sending.at) and (over := over_at(zones, self._hours, sending.at)):
                return over
        return over_at(["UTC"], self._hours, sending.at) or sending.at


def _tell(zones: Sequence[str], at: datetime) -> bool:
    """Whether zones say about what time it is in them."""
    offsets = [at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones]
    return bool(offsets) and max(offsets) - min(offsets) <= _NEAR


def over_at(zones: Sequence[str], hours: tuple[time, time], at: datetime) -> datetime | None:
    """The first moment from `at` on at which it is quiet in none of the zones (IANA names).

    None where there is no such moment within a day.
    """
    moment = at
    while moment < at + _A_DAY:
        later = max(_over_in(ZoneInfo(zone), hours, moment) for zone in zones)
        if later == moment:
            return moment
        moment = later
    return None


def _over_in(zone: ZoneInfo, hours: tuple[time, time], moment: datetime) -> datetime:
    """When the quiet of a moment ends in one zone; the moment itself where there is none."""
    begin, end = hours
    local = moment.astimezone(zone)
    wall = local.time()
    quiet = begin <= wall < end if begin < end else wall >= begin or wall < end
    if not quiet:
        return moment
    day = local.date() + timedelta(days=wall >= end)
    # An hour that clocks show twice, when they are set back, is quiet only once.
    return max(datetime.combine(day, end, zone).astimezone(UTC), moment)
