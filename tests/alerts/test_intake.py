"""Intake: what monitoring systems send raises, joins, acknowledges and resolves alerts."""

import json
from pathlib import Path

import pytest

from shared.accept.intake import SOURCES, read_payload
from shared.triggers import alerts
from tests.alerts.alert_world import ANA, BO, AlertWorld, Json, level

PAYLOADS = Path(__file__).parent / "payloads"
TEXTS = {
    "azure-monitor": "Sev3 WCUS-R2-Gen2 on wcus-r2-gen2: CPU is above 90 %",
    "alertmanager": "critical InstanceDown: An instance is down (and 1 more)",
    "grafana": "[FIRING:1] (blue)",
    "pagerduty": "critical DISK at 99% on machine prod-datapipe03.example.com "
    "(prod-datapipe03.example.com)",
    "generic": "Disk full on web-3",
}


def sample(source: str, **changes: object) -> Json:
    """A source's own sample; `resolved` is how it says that it is over."""
    payload: Json = json.loads((PAYLOADS / f"{source}.json").read_text("utf-8"))
    return payload | changes


def resolved(source: str) -> Json:
    """The sample of what a source sends when it is over."""
    if source == "azure-monitor":
        payload = sample(source)
        payload["data"]["essentials"] |= {
            "monitorCondition": "Resolved",
            "resolvedDateTime": "2019-03-22T14:03:16.2246313Z",
        }
        return payload
    return sample(source, **({"event_action": "resolve"} if source == "pagerduty" else
                             {"status": "resolved"}))  # fmt: skip


async def take_in(world: AlertWorld, source: str, body: object, query: str = "") -> Json:
    """Send a payload; gives the answer."""
    reply = await world.ask(alerts.take_in, body, source=source, query=query)
    assert reply.status_code == 202, reply.get_body()
    answer: Json = json.loads(reply.get_body())
    return answer


async def world_with_policy() -> AlertWorld:
    world = AlertWorld()
    await world.put_policy("ops", levels=[level((ANA, "call")), level((BO, "call"))])
    return world


@pytest.mark.parametrize("source", SOURCES)
async def test_a_sample_raises_joins_and_resolves(source: str) -> None:
    """Each system's own sample calls somebody once, and its end hangs up what rings."""
    world = await world_with_policy()
    first = await take_in(world, source, sample(source), "?policy=ops")
    assert (first["state"], first.get("warnings")) == ("open", None)
    await world.run(seconds=5)
    again = await take_in(world, source, sample(source), "?policy=ops")
    assert (again["id"], again["count"]) == (first["id"], 2)
    await world.callback(0, CallStatus="ringing")
    over = await take_in(world, source, resolved(source), "?policy=ops")
    assert (over["id"], over["state"]) == (first["id"], "resolved")
    await world.until_quiet()
    assert [each.found.status for each in world.twilio.books] == ["canceled"]
    story = await world.story(first["id"])
    assert (story["text"], story["policy"], story["source"]) == (TEXTS[source], "ops", source)
    assert json.loads(story["payload"]) == sample(source)
    assert story["resolved"]["by"] == source
    newer = await take_in(world, source, sample(source), "?policy=ops")
    assert newer["id"] != first["id"]


async def test_pagerduty_acknowledges() -> None:
    """An acknowledgement in another tool ends the paging here; too late, it only warns."""
    world = await world_with_policy()
    first = await take_in(world, "pagerduty", sample("pagerduty"), "?policy=ops")
    ack = sample("pagerduty", event_action="acknowledge")
    assert (await take_in(world, "pagerduty", ack))["state"] == "acknowledged"
    await world.post(alerts.resolve, first["id"])
    [warning] = (await take_in(world, "pagerduty", ack))["warnings"]
    assert warning.startswith("Resolved by the API")


async def test_the_end_of_what_never_began_is_no_error() -> None:
    """There is nothing to resolve, which a monitoring system is told without a retry."""
    answer = await take_in(AlertWorld(), "generic", resolved("generic"))
    assert answer == {"id": None, "state": None, "warnings": ["there is no alert with this key"]}


