"""JSON that a page is given in place of the app's, for what the app does not say every day."""

from collections.abc import Callable
from typing import Any

from playwright.async_api import Page, Request, Route

AT = "2026-11-30T23:30:00Z"
JOB = "zbpbd1jez0fg4p4bzdjjgq"


def an_entry(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Give a text that was delivered on the last day of November, with other fields as given."""
    entry: dict[str, Any] = {
        "id": JOB,
        "kind": "message",
        "state": "handed_over",
        "to": "+14155552671",
        "from": "+15005550006",
        "sid": "SM00000000000000000000000000000001",
        "twilio_status": "delivered",
        "error": None,
        "attempts": 1,
        "accepted_at": AT,
        "updated_at": AT,
        "metadata": {},
        "events": [{"event": "accepted", "at": AT, "source": "http"}],
        "links": {},
    }
    return entry | fields


def a_call(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Give a call that was completed."""
    return an_entry(kind="call", sid="CA" + "1" * 32, twilio_status="completed", **fields)


async def feed(page: Page, path: str, answer: object, status: int = 200) -> list[Request]:
    """Answer requests to a path (a glob below `/api/`) in place of the app; gives the requests."""
    seen: list[Request] = []

    async def fulfil(route: Route) -> None:
        seen.append(route.request)
        await route.fulfill(json=answer, status=status)

    await page.route(f"**/api/{path}", fulfil)
    return seen


async def feed_list(page: Page, *items: dict[str, Any]) -> None:
    """Let the app have these messages, and no calls."""
    listed = [{name: value for name, value in item.items() if name != "events"} for item in items]
    await feed(page, "messages?*", {"items": listed, "next": None})
    await feed(page, "calls?*", {"items": [], "next": None})


async def change(page: Page, path: str, edit: Callable[[Any], None]) -> None:
    """Let the app answer, and edit what it says before the page reads it."""

    async def fulfil(route: Route) -> None:
        response = await route.fetch()
        answer = await response.json()
        edit(answer)
        await route.fulfill(json=answer, status=response.status)

    await page.route(f"**/api/{path}", fulfil)
