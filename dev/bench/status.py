"""`status`: Twilio's status callbacks, beside one insert each."""

from typing import Final

import azure.functions as func

import function_app
from dev.bench.app import app_with, signed
from dev.bench.bare import bare
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.profile import profiled
from dev.bench.stage import TO, stage
from dev.bench.turns import Size, alternate, at_once, per_core_second
from dev.local_settings import ACCOUNT_SID, FROM_NUMBER
from dev.simulator.resources import new_sid
from shared.app import App
from shared.jobs import ids

CALLBACKS: Final = 800
PLACES: Final = 16
KEPT: Final = 204
HOW: Final = (
    f"Signed callbacks for messages that went out, {PLACES} at once, from the function's call to "
    "its 204: the signature is checked, the form read, the event inserted. Counted by the "
    "processor time of this process, so that Azurite's speed does not matter."
)


async def status(size: Size) -> Result:
    """Measure it."""
    count = size.of(CALLBACKS, 8)
    with stage() as ours:
        async with ours.worker() as services, bare(ours.storage) as calls:
            with app_with(services):

                async def by_library() -> float:
                    return await per_core_second(count, at_once(PLACES, range(count), calls.insert))

                async def by_us() -> float:
                    return await _reported(services, count)

                pairs = await alternate("status", size, by_library, by_us)
                profile = await profiled(_profiled(services, size.of(CALLBACKS // 2, 8)))
    return Result(
        name="status",
        measures="status callbacks per second of one core",
        how=HOW,
        comparisons=[
            Comparison(
                what="POST /api/webhooks/status/{id}",
                against="one create_entity through azure-data-tables",
                unit="a second of one core",
                pairs=pairs,
                aim=Aim("≥", 0.8),
            )
        ],
        tables=[Table("What a callback's processor time is made of", ["part", "share"], profile)],
        known={"core_seconds_per_callback": 1 / pairs[-1][1]},
    )


async def _reported(services: App, count: int) -> float:
    requests = [callback(services) for _ in range(count)]
    return await per_core_second(count, at_once(PLACES, requests, report))


async def _profiled(services: App, count: int) -> None:
    await at_once(PLACES, [callback(services) for _ in range(count)], report)


def callback(services: App) -> func.HttpRequest:
    """Twilio reports that a message of ours was delivered."""
    own = ids.new_id(services.now(), services.random())
    sid = new_sid("SM")
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": "delivered",
        "SmsStatus": "delivered",
        "AccountSid": ACCOUNT_SID,
        "From": FROM_NUMBER,
        "To": TO,
        "ApiVersion": "2010-04-01",
        "RawDlrDoneDate": "2611210930",
    }
    return signed(f"/api/webhooks/status/{own}", form, id=own)


async def report(callback: func.HttpRequest) -> None:
    """Give it to the function."""
    reply = await function_app.report_status(callback)
    if reply.status_code != KEPT:
        raise RuntimeError(reply.get_body().decode())
