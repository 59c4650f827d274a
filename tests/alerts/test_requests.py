"""Requests: what is refused and how it is told, keys that join, policies, lists."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.ledger.erasure import erase
from shared.triggers import alerts, policies
from tests.alerts.alert_world import ANA, BO, AlertWorld, Json, alert_of, level

ONE = level((ANA, "text"))


def errors(reply: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - a response
    assert reply.status_code == 400, reply.get_body()
    return [(each["path"], each["code"]) for each in json.loads(reply.get_body())["errors"]]


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({}, [("$.text", "missing"), ("$.levels", "missing")]),
        ({"text": "", "levels": [ONE]}, [("$.text", "too_short")]),
        ({"text": "x" * 1201, "levels": [ONE]}, [("$.text", "too_long")]),
        ({"text": "a\0b", "levels": [ONE]}, [("$.text", "forbidden_character")]),
        ({"text": "a", "levels": []}, [("$.levels", "too_short")]),
        ({"text": "a", "levels": {}}, [("$.levels", "wrong_type")]),
        ({"text": "a", "levels": [1]}, [("$.levels[0]", "wrong_type")]),
        ({"text": "a", "levels": [ONE] * 21}, [("$.levels", "too_long")]),
        ({"text": "a", "policy": "none"}, [("$.policy", "unknown_policy")]),
        ({"text": "a", "policy": "no name"}, [("$.policy", "unknown_policy")]),
        ({"text": "a", "policy": 1}, [("$.policy", "wrong_type")]),
        ({"text": "a", "policy": "ops", "levels": [ONE]}, [("$.policy", "conflict")]),
        ({"text": "a", "levels": [ONE], "key": "k" * 256}, [("$.key", "too_long")]),
        ({"text": "a", "levels": [ONE], "key": ""}, [("$.key", "too_short")]),
        ({"text": "a", "levels": [ONE], "until": "read"}, [("$.until", "not_one_of")]),
        ({"text": "a", "levels": [ONE], "most": 0}, [("$.most", "out_of_range")]),
        ({"text": "a", "levels": [ONE], "colour": "red"}, [("$.colour", "unknown_field")]),
        ({"text": "a", "levels": [{**ONE, "wait": 14}]}, [("$.levels[0].wait", "out_of_range")]),
        ({"text": "a", "levels": [ONE, {**ONE, "wait": 86_401}]},
         [("$.levels[1].wait", "out_of_range")]),
        ({"text": "a", "levels": [{**ONE, "times": 0, "on": {"A": []}}]},
         [("$.levels[0].on", "unknown_field"), ("$.levels[0].times", "out_of_range")]),
        ({"text": "a", "levels": [{"wait": 60}]}, [("$.levels[0].notify", "missing")]),
        ({"text": "a", "levels": [{"wait": 60, "notify": []}]},
         [("$.levels[0].notify", "too_short")]),
        ({"text": "a", "levels": [{"wait": 60, "notify": "x"}]},
         [("$.levels[0].notify", "wrong_type")]),
        ({"text": "a", "levels": [{"wait": 60, "notify": [1, {"to": ANA, "by": "fax"}]}]},
         [("$.levels[0].notify[0]", "wrong_type"), ("$.levels[0].notify[1].by", "not_one_of")]),
        ({"text": "a", "levels": [level((ANA, "text"), (ANA, "call"), (ANA, "text"))]},
         [("$.levels[0].notify[2]", "duplicate")]),
        ({"text": "a", "levels": [level(("415-555-2671", "text"), ("client:a", "call"))]},
         [("$.levels[0].notify[0].to", "invalid_number")]),
        ({"text": "a", "levels": [level(("+19005550123", "call"))]},
         [("$.levels[0].notify[0].to", "premium_rate")]),
    ],
)  # fmt: skip
async def test_bad_requests_name_every_problem(
    fields: Json, problems: list[tuple[str, str]]
) -> None:
    """Each is a 400 whose paths lead to what is wrong, and nothing is kept."""
    world = AlertWorld()
    assert errors(await world.ask(alerts.accept, fields)) == problems
    assert await world.table.next_partition("") is None
    assert world.queue.messages == []


async def test_fifty_notifications_are_the_most() -> None:
    """Fifty in all levels together are accepted, one more is not."""
    world = AlertWorld()
    people = [(f"+1415555{2000 + n}", "text") for n in range(25)]
    await world.raise_alert(alert_of(level(*people), level(*people)))
    more = alert_of(level(*people), level(*people), ONE)
    assert errors(await world.ask(alerts.accept, more)) == [("$.levels", "too_long")]


async def test_a_person_may_be_in_a_level_by_two_ways_and_in_two_levels() -> None:
    """Only the same person by the same way twice in one level is refused."""
    both = level((ANA, "text"), (ANA, "call"))
    await AlertWorld().raise_alert(alert_of(both, both))


async def test_without_a_sender_nobody_can_be_notified() -> None:
    """What would make every notification fail is told when the alert is raised."""
    world = AlertWorld(TWILIO_FROM_NUMBER="")
    found = errors(await world.ask(alerts.accept, alert_of(ONE)))
    assert found == [("$.levels[0].notify[0]", "missing")]


async def test_a_key_joins_until_it_is_resolved() -> None:
    """Joining counts and pages nobody; after the end the key opens a new alert."""
    world = AlertWorld()
    first = await world.raise_alert(alert_of(ONE, key="disk"))
    await world.run(seconds=2)
    assert await world.raise_alert(alert_of(ONE, key="disk")) == first
    await world.post(alerts.acknowledge, first)
    assert await world.raise_alert(alert_of(ONE, key="disk")) == first
    assert (await world.story(first))["count"] == 3
    await world.run(seconds=2)
    assert len(world.paged()) == 1
    await world.post(alerts.resolve, first)
    second = await world.raise_alert(alert_of(ONE, key="disk"))
    assert second != first
    await world.until_quiet()
    assert (await world.story(second))["state"] == "exhausted"
    third = await world.raise_alert(alert_of(ONE, key="disk"))
    await world.post(alerts.cancel, third)
    assert len({first, second, third, await world.raise_alert(alert_of(ONE, key="disk"))}) == 4


@pytest.mark.parametrize("key", [None, "disk"])
async def test_an_idempotency_key_raises_once(key: str | None) -> None:
    """The same request again gives the same alert and counts once; another is 422."""
    world = AlertWorld()
    fields = alert_of(ONE, **({"key": key} if key else {}))
    first = await world.raise_alert(fields, key="once")
    assert await world.raise_alert(fields, key="once") == first
    assert (await world.story(first))["count"] == 1
    reply = await world.ask(alerts.accept, {**fields, "text": "Another"}, key="once")
    assert reply.status_code == 422


async def test_a_request_that_joined_an_alert_gives_it_again() -> None:
    """Repeated after that alert was resolved, it raises no second one and pages nobody again."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    first = await world.raise_alert(fields)
    assert await world.raise_alert(fields, key="again") == first
    await world.run(seconds=2)
    await world.post(alerts.resolve, first)
    assert await world.raise_alert(fields, key="again") == first
    await world.run(seconds=2)
    assert len(world.paged()) == 1
    assert (await world.story(first))["count"] == 2


