"""Two at once, rows that others wrote in between, and what a worker finds after that."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from shared.accept.alerts import raise_alert
from shared.deliver.receive import QueueMessage, receive_poison
from shared.errors import StorageUnavailableError
from shared.jobs.alerts import AlertMessage, Level, LevelBegun, Notify, Payload, Raised
from shared.jobs.events import Claim
from shared.jobs.job import decode_queue_message, encode_job, sign
from shared.ledger import schema
from shared.ledger.alerts import MAX_OF_PERSON, Policy
from shared.ledger.retention import forget_before
from shared.triggers import alerts
from tests.alerts.alert_world import ANA, BO, AlertWorld, alert_of, level
from tests.clock import NOON
from tests.deliver.queue_double import POISON
from tests.deliver.seams import TableSeam
from tests.environment import AUTH_TOKEN

ONE = level((ANA, "text"))


@dataclass
class Meanwhile:
    """A gate at whose first passing of a step something else happens."""

    step: str
    happens: Callable[[], Awaitable[object]]
    skip: int = 0

    async def __call__(self, step: str) -> None:
        if step == self.step:
            self.skip -= 1
            if self.skip == -1:
                await self.happens()


async def test_a_number_is_taken_once() -> None:
    """Whoever finds the next number taken takes the one after it."""
    world = AlertWorld()
    other = world.ledger.alerts
    gate = Meanwhile("rows.insert before", lambda: other.take_number("a"))
    seam = world.worker(gate).ledger.alerts
    assert await seam.take_number("b") == 2
    assert await other.take_number("c") == 3


async def test_two_put_a_policy() -> None:
    """Both are kept, and the later one counts."""
    world = AlertWorld()
    first, second = Policy(levels=(), most=1), Policy(levels=(), most=2)
    gate = Meanwhile("rows.insert before", lambda: world.ledger.alerts.put_policy("ops", first))
    assert await world.worker(gate).ledger.alerts.put_policy("ops", second)
    assert await world.ledger.alerts.policy("ops") == second


@pytest.mark.parametrize("skip", range(3))
async def test_another_request_raises_the_same_key_in_between(skip: int) -> None:
    """Whichever row the other one wrote first, there is one alert and it counts both."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    gate = Meanwhile("rows.insert before", lambda: world.raise_alert(fields), skip)
    alert_id = await world.raise_alert(fields, worker=world.worker(gate))
    assert (await world.story(alert_id))["count"] == 2
    await world.until_quiet()
    assert len(world.paged()) == 1


