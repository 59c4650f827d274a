"""`python -m dev.bench.contenders.app_alone`: the app's own process, without a host.

The deliver function is called for each text as the host calls it, as many at once as host.json
says: claim, send, answer, on the real table. The texts are accepted and in hand before the first
call.
"""

import asyncio
import sys
from datetime import UTC, datetime

import function_app
from dev.bench.environment import MAX_CONCURRENT, jobs_to
from dev.bench.runs import run_concurrently
from dev.host.queue_message import message_from_text
from shared.jobs.job import encode_job, sign


async def deliver(numbers: list[str]) -> None:
    """Deliver a text to each number, and stay until the process is stopped."""
    services = function_app.switchboard
    await services.table.check()
    token = services.settings.twilio_auth_token
    accepted = await jobs_to(services, numbers)
    texts = [encode_job(sign(job, token)).decode() for job in accepted]
    now = datetime.now(UTC)
    messages = [message_from_text(text, now) for text in texts]
    await run_concurrently(MAX_CONCURRENT, messages, function_app.deliver)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(deliver([line.strip() for line in sys.stdin]))