async def test_a_request_that_raised_an_alert_gives_it_again() -> None:
    """Repeated while a newer alert of its key is open, it does not join that one."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    first = await world.raise_alert(fields, key="once")
    await world.post(alerts.resolve, first)
    second = await world.raise_alert(fields)
    assert await world.raise_alert(fields, key="once") == first
    assert (await world.story(second))["count"] == 1


async def test_a_request_that_took_a_key_over_gives_its_alert_again() -> None:
    """Whatever held the key had died; repeated after the alert was resolved, nobody is paged."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    assert await world.ledger.alerts.hold_key("disk", 1, "zbpn0196bfzff9axxxxxpa")
    first = await world.raise_alert(fields, key="again")
    await world.run(seconds=2)
    await world.post(alerts.resolve, first)
    assert await world.raise_alert(fields, key="again") == first
    await world.run(seconds=2)
    assert len(world.paged()) == 1
    assert (await world.story(first))["count"] == 1


async def test_a_repeated_request_whose_alert_is_forgotten_raises_one() -> None:
    """The alert was older than the request that joined it, so its rows went first."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    first = await world.raise_alert(fields)
    world.clock.move(days=1)
    assert await world.raise_alert(fields, key="again") == first
    await world.post(alerts.resolve, first)
    await world.ledger.alerts.forget(world.clock() - timedelta(hours=13))
    second = await world.raise_alert(fields, key="again")
    assert second != first
    assert await world.raise_alert(fields, key="again") == second


async def test_a_repeated_request_whose_alert_is_forgotten_joins_a_newer_one() -> None:
    """Another request has raised an alert of that key since."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    first = await world.raise_alert(fields)
    world.clock.move(days=1)
    assert await world.raise_alert(fields, key="again") == first
    await world.post(alerts.resolve, first)
    second = await world.raise_alert(fields)
    await world.ledger.alerts.forget(world.clock() - timedelta(hours=13))
    assert await world.raise_alert(fields, key="again") == second
    assert (await world.story(second))["count"] == 2