@pytest.mark.parametrize("step", ["rows.insert before", "rows.insert after", "rows.read before"])
@pytest.mark.parametrize("skip", range(8))
@pytest.mark.parametrize("is_over", [False, True])
async def test_a_try_that_was_frozen_raises_nothing_again(
    step: str, skip: int, *, is_over: bool
) -> None:
    """Meanwhile others raised the key, the same request joined them, and all was resolved."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    await world.post(alerts.resolve, await world.raise_alert(fields))
    raised = []

    async def live_through_an_alert() -> None:
        raised.append(await world.raise_alert(fields))
        raised.append(await world.raise_alert(fields, key="K"))
        await world.until_quiet()
        if is_over:
            await world.post(alerts.resolve, raised[0])

    gate = Meanwhile(step, live_through_an_alert, skip)
    raised.append(await world.raise_alert(fields, key="K", worker=world.worker(gate)))
    raised.append(await world.raise_alert(fields, key="K"))
    await world.until_quiet()
    assert len(set(raised)) == 1
    assert len(world.paged()) == 1


async def test_a_key_whose_owner_died_is_taken_over() -> None:
    """A request died after it took the key: the next one raises the alert under its id."""
    world = AlertWorld()
    alert_id = "zbpn0196bfzff9axxxxxpa"
    assert await world.ledger.alerts.hold_key("disk", 1, alert_id)
    assert await world.raise_alert(alert_of(ONE, key="disk")) == alert_id


async def test_an_alert_that_is_gone_at_once_is_a_503() -> None:
    """Nobody is told that an alert was raised which cannot be read."""
    world = AlertWorld()

    async def vanish() -> None:
        partition = await world.table.next_partition(schema.ALERTS.first)
        assert partition is not None
        keys = [row.key async for row in world.table.range(partition)]
        await world.table.delete(partition, keys)

    gate = Meanwhile("rows.read before", vanish, skip=1)
    reply = await world.ask(alerts.accept, alert_of(ONE), worker=world.worker(gate))
    assert reply.status_code == 503


async def test_a_cancel_that_loses_its_race_is_tried_again() -> None:
    """A call that is claimed while it is canceled is hung up when its SID is known."""
    world = AlertWorld(["too_many"])
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    await world.run(seconds=1)
    await world.post(alerts.acknowledge, alert_id)
    [wake] = [
        m for m in world.queue.messages if b'"alert"' in m.body and m.visible_at <= world.clock()
    ]
    [job] = [m for m in world.queue.messages if b'"accepted"' in m.body]

    async def deliver_job() -> None:
        # As if its guard had looked before the answer: the claim alone is what counts here.
        world.queue.lease(job)
        await world.deliver(world.worker(), job)

    gate = Meanwhile("rows.insert before", deliver_job)
    world.queue.lease(wake)
    world.clock.move(seconds=30)
    await world.deliver(world.worker(gate), wake)
    await world.until_quiet()
    assert {each.found.status for each in world.twilio.books} <= {"canceled"}
    [notification] = (await world.story(alert_id))["notifications"]
    assert notification["state"] in ("canceled", "refused")


async def test_a_key_of_ours_that_somebody_used_is_shown() -> None:
    """A request that took a notification's idempotency key keeps one person from being paged."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "text"), (BO, "text"))))
    await world.accepted(key=f"alert/{alert_id}/1.0")
    await world.run(seconds=1)
    first, second = (await world.story(alert_id))["notifications"]
    assert "the key was used before" in first["error"]["message"]
    assert second["state"] == "handed_over"


@pytest.mark.parametrize("skip", range(3))
async def test_a_level_begins_or_the_alert_ends(skip: int) -> None:
    """One worker begins the second time of a level, while a machine's answer ends the last one."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"), times=2)))
    await world.run(seconds=5)
    [end] = [each for each in world.queue.messages if b'"alert"' in each.body]
    world.queue.lease(end)
    world.clock.move(seconds=60)

    async def a_machine_answers() -> None:
        await world.callback(0, AnsweredBy="machine_start")
        await world.run(seconds=1)

    await world.deliver(world.worker(Meanwhile("rows.insert before", a_machine_answers, skip)), end)
    await world.until_quiet()
    alert = await world.alert(alert_id)
    assert alert.state == "exhausted"
    assert [run.n for run in alert.runs] == list(alert.notified)


async def test_a_poisoned_message_goes_on() -> None:
    """What the host gives up on comes back: an open alert is never left alone."""
    world = AlertWorld()
    await world.raise_alert(alert_of(ONE))
    [message] = world.queue.messages
    world.queue.messages.clear()
    seen = QueueMessage(body=message.body, id="x", inserted_at=None, dequeue_count=1)
    await receive_poison(world.worker(), seen)
    [back] = world.queue.messages
    assert back.visible_at == world.clock() + timedelta(minutes=1)
    assert decode_queue_message(back.body) == decode_queue_message(message.body)
    await world.until_quiet()
    assert len(world.paged()) == 1


async def test_what_is_exhausted_is_left_alone() -> None:
    """A report after the end pages nobody again."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    await world.until_quiet()
    await world.callback(0, CallStatus="completed")
    await world.until_quiet()
    assert (await world.story(alert_id))["state"] == "exhausted"
    assert len(world.paged()) == 1


