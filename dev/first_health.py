"""The first question that `python3 dev run` asks the app: is it usable, and if not, why."""

import asyncio

import aiohttp

PATIENCE_SECONDS = 10.0


async def troubles(app: str, patience: float = PATIENCE_SECONDS) -> list[str]:
    """Ask the app at this address for its health; return what is not usable, one sentence each.

    The question makes the app create its table, and the queues that trigger no function.
    """
    try:
        async with (
            asyncio.timeout(patience),
            aiohttp.ClientSession() as session,
            session.get(f"{app}/api/health") as answer,
        ):
            if answer.ok:
                return []
            report = await answer.json(content_type=None) or {}
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return [f"{app}/api/health does not answer"]
    settings = [f"{each['path']} {each['message']}" for each in report.get("errors", ())]
    checks = [text for text in report.get("checks", {}).values() if text != "usable"]
    return settings + checks or [f"{app}/api/health answers {answer.status}"]