async def test_two_raise_one_key_at_the_same_time() -> None:
    """Two requests with one key at every order of their steps make one alert, counted twice."""
    import asyncio

    world = AlertWorld()
    ids = await asyncio.gather(*(world.raise_alert(alert_of(ONE, key="disk")) for _ in range(5)))
    assert len(set(ids)) == 1
    assert (await world.story(ids[0]))["count"] == 5


async def test_a_policy_is_used_by_name() -> None:
    """Policies are put, shown, listed, changed and deleted; alerts keep the levels they had."""
    world = AlertWorld()
    body = {"levels": [ONE], "then": "repeat", "most": 2, "until": "answered"}
    made = await world.ask(policies.put, body, policy="ops")
    assert made.status_code == 201
    alert_id = await world.raise_alert({"text": "Disk full", "policy": "ops"})
    changed = await world.ask(policies.put, {"levels": [level((BO, "call"))]}, policy="ops")
    assert changed.status_code == 200
    await world.put_policy("opt", levels=[ONE])
    story = await world.story(alert_id)
    assert (story["policy"], story["levels"], story["then"]) == ("ops", [ONE], "repeat")
    assert (story["most"], story["until"]) == (2, "answered")
    shown = json.loads((await world.ask(policies.show, policy="ops")).get_body())
    assert shown["levels"] == [level((BO, "call"))]
    assert (shown["name"], shown["then"], shown["most"]) == ("ops", "stop", 1)
    listed = json.loads((await world.ask(policies.list_policies)).get_body())
    assert [each["name"] for each in listed["items"]] == ["ops", "opt"]
    assert (await world.ask(policies.delete, policy="ops")).status_code == 204
    for handler in (policies.show, policies.delete):
        assert (await world.ask(handler, policy="ops")).status_code == 404
    refused = await world.ask(alerts.accept, {"text": "a", "policy": "ops"})
    assert errors(refused) == [("$.policy", "unknown_policy")]
    assert (await world.ask(policies.put, body, policy="ops")).status_code == 201


async def test_a_request_wins_over_its_policy() -> None:
    """What an alert says itself takes the place of what its policy says."""
    world = AlertWorld()
    await world.put_policy("ops", levels=[ONE], urgent=True)
    more = {"until": "delivered", "then": "repeat", "urgent": False}
    story = await world.story(await world.raise_alert({"text": "a", "policy": "ops", **more}))
    assert (story["until"], story["then"], story["most"]) == ("delivered", "repeat", 3)
    assert story["urgent"] is False
    story = await world.story(await world.raise_alert({"text": "a", "policy": "ops", "most": 5}))
    assert (story["then"], story["most"], story["urgent"]) == ("repeat", 5, True)


async def test_an_alert_by_a_policy_is_raised_without_who_was_erased() -> None:
    """An alert warns of the person in a policy whom it cannot notify, and pages the others."""
    world = AlertWorld()
    await world.put_policy("ops", levels=[level((ANA, "text"), (BO, "text"))])

    async def cancel(*_: object) -> None:
        return None

    await erase(world.ledger, ANA, cancel=cancel)
    reply = await world.ask(alerts.accept, {"text": "Disk full", "policy": "ops"})
    assert reply.status_code == 202, reply.get_body()
    [warning] = json.loads(reply.get_body())["warnings"]
    assert warning.startswith("$.levels[0].notify[0].to of the policy ")
    await world.run(seconds=1)
    assert world.paged() == [("Bo", "text")]


@pytest.mark.parametrize(
    ("name", "body", "problems"),
    [
        ("ops", {}, [("$.levels", "missing")]),
        ("ops", {"levels": [{**ONE, "wait": 1}], "most": 0, "text": "a"},
         [("$.text", "unknown_field"), ("$.most", "out_of_range"),
          ("$.levels[0].wait", "out_of_range")]),
        ("ops", {"levels": [level(("+1", "text"))]},
         [("$.levels[0].notify[0].to", "invalid_number")]),
        ("a name", {"levels": [ONE]}, [("$.name", "malformed")]),
    ],
)  # fmt: skip
async def test_bad_policies_name_every_problem(
    name: str, body: Json, problems: list[tuple[str, str]]
) -> None:
    """A policy is validated like an alert, when it is put."""
    assert errors(await AlertWorld().ask(policies.put, body, policy=name)) == problems