async def test_a_run_that_has_no_jobs_yet_is_shown() -> None:
    """A worker may have died between beginning it and notifying anybody."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    run = LevelBegun(at=world.clock(), n=1, round=1, level=0, time=1)
    await world.ledger.alerts.record(alert_id, run)
    [shown] = (await world.story(alert_id))["notifications"]
    assert (shown["to"], shown["by"], "state" in shown) == (ANA, "call", False)


async def test_metadata_alone_makes_no_notification() -> None:
    """A message that only looks like one is sent although the alert is over."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(ONE))
    await world.post(alerts.resolve, alert_id)
    await world.accepted(metadata={"alert": alert_id, "page": "1.0"})
    await world.accepted(metadata={"alert": alert_id, "page": "1.0"}, key="mine")
    await world.accepted(metadata={"alert": "x", "page": "1.0"})
    await world.accepted(metadata={"alert": alert_id, "page": "one"})
    await world.until_quiet()
    assert len(world.twilio.books) == 4


async def test_only_so_many_alerts_of_a_person_are_looked_at() -> None:
    """The newest ones: a reply does not read a history of years."""
    world = AlertWorld()
    ids = [f"zbpn0{n:017}" for n in range(MAX_OF_PERSON + 5)]
    for alert_id in reversed(ids):
        await world.ledger.alerts.note_person(ANA, alert_id)
    assert await world.ledger.alerts.of_person(ANA) == ids[:MAX_OF_PERSON]


async def test_a_payload_without_an_alert_is_no_alert() -> None:
    """A request that died after it kept the payload left nothing to show."""
    world = AlertWorld()
    await world.ledger.alerts.record("zbpn0196bfzff9axxxxxpa", Payload(at=world.clock(), text="x"))
    page = await world.ledger.alerts.list_newest(lambda _: True, limit=5, cursor=None)
    assert page.items == ()


async def test_what_is_over_and_old_is_forgotten() -> None:
    """An open alert stays, and the highest number, so that none is given twice."""
    world = AlertWorld()
    old = await world.raise_alert(alert_of(ONE, key="old"))
    await world.post(alerts.resolve, old)
    still_open = await world.raise_alert(alert_of(level((BO, "text"), wait=86_400), key="open"))
    await world.run(seconds=5)
    await world.ledger.alerts.record("zbpn0196bfzff9axxxxxpa", Payload(at=world.clock(), text="x"))
    world.clock.move(days=100)
    young = await world.raise_alert(alert_of(ONE, key="young"))
    await world.post(alerts.cancel, young)
    await forget_before(world.ledger, world.clock() - timedelta(days=90))
    kept = await world.ledger.alerts.list_newest(lambda _: True, limit=9, cursor=None)
    assert [alert.id for alert in kept.items] == [young, still_open]
    assert await world.ledger.alerts.of_key("old") == (0, None)
    assert await world.ledger.alerts.of_key("open") == (1, still_open)
    await world.post(alerts.resolve, still_open)
    world.clock.move(days=100)
    await forget_before(world.ledger, world.clock())
    assert await world.ledger.alerts.take_number("x") == 4
    assert await world.ledger.alerts.of_person(BO) == []


async def test_erasing_takes_a_number_out_of_everything() -> None:
    """Others in the same alert go on being notified; the erased number is nowhere."""
    world = AlertWorld()
    levels = [level((ANA, "text")), level((BO, "text"))]
    await world.put_policy("ops", levels=levels)
    alert_id = await world.raise_alert({"text": f"call {ANA}", "policy": "ops"})
    await world.run(seconds=5)

    def remove(value: object) -> object:
        import msgspec

        text = msgspec.json.encode(value).decode().replace(ANA, "erased")
        return msgspec.json.decode(text)

    assert await world.ledger.alerts.erase(ANA, remove) == 3
    await world.until_quiet()
    assert ("Bo", "text") in world.paged()
    policy = await world.ledger.alerts.policy("ops")
    assert policy is not None
    assert policy.levels[0].notify[0].to == "erased"
    assert (await world.story(alert_id))["text"] == "call erased"
    assert await world.ledger.alerts.of_person(ANA) == []


