"""The app as a process, real storage and the simulator: alerts from the outside."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dev.azurite import azurite, is_installed
from tests.alerts.alert_world import ANA, BO, CY, Json, level
from tests.alerts.test_intake import resolved, sample
from tests.dev.call_world import CallWorld, call_world, eventually, heard

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not is_installed(), reason="`python3 dev test` installs Azurite"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallWorld]:
    """One app and one simulator for all alerts of this module."""
    errors = tmp_path_factory.mktemp("host") / "errors"
    with azurite() as storage:
        async with call_world(storage, errors, {}) as world:
            yield world


async def raised(world: CallWorld, *levels: Json) -> str:
    """The path of an alert that was raised."""
    fields = {"text": "Disk full on web-3", "levels": levels}
    accepted = await world.ask("POST", "/api/alerts", fields)
    return str(accepted["links"]["self"])


async def phone(world: CallWorld, number: str, **phone: object) -> None:
    await world.simulate("PUT", f"/phones/{number}", {"script": [], **phone})


async def test_the_second_person_answers_and_the_third_is_never_called(world: CallWorld) -> None:
    """The first phone rings, the second person presses 1, which hangs up the first."""
    await phone(world, ANA, answers=False)
    await phone(world, BO, script=["answer", {"digits": "1"}])
    path = await raised(world, level((ANA, "call"), wait=15), level((BO, "call"), wait=15),
                        level((CY, "call"), wait=15))  # fmt: skip
    story = await world.entry(path, lambda each: len(each["notifications"]) == 1)
    await world.entry(path, lambda each: each["notifications"][0].get("sid") or True)
    # What the wait of a level is, other tests show; nobody waits for it here.
    await world.ask("POST", f"{path}/escalate")
    story = await world.entry(path, lambda each: each["state"] == "acknowledged")
    assert story["answered"] | {"at": ""} == {"by": "+1416•••0123", "via": "key", "at": ""}
    call = await world.entry(story["notifications"][1]["links"]["self"],
                             lambda each: each["twilio_status"] == "completed")  # fmt: skip
    said = heard(await world.simulate("GET", f"/calls/{call['sid']}"))
    assert said[0] == "Disk full on web-3. Press 1 to acknowledge, 2 to escalate, 3 to resolve."
    assert said[-1].startswith("Acknowledged by you.")
    first = story["notifications"][0]["links"]["self"]
    await world.entry(first, lambda each: each["twilio_status"] in ("canceled", "no-answer"))
    assert len((await world.entry(path, bool))["notifications"]) == 2


async def test_a_machine_brings_the_next_person_at_once(world: CallWorld) -> None:
    """Long before the level's wait is over, the next person is called."""
    await phone(world, ANA, answers=True, machine=True)
    await phone(world, BO, machine=False, script=["answer", {"digits": "3"}])
    path = await raised(world, level((ANA, "call"), wait=3600), level((BO, "call"), wait=3600))
    story = await world.entry(path, lambda each: each["state"] == "resolved")
    assert [each["event"] for each in story["events"]].count("machine.1") == 1
    await phone(world, ANA, machine=False)


async def test_a_reply_acknowledges(world: CallWorld) -> None:
    """The person who was texted replies with the number and is answered."""
    path = await raised(world, level((CY, "text"), wait=3600))
    story = await world.entry(path, lambda each: each["notifications"])
    body = f"A {story['number']}"
    await world.entry(path, lambda each: each["notifications"][0].get("twilio_status"))
    await world.simulate("POST", "/messages", {"from": CY, "to": "+15005550006", "body": body})
    story = await world.entry(path, lambda each: each["state"] == "acknowledged")
    assert story["answered"]["via"] == "reply"


async def test_what_is_resolved_elsewhere_stops_ringing(
    world: CallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alertmanager's end of an alert hangs up the phone that rings for it."""
    monkeypatch.setattr(world.exchange.clock, "speed", 0.2)  # it rings for five minutes
    await phone(world, ANA, answers=False)
    levels = [level((ANA, "call"), wait=3600)]
    await world.ask("PUT", "/api/policies/ops", {"levels": levels})
    intake = "/api/alerts/from/alertmanager?policy=ops"
    answer = await world.ask("POST", intake, sample("alertmanager"))
    path = f"/api/alerts/{answer['id']}"

    async def rings() -> bool:
        story = await world.ask("GET", path)
        return [each.get("twilio_status") for each in story["notifications"]] == ["ringing"]

    await eventually(rings)
    answer = await world.ask("POST", intake, resolved("alertmanager"))
    assert answer["state"] == "resolved"
    await world.entry(path, lambda each: each["notifications"][0]["twilio_status"] == "canceled")