async def test_alerts_are_listed_newest_first() -> None:
    """Pages follow each other by their cursor; state and key select."""
    world = AlertWorld()
    made = []
    for n in range(5):
        made.append(await world.raise_alert(alert_of(ONE, key=f"k{n}")))
        world.clock.move(hours=7)
    await world.post(alerts.resolve, made[1])

    async def page(query: str) -> Json:
        reply = await world.ask(alerts.list_alerts, query=query)
        assert reply.status_code == 200
        found: Json = json.loads(reply.get_body())
        return found

    first = await page("?limit=2")
    assert [each["id"] for each in first["items"]] == made[:2:-1]
    second = await page(f"?limit=2&cursor={first['next']}")
    assert [each["id"] for each in second["items"]] == made[2:0:-1]
    last = await page(f"?limit=2&cursor={second['next']}")
    assert ([each["id"] for each in last["items"]], last["next"]) == ([made[0]], None)
    assert [each["id"] for each in (await page("?state=resolved,canceled"))["items"]] == [made[1]]
    assert (await page(f"?cursor={made[0]}")) == {"items": [], "next": None}
    assert [each["id"] for each in (await page("?key=k3"))["items"]] == [made[3]]


async def test_a_page_looks_at_a_bounded_number_of_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where all of them have joined one alert: then it is short, and has a successor."""
    monkeypatch.setattr("shared.ledger.alerts._MAX_LOOKED_AT", 3)
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    first = await world.raise_alert(fields)
    for number in range(5):
        world.clock.move(seconds=1)
        assert await world.raise_alert(fields, key=f"{number}") == first
    found, query = [], ""
    while True:
        page = json.loads((await world.ask(alerts.list_alerts, query=query)).get_body())
        found.append([each["id"] for each in page["items"]])
        if page["next"] is None:
            break
        query = f"?cursor={page['next']}"
    assert found == [[], [first], []]


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?state=over", "?cursor=x", "?to=x"])
async def test_a_bad_list_is_refused(query: str) -> None:
    path = "$." + query[1:].partition("=")[0]
    [(found, _)] = errors(await AlertWorld().ask(alerts.list_alerts, query=query))
    assert found == path


async def test_a_list_of_policies_takes_no_parameters() -> None:
    assert errors(await AlertWorld().ask(policies.list_policies, query="?limit=1"))


async def test_texts_are_kept_out_of_answers_where_settings_say_so() -> None:
    """With SHOW_CONTENT=false neither the text nor a payload is shown; people still get it."""
    world = AlertWorld(SHOW_CONTENT="false")
    reply = await world.ask(alerts.take_in, {"text": "secret"}, source="generic")
    alert_id = json.loads(reply.get_body())["id"]
    story = await world.story(alert_id)
    assert (story["text"], story["payload"]) == (None, None)
    assert b"secret" not in (await world.ask(alerts.list_alerts)).get_body()


@pytest.mark.parametrize("text", ["x", "zbpn7196bfzff9khs3pqpa", "zbpn7196bfzff9khs3pqpa-0"])
async def test_other_ids_are_404(text: str) -> None:
    for handler in (alerts.show, alerts.acknowledge, alerts.cancel):
        assert (await AlertWorld().ask(handler, id=text)).status_code == 404


@pytest.mark.parametrize(
    ("by", "shown"),
    [
        ("Ana + Bo, on duty", "Ana + Bo, on duty"),
        ("C++ team", "C++ team"),
        ("+14155552671", "+1415•••2671"),
        ("Ana (+14155552671)", "Ana (+1415•••2671)"),
    ],
)
async def test_only_a_number_is_masked_in_who_answered(by: str, shown: str) -> None:
    """A name stays as it is, also one with a plus sign; a number in it does not."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(ONE))
    story = await world.post(alerts.acknowledge, alert_id, {"by": by})
    assert story["answered"]["by"] == shown
    assert [each["by"] for each in story["events"] if each["event"] == "answered"] == [shown]


async def test_who_answers_by_the_api_has_a_short_name() -> None:
    """The name is optional, and a wrong body is refused."""
    world = AlertWorld()
    alert_id = await world.raise_alert()
    for body, problem in (
        ({"by": ""}, ("$.by", "too_short")),
        ({"as": 1}, ("$.as", "unknown_field")),
    ):
        assert errors(await world.ask(alerts.acknowledge, body, id=alert_id)) == [problem]
    assert (await world.post(alerts.acknowledge, alert_id, b"{}"))["answered"]["by"] == "the API"