async def test_a_lost_answer_of_storage_is_still_the_first_answer() -> None:
    """An insert that met itself is known by its token."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(ONE))
    from tests.deliver.seams import RepeatedError

    class Repeat:
        async def __call__(self, step: str) -> None:
            if step == "rows.insert after":
                raise RepeatedError

    worker = world.worker(Repeat())
    assert isinstance(worker.table, TableSeam)
    from shared.deliver.alerts import acknowledge, resolve

    alert, is_first = await acknowledge(worker, await world.alert(alert_id), ANA, "key")
    assert is_first
    _, is_first = await resolve(worker, alert, ANA, "key")
    assert is_first


async def test_a_direct_raise_needs_no_key() -> None:
    """Raising from inside the app makes an alert each time."""
    world = AlertWorld()
    raised = Raised(at=world.clock(), text="a", number=0, token="")
    first = await raise_alert(world.worker(), raised)
    assert first.alert.id != (await raise_alert(world.worker(), raised)).alert.id


async def test_a_message_brings_the_alert_whose_row_was_lost() -> None:
    """The queue took the first message, and the table never took the row: nothing is lost."""
    world = AlertWorld()
    alert_id = "zbpn0196bfzff9axxxxxpa"
    levels = (Level(notify=[Notify(to=ANA, by="text")], wait=60),)
    raised = Raised(at=world.clock(), text="a", number=1, token="t", levels=levels)
    message = AlertMessage(v=1, alert=alert_id, n=0, raised=raised)
    world.queue.drop(encode_job(sign(message, AUTH_TOKEN)))
    world.queue.drop(encode_job(AlertMessage(v=1, alert="zbpn0196bfzff9axyyyypa")))
    await world.until_quiet()
    assert world.paged() == [("Ana", "text")]
    assert (await world.story(alert_id))["state"] == "exhausted"


def forged(alert_id: str) -> bytes:
    """The first message of an alert that some program made up."""
    levels = (Level(notify=[Notify(to=BO, by="call")], wait=60),)
    raised = Raised(at=NOON, text="Forged", number=1, token="t", levels=levels)
    return encode_job(AlertMessage(v=1, alert=alert_id, n=0, raised=raised))


@pytest.mark.parametrize("queue", ["outbound", "outbound" + POISON])
async def test_an_alert_that_the_app_did_not_raise_is_parked_with_its_text(queue: str) -> None:
    """Who may write to the queue gets round no rule, and no alert is made."""
    world = AlertWorld()
    alert_id = "zbpn0196bfzff9axxxxxpa"
    world.queue.drop(forged(alert_id), queue)
    await world.until_quiet()
    assert world.paged() == []
    assert await world.ledger.alerts.find(alert_id) is None
    [parked] = [entry.parked for entry in await world.entries()]
    assert parked is not None
    assert (parked.code, parked.raw) == ("not_authentic", forged(alert_id).decode())


@pytest.mark.parametrize("outage", [0, 30])
async def test_what_was_raised_wins_over_a_made_up_message_of_its_id(outage: float) -> None:
    """People are notified as the ledger says, also where storage is away at first."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "text"))))
    world.queue.messages.clear()
    world.queue.drop(forged(alert_id))
    end = world.clock() + timedelta(seconds=outage)

    async def away(step: str) -> None:
        if step.startswith("rows") and world.clock() < end:
            raise StorageUnavailableError(step)

    await world.until_quiet(away)
    assert world.paged() == [("Ana", "text")]


