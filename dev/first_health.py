"""The first question that `python3 dev run` asks the app: is it usable, and if not, why."""

import asyncio

import aiohttp

PATIENCE_SECONDS = 10.0


async def troubles(app: str, patience: float = PATIENCE_SECONDS) -> list[str]:
    """Ask the app at this address for its health; gives what is not usable, in its own words.

    Being asked, the app makes those of its queues that no function is triggered by, and its table.
    """
    try:
        async with (
            asyncio.timeout(patience),
            aiohttp.ClientSession() as session,
            session.get(f"{app}/api/health") as answer,
        ):
            if answer.ok:
                return []
            said = await answer.json(content_type=None) or {}
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return [f"{app}/api/health does not answer"]
    settings = [f"{each['path']} {each['message']}" for each in said.get("errors", ())]
    checks = [text for text in said.get("checks", {}).values() if text != "usable"]
    return settings + checks or [f"{app}/api/health answers {answer.status}"]