@pytest.mark.parametrize(
    ("source", "body", "why"),
    [
        ("azure-monitor", b"hello", "the payload is not JSON"),
        ("azure-monitor", b"[" * 100_000, "the payload is not JSON"),
        ("azure-monitor", b'{"schemaId": "AzureMonitorMetricAlert", "data": {}}',
         "the payload has no `monitorCondition`"),
        ("alertmanager", b"[1]", "the payload has no `status`"),
        ("grafana", b'{"state": "alerting", "ruleId": null}', "the payload has no `ruleId`"),
        ("pagerduty", b'{"event_action": "trigger"}', "the payload has no `summary`"),
        ("pagerduty", b'{"event_action": "change"}',
         "`event_action` must be trigger, acknowledge or resolve"),
        ("pagerduty", b'{"event_action": "resolve"}', "the payload has no `dedup_key`"),
        ("generic", b'{"text": " "}', "the payload has no `text`"),
        ("generic", b'{"status": "resolved"}', "the payload has no `key`"),
        ("generic", b"\xff\x00", "the payload is not JSON"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_kept_and_shown(source: str, body: bytes, why: str) -> None:
    """It is an alert like any other: somebody is called, and the payload is shown as it came."""
    world = await world_with_policy()
    answer = await take_in(world, source, body, "?policy=ops")
    assert answer["warnings"] == [f"{why}; it is kept as it came"]
    await world.run(seconds=2)
    assert world.paged() == [("Ana", "call")]
    story = await world.story(answer["id"])
    assert story["payload"].startswith(
        body.decode(errors="backslashreplace")[:20].replace("\0", "")
    )
    assert story["warnings"] == answer["warnings"]
    assert f"came from {source}" in story["text"]
    assert (await take_in(world, source, body, "?policy=ops"))["id"] == answer["id"]


async def test_an_unknown_policy_is_a_warning() -> None:
    """The alert is kept and shown; nobody is notified unless ALERT_POLICY says by which policy."""
    world = await world_with_policy()
    answer = await take_in(world, "generic", {"text": "a"}, "?policy=nothing")
    assert answer["warnings"] == ["there is no policy nothing", "nobody is notified"]
    assert (await take_in(world, "generic", {"text": "a"}))["warnings"] == [
        "no policy was named",
        "nobody is notified",
    ]
    await world.until_quiet()
    assert world.paged() == []
    assert (await world.story(answer["id"]))["state"] == "exhausted"
    world.deploy(ALERT_POLICY="ops")
    answer = await take_in(world, "generic", {"text": "a"}, "?policy=not%20a%20name")
    assert answer["warnings"] == ["there is no policy not a name"]
    assert "warnings" not in await take_in(world, "generic", {"text": "a"})
    await world.run(seconds=2)
    assert world.paged() == [("Ana", "call"), ("Ana", "call")]
    world.deploy(ALERT_POLICY="gone")
    answer = await take_in(world, "generic", {"text": "a"})
    assert answer["warnings"] == ["there is no policy gone", "nobody is notified"]


async def test_other_sources_and_long_bodies_are_refused() -> None:
    """An intake that is not there is 404 and names those that are; a body has a limit."""
    world = AlertWorld()
    reply = await world.ask(alerts.take_in, {}, source="nagios")
    assert reply.status_code == 404
    assert "alertmanager" in json.loads(reply.get_body())["detail"]
    reply = await world.ask(alerts.take_in, b" " * (1024 * 1024 + 1), source="generic")
    assert reply.status_code == 413


async def test_a_repeated_request_with_a_key_is_one_alert() -> None:
    """The Idempotency-Key works here too, and stands for the payload."""
    world = AlertWorld()
    for text, status in (("a", 202), ("a", 202), ("b", 422)):
        reply = await world.ask(alerts.take_in, {"text": text}, source="generic", key="k")
        assert reply.status_code == status
    page = await world.ask(alerts.list_alerts)
    assert len(json.loads(page.get_body())["items"]) == 1


@pytest.mark.parametrize(
    ("source", "changes", "text"),
    [
        ("grafana", {"groupKey": None, "ruleId": 7, "ruleName": "Disk", "title": "[Alerting] Disk",
                     "message": "full"}, "[Alerting] Disk: full"),
        ("grafana", {"groupKey": "", "ruleId": 7, "title": "[OK] Disk", "message": "",
                     "state": "ok"}, "[OK] Disk"),
        ("grafana", {"title": None}, "High memory usage: This alert was triggered for zone us-1"),
        ("alertmanager", {"commonLabels": {}, "commonAnnotations": None, "alerts": "?"},
         "Alertmanager"),
        ("pagerduty", {"payload": {"summary": "Disk\nfull\x07"}, "dedup_key": None}, "Disk full"),
        ("generic", {"text": "x" * 1000, "key": "k" * 300}, "x" * 480),
        ("azure-monitor", {"data": {"essentials": {"monitorCondition": "Fired", "alertId": "a",
                           "alertTargetIDs": ["/a/vm-1"]}}}, "on vm-1"),
        ("azure-monitor", {"data": {"essentials": {"monitorCondition": "Fired", "alertId": "a"}}},
         "An alert without a text"),
    ],
)  # fmt: skip
def test_lean_payloads_are_read_as_far_as_they_go(source: str, changes: Json, text: str) -> None:
    """What is missing is left out, what is too long is cut, and what nobody can hear goes."""
    signal = read_payload(source, json.dumps(sample(source, **changes)).encode())
    assert signal.text == text
    assert signal.problem is None
    assert len(signal.key or "") <= 255