async def test_a_late_look_finds_nothing_to_do() -> None:
    """A message for an alert that is exhausted, or that was forgotten, changes nothing."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    await world.until_quiet()
    world.queue.drop(encode_job(AlertMessage(v=1, alert=alert_id)))
    await world.until_quiet()
    assert len(world.paged()) == 1
    partition = schema.ALERTS.place(alert_id[:4])
    keys = [row.key async for row in world.table.range(partition)]
    await world.table.delete(partition, keys)
    assert "Press 1" in await world.press(0, "1")
    assert await world.text(ANA, "A ?") == ""


async def test_a_claim_that_comes_before_the_cancel_is_looked_at_again() -> None:
    """The cancel loses to another worker's claim, so the alert is looked at once more."""
    world = AlertWorld()
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    [first] = world.queue.messages
    world.queue.lease(first)
    await world.deliver(world.worker(), first)
    [job] = [each for each in world.queue.messages if b'"accepted"' in each.body]
    world.queue.messages.remove(job)
    [mark] = (await world.alert(alert_id)).notified.values()
    assert mark.jobs[0] is not None
    claim = Claim(at=world.clock(), n=1, token="other")
    await world.post(alerts.acknowledge, alert_id)

    async def is_claimed() -> None:
        await world.ledger.record(str(mark.jobs[0]), claim)

    gate = Meanwhile("rows.insert before", is_claimed)
    await world.run(gate, seconds=1)
    looks = [each for each in world.queue.messages if alert_id.encode() in each.body]
    assert any(each.visible_at > world.clock() for each in looks)


async def test_an_unclear_page_is_looked_at_less_and_less_often() -> None:
    """After the answer, for a quarter of an hour in which Twilio does not say whether it has it."""
    world = AlertWorld(["unknown"])
    alert_id = await world.raise_alert(alert_of(level((ANA, "call"))))
    await world.run(seconds=1)
    await world.post(alerts.acknowledge, alert_id)
    world.twilio.silent = True
    looks, end, worker = 0, world.clock() + timedelta(minutes=20), world.worker()
    while (message := await world.take()) is not None and world.clock() < end:
        looks += b'"alert"' in message.body
        await world.deliver(worker, message)
    assert 20 < looks < 150


@dataclass
class Impatient(Meanwhile):
    """Fails after so many steps, so that a worker in a loop is a failed test."""

    steps: int = 500

    async def __call__(self, step: str) -> None:
        self.steps -= 1
        assert self.steps > 0, "no end"
        await super().__call__(step)


@pytest.mark.parametrize(
    "step", ["rows.insert before", "rows.insert after", "rows.read before", "rows.read after"]
)
@pytest.mark.parametrize("skip", range(5))
async def test_a_try_that_was_frozen_finds_what_another_one_raised_before_the_next_alert(
    step: str, skip: int
) -> None:
    """Meanwhile the same request raised an alert, that is over, and others raised the key again."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    raised, others = [], []

    async def raise_resolve_and_raise() -> None:
        raised.append(await world.raise_alert(fields, key="K"))
        await world.post(alerts.resolve, raised[0])
        others.append(await world.raise_alert(fields))

    gate = Impatient(step, raise_resolve_and_raise, skip)
    raised.append(await world.raise_alert(fields, key="K", worker=world.worker(gate)))
    assert len(set(raised)) == 1
    assert not set(raised) & set(others)


class Frozen:
    """A gate at whose passing of a step, after `skip` others, a worker stops until it may go on."""

    def __init__(self, step: str, skip: int) -> None:
        self.step, self.skip = step, skip
        self.is_reached, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, step: str) -> None:
        if step == self.step:
            self.skip -= 1
            if self.skip == -1:
                self.is_reached.set()
                await self.may_go_on.wait()


async def test_what_one_try_has_noted_and_not_kept_is_what_another_one_keeps() -> None:
    """One is frozen before it notes an alert that ends; the other one after it noted the next."""
    world = AlertWorld()
    fields = alert_of(ONE, key="disk")
    first = await world.raise_alert(fields)
    gates = [Frozen("rows.insert before", 1), Frozen("rows.insert after", 1)]
    tries = []
    for gate in gates:
        worker = world.worker(gate)
        tries.append(asyncio.create_task(world.raise_alert(fields, key="K", worker=worker)))
        await gate.is_reached.wait()
        if gate is gates[0]:
            await world.post(alerts.resolve, first)
            # A request that took the key and died.
            assert await world.ledger.alerts.hold_key("disk", 2, "zbpn0196bfzff9axxxxxpa")
    raised = []
    for gate, again in zip(gates, tries, strict=True):
        gate.may_go_on.set()
        raised.append(await again)
    assert raised == ["zbpn0196bfzff9axxxxxpa"] * 2
