"""What came of a call on its way: what was pressed, said, recorded and dialled, in order."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from shared.jobs.events import Noted, Reported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.jobs.events import AnyEvent


class CallResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The result of one verb of a call."""

    verb: Annotated[
        Literal["gather", "record", "dial", "machine"],
        Meta(description="What was done; `machine` is the detection of who answered."),
    ]
    digits: Annotated[str, Meta(description="The keys that were pressed.")] | None = None
    speech: Annotated[str, Meta(description="What was said, as Twilio understood it.")] | None = (
        None
    )
    recording_url: Annotated[str, Meta(description="Where Twilio keeps it.")] | None = None
    dial_status: Annotated[str, Meta(description="How the dialled call ended.")] | None = None
    answered_by: Annotated[str, Meta(description="`human`, `machine_start` …")] | None = None
    at: Annotated[datetime, Meta(description="When it was recorded (UTC).")]


def results_of(events: Iterable[AnyEvent], index: int = 0) -> list[CallResult]:
    """Return the results of recipient `index`'s call, in the order of its events.

    A recording counts once, however many events tell of it, and so does who answered.
    """
    results: list[CallResult] = []
    for event in events:
        if isinstance(event, Noted | Reported) and (event.index or 0) == index:
            result = _result_of(event)
            if result is not None and not _repeats(result, results):
                results.append(result)
    return results


def _result_of(event: Noted | Reported) -> CallResult | None:
    fields = event.fields
    if isinstance(event, Reported) or event.what == "machine":
        answered_by = fields.get("AnsweredBy")
        if answered_by:
            return CallResult(verb="machine", answered_by=answered_by, at=event.at)
        return None
    if event.what == "gather":
        digits, speech = fields.get("Digits"), fields.get("SpeechResult")
        return CallResult(verb="gather", digits=digits, speech=speech, at=event.at)
    if event.what == "dial":
        return CallResult(verb="dial", dial_status=fields.get("DialCallStatus"), at=event.at)
    url = fields.get("RecordingUrl")
    return CallResult(verb="record", recording_url=url, at=event.at) if url else None


def _repeats(result: CallResult, earlier: list[CallResult]) -> bool:
    if result.verb == "machine":
        return any(each.verb == "machine" for each in earlier)
    url = result.recording_url
    return url is not None and any(each.recording_url == url for each in earlier)
