"""`status`: Twilio's status callbacks, against one insert each."""

from typing import Final

import azure.functions as func

import function_app
from dev.bench.app import signed_request, use_services
from dev.bench.environment import TO, open_environment
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.profile import profile_shares
from dev.bench.runs import Size, alternate, per_core_second, run_concurrently
from dev.bench.storage_calls import open_storage_calls
from dev.local_settings import ACCOUNT_SID, FROM_NUMBER
from dev.simulator.resources import new_sid
from shared.app import App
from shared.jobs import ids

CALLBACKS: Final = 800
CONCURRENCY: Final = 16
KEPT: Final = 204
HOW: Final = (
    f"Signed callbacks for messages that went out, {CONCURRENCY} at once, from the call to "
    "the 204: the signature is checked, the form read, the event inserted. Counted by the "
    "processor time of this process, so that Azurite's speed does not matter."
)


async def status(size: Size) -> Result:
    """Run the benchmark."""
    count = size.of(CALLBACKS, 8)
    with open_environment() as env:
        async with env.worker() as services, open_storage_calls(env.storage) as calls:
            with use_services(services):

                async def by_library() -> float:
                    return await per_core_second(
                        count, run_concurrently(CONCURRENCY, range(count), calls.insert)
                    )

                async def by_us() -> float:
                    return await _report_all(services, count)

                pairs = await alternate("status", size, by_library, by_us)
                profile = await profile_shares(_profiled(services, size.of(CALLBACKS // 2, 8)))
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
                aim=Aim("≥", 1),
            )
        ],
        tables=[Table("What a callback's processor time is made of", ["part", "share"], profile)],
    )


async def _report_all(services: App, count: int) -> float:
    requests = [callback(services) for _ in range(count)]
    return await per_core_second(count, run_concurrently(CONCURRENCY, requests, report))


async def _profiled(services: App, count: int) -> None:
    await run_concurrently(CONCURRENCY, [callback(services) for _ in range(count)], report)


def callback(services: App) -> func.HttpRequest:
    """Return a report of Twilio that a message was delivered."""
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
    return signed_request(f"/api/webhooks/status/{own}", form, id=own)


async def report(callback: func.HttpRequest) -> None:
    """Call the function with a report."""
    reply = await function_app.report_status(callback)
    if reply.status_code != KEPT:
        raise RuntimeError(reply.get_body().decode())
