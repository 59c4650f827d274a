"""Fetching, listing, canceling, redacting and deleting, by our SIDs and by Twilio's."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from shared.jobs.events import Answer, AnyEvent, Claim, Noted, Outcome, Parked, Reported, Retried
from shared.jobs.ids import EntryId
from shared.jobs.sids import format_sid, parse_sid
from shared.kinds import Kind
from shared.provider.provider import SendRequest
from tests.deliver.twilio_double import TwilioDouble
from tests.environment import ACCOUNT_SID
from tests.in_memory_app import Configure, InMemoryApp
from tests.triggers.twilio.client import BASE, TwilioClient

THEIRS = {"message": "SM" + "a" * 32, "call": "CA" + "a" * 32}
RESOURCE: dict[Kind, str] = {"message": "Messages", "call": "Calls"}
kinds = pytest.mark.parametrize("kind", ["message", "call"])


async def create(client: TwilioClient, kind: Kind, **fields: str) -> str:
    """Create a message or call; gives its SID."""
    return await (client.send if kind == "message" else client.call)(**fields)


async def record(app: InMemoryApp, sid: str, *events: AnyEvent) -> str:
    """Record events of what a SID names; gives its id."""
    kind: Kind = "message" if sid.startswith("SM") else "call"
    place = parse_sid(kind, sid)
    assert place is not None
    for event in events:
        await app.services.ledger.record(place.job_id, event)
    return place.job_id


def handed_over(app: InMemoryApp, kind: Kind, sid: str = "") -> list[AnyEvent]:
    """Twilio took it at its first attempt."""
    outcome = Outcome(index=0, result="sent", sid=sid or THEIRS[kind], status="queued")
    return [Claim(at=app.clock(), n=1), Answer(at=app.clock(), n=1, outcomes=(outcome,))]


def use_twilio(app: InMemoryApp, kind: Kind = "message") -> TwilioDouble:
    """Let Twilio be one in memory that has one message or call."""
    double = TwilioDouble(app.clock)
    double.write(SendRequest(kind=kind, to="+14155552671", sender="+15005550006"))
    app.services.provider = double
    return double


@kinds
async def test_our_sid_and_twilios_find_it_everywhere(
    client: TwilioClient, app: InMemoryApp, kind: Kind
) -> None:
    """Here and in our own API, with one and the same SID of ours in every answer of Twilio's."""
    other = await create(client, kind)
    sid = await create(client, kind)
    entry_id = await record(app, sid, *handed_over(app, kind))
    for name in (sid, THEIRS[kind]):
        reply = await client.get(f"{RESOURCE[kind]}/{name}")
        assert (reply.status, reply.json["sid"]) == (200, sid)
        ours = (await app.get(f"/api/{RESOURCE[kind].lower()}/{name}")).json
        assert (ours["id"], ours["sid"]) == (entry_id, THEIRS[kind])
    assert (await client.get(f"{RESOURCE[kind]}/{other}")).json["sid"] == other


@kinds
async def test_what_is_not_there_is_20404(
    client: TwilioClient, app: InMemoryApp, kind: Kind
) -> None:
    """An unknown SID, one of the other kind, an id, and another account's resource."""
    sid = await create(client, kind)
    entry_id = await record(app, sid)
    other: Kind = "call" if kind == "message" else "message"
    place = parse_sid(kind, sid)
    assert place is not None
    names = [THEIRS[kind], THEIRS[other], sid[:-1], "x", f"{RESOURCE[kind][:2]}{sid[2:]}",
             format_sid(kind, EntryId(place.job_id, 1)), f"{sid[:2]}5b{'0' * 30}"]  # fmt: skip
    for name in names:
        for method in ("GET", "POST", "DELETE"):
            reply = await client.ask(method, f"{BASE}/{RESOURCE[kind]}/{name}.json")
            assert (reply.status, reply.json["code"]) == (404, 20404), name
            assert name in reply.json["message"]
        assert (await app.get(f"/api/{RESOURCE[kind].lower()}/{name}")).status == 404
    for account in ("AC" + "1" * 32, "x"):
        path = f"/2010-04-01/Accounts/{account}"
        for each in (
            f"{path}.json",
            f"{path}/{RESOURCE[kind]}.json",
            f"{path}/{RESOURCE[kind]}/{sid}.json",
        ):
            reply = await client.ask("GET", each)
            assert (reply.status, reply.json["code"]) == (404, 20404)
    assert (await client.get(f"{RESOURCE[kind]}/{entry_id}")).status == 200


async def test_the_account_shows_itself(client: TwilioClient) -> None:
    """The account is there, without its token."""
    reply = await client.ask("GET", f"{BASE}.json")
    assert reply.status == 200
    assert (reply.json["sid"], reply.json["status"], reply.json["auth_token"]) == (
        ACCOUNT_SID, "active", None)  # fmt: skip
    assert reply.json["subresource_uris"]["messages"] == f"{BASE}/Messages.json"


@pytest.mark.parametrize(
    "path",
    ["/2010-04-01", "/2010-04-01/Accounts.json", f"{BASE}/Conferences.json", f"{BASE}/Messages",
     f"{BASE}/Messages/SM1/Media.json", f"{BASE}/Calls/CA1/Recordings.json"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_everything_else_is_20404(client: TwilioClient, method: str, path: str) -> None:
    """A path that is not supported says which are."""
    reply = await client.ask(method, path)
    assert (reply.status, reply.json["code"]) == (404, 20404)
    assert f"{method} {path}" in reply.json["message"]
    assert "Messages.json" in reply.json["message"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_method_that_is_not_supported_is_20404(client: TwilioClient, method: str) -> None:
    """Lists cannot be deleted."""
    reply = await client.ask(method, f"{BASE}/Messages.json")
    assert (reply.status, reply.json["code"]) == (404, 20404)


@pytest.mark.parametrize(
    ("events", "status", "code"),
    [
        ([], "queued", None),
        ([Outcome(index=0, result="retryable", code="no_connection")], "queued", None),
        ([Outcome(index=0, result="rejected", code="21614", message="no mobile")], "failed", 21614),
        ([Outcome(index=0, result="rejected", code="http_400")], "failed", 30008),
        (["canceled"], "canceled", None),
        (["parked"], "failed", 30008),
    ],
)
async def test_a_status_before_twilios(
    client: TwilioClient,
    app: InMemoryApp,
    events: list[Outcome | str],
    status: str,
    code: int | None,
) -> None:
    """What has not come to Twilio has the word that Twilio would have for it."""
    sid = await client.send()
    at = app.clock()
    for event in events:
        if isinstance(event, Outcome):
            await record(app, sid, Claim(at=at, n=1), Answer(at=at, n=1, outcomes=(event,)))
        elif event == "canceled":
            await record(app, sid, Claim(at=at, n=1, by="cancel"))
        else:
            await record(app, sid, Parked(at=at, code="gave_up", message="too often"))
    shown = (await client.get(f"Messages/{sid}")).json
    assert (shown["status"], shown["error_code"]) == (status, code)


async def test_what_twilio_reported_is_shown(client: TwilioClient, app: InMemoryApp) -> None:
    """Statuses, times, errors and who answered come from the reports."""
    text = await client.send()
    at = app.clock()
    await record(app, text, *handed_over(app, "message"))
    assert (await client.get(f"Messages/{text}")).json[
        "date_sent"
    ] == "Sat, 21 Nov 2026 12:00:01 +0000"
    sent = Reported(at=at + timedelta(seconds=5), status="sent", sid=THEIRS["message"])
    lost = Reported(at=at + timedelta(seconds=9), status="undelivered", sid=THEIRS["message"],
                    fields={"ErrorCode": "30003"})  # fmt: skip
    await record(app, text, sent, lost)
    shown = (await client.get(f"Messages/{text}")).json
    assert (shown["status"], shown["error_code"]) == ("undelivered", 30003)
    assert shown["date_sent"] == "Sat, 21 Nov 2026 12:00:06 +0000"
    assert shown["date_updated"] == "Sat, 21 Nov 2026 12:00:10 +0000"
    call = await client.call(To="+442079460958")
    at = app.clock()
    words = ("queued", "initiated", "ringing", "in-progress", "completed")
    steps = [
        Reported(
            at=at + timedelta(seconds=n),
            status=status,
            sid=THEIRS["call"],
            fields={"CallDuration": "7"} if status == "completed" else {},
        )
        for n, status in enumerate(words)
    ]
    noted = Noted(at=at, what="machine", key="x", fields={"AnsweredBy": "human"})
    await record(app, call, *handed_over(app, "call"), *steps, noted)
    shown = (await client.get(f"Calls/{call}")).json
    assert (shown["status"], shown["duration"], shown["answered_by"]) == ("completed", "7", "human")
    assert shown["start_time"] == "Sat, 21 Nov 2026 12:00:03 +0000"
    assert shown["end_time"] == "Sat, 21 Nov 2026 12:00:06 +0000"
    assert shown["to_formatted"] == "+442079460958"


@kinds
async def test_a_list_leads_from_page_to_page(client: TwilioClient, kind: Kind) -> None:
    """Newest first, each once, over pages that name the next one as Twilio does."""
    made = [await create(client, kind) for _ in range(5)]
    await create(client, "call" if kind == "message" else "message")
    name, path, seen = RESOURCE[kind].lower(), f"{BASE}/{RESOURCE[kind]}.json?PageSize=2", []
    pages = 0
    while path:
        page = (await client.ask("GET", path)).json
        assert (page["page"], page["page_size"]) == (pages, 2)
        assert page["first_page_uri"] == f"{BASE}/{RESOURCE[kind]}.json?PageSize=2&Page=0"
        seen += [each["sid"] for each in page[name]]
        path = page["next_page_uri"] or ""
        assert not path or path.startswith("/2010-04-01/")
        pages += 1
    assert seen == made[::-1]
    assert pages == 3
    whole = (await client.get(RESOURCE[kind])).json
    assert [each["sid"] for each in whole[name]] == made[::-1]
    assert (whole["page_size"], whole["start"], whole["end"]) == (50, 0, 4)
    assert whole["uri"] == f"{BASE}/{RESOURCE[kind]}.json"
    assert (whole["next_page_uri"], whole["previous_page_uri"]) == (None, None)


async def test_a_list_is_narrowed_as_twilios_is(client: TwilioClient, app: InMemoryApp) -> None:
    """By recipient, sender, status and time; a filter stays in the addresses of further pages."""
    one = await client.send(To="+14165550123")
    app.clock.move(days=2)
    two = await client.send()
    await record(app, two, *handed_over(app, "message"))
    three = await client.send(From="+14155550100")

    async def listed(**query: str) -> list[str]:
        reply = await client.get(f"Messages?{urlencode(query)}")
        assert reply.status == 200, reply.body
        return [each["sid"] for each in reply.json["messages"]]

    assert await listed(To="+14165550123") == [one]
    assert await listed(To="416-555-0123") == [one]
    assert await listed(From="+14155550100") == [three]
    assert await listed(Status="queued", To="+14155552671") == [three, two]
    assert await listed(Status="delivered") == []
    assert await listed(DateSent="2026-11-23") == [two]
    assert await listed(DateSent="2026-11-23T00:00:00Z") == [two]
    assert await listed(**{"DateSent>": "2026-11-23"}) == [two]
    assert await listed(**{"DateSent<": "2026-11-22"}) == []
    assert await listed(**{"DateSent<": "2026-11-23", "DateSent>": "2026-11-20"}) == [two]
    assert await listed(**{"DateSent>": "2026-11-23T12:00:03Z"}) == []
    assert await listed(**{"DateSent<": "1969-01-01"}) == []
    assert await listed(**{"DateSent>": "1969-01-01", "Page": "", "Banana": "1"}) == [two]
    page = (await client.get("Messages?PageSize=1&To=%2B14155552671")).json
    assert page["next_page_uri"].startswith(
        f"{BASE}/Messages.json?To=%2B14155552671&PageSize=1&Page=1&PageToken=PASM5b"
    )
    raw = await client.get("Messages?DateSent>=2026-11-23T14:00:02+02:00")
    assert [each["sid"] for each in raw.json["messages"]] == [two]


async def test_calls_are_narrowed_by_when_they_began_and_ended(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """A call that was not dialled is in no span of time."""
    await client.call()
    sid = await client.call()
    begun = Reported(at=app.clock(), status="initiated", sid=THEIRS["call"])
    ended = Reported(at=app.clock() + timedelta(hours=13), status="busy", sid=THEIRS["call"])
    await record(app, sid, begun, ended)

    async def listed(**query: str) -> list[str]:
        reply = await client.get(f"Calls?{urlencode(query)}")
        return [each["sid"] for each in reply.json["calls"]]

    assert await listed(StartTime="2026-11-21") == [sid]
    assert await listed(EndTime="2026-11-21") == []
    assert await listed(EndTime="2026-11-22", Status="busy") == [sid]


@pytest.mark.parametrize(
    "query",
    ["PageSize=0", "PageSize=x", "PageSize=-1", "Page=x", "PageToken=x", "PageToken=PASM1",
     "DateSent=yesterday", "DateSent<=2026-13-01", "DateSent>=9999-12-31"],
)  # fmt: skip
async def test_a_page_that_makes_no_sense_is_20001(client: TwilioClient, query: str) -> None:
    """The error of a list has Twilio's body too."""
    reply = await client.get(f"Messages?{query}")
    assert (reply.status, reply.json["code"]) == (400, 20001)


@kinds
async def test_what_has_not_left_is_canceled(
    client: TwilioClient, app: InMemoryApp, kind: Kind
) -> None:
    """As often as it is asked; a call that has not left can be hung up too."""
    sid = await create(client, kind)
    for _ in range(2):
        reply = await client.post(f"{RESOURCE[kind]}/{sid}", {"Status": "canceled"})
        assert (reply.status, reply.json["status"]) == (200, "canceled")
    assert (await app.get(f"/api/{RESOURCE[kind].lower()}/{sid}")).json["state"] == "canceled"
    other = await create(client, kind)
    reply = await client.post(f"{RESOURCE[kind]}/{other}", {"Status": "completed"})
    assert (reply.status, reply.json.get("code")) == (
        (400, 20001) if kind == "message" else (200, None))  # fmt: skip


@kinds
async def test_what_is_over_cannot_be_canceled(
    client: TwilioClient, app: InMemoryApp, kind: Kind
) -> None:
    """It has Twilio's own code for that."""
    sid = await create(client, kind)
    over = Reported(at=app.clock(), status="delivered" if kind == "message" else "completed",
                    sid=THEIRS[kind])  # fmt: skip
    await record(app, sid, *handed_over(app, kind), over)
    reply = await client.post(f"{RESOURCE[kind]}/{sid}", {"Status": "canceled"})
    assert (reply.status, reply.json["code"]) == (
        (409, 30409) if kind == "message" else (400, 21220))  # fmt: skip


async def test_a_call_that_goes_on_is_hung_up_but_not_canceled(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """As at Twilio: `completed` ends it, `canceled` is for what was not answered."""
    double = use_twilio(app, "call")
    sid = await client.call()
    theirs = double.books[0].found.sid
    answered = Reported(at=app.clock(), status="in-progress", sid=theirs)
    await record(app, sid, *handed_over(app, "call", theirs), answered)
    reply = await client.post(f"Calls/{sid}", {"Status": "canceled"})
    assert (reply.status, reply.json["code"]) == (400, 21220)
    reply = await client.post(f"Calls/{sid}", {"Status": "completed"})
    assert (reply.status, reply.json["status"]) == (200, "completed")
    assert double.books[0].found.status == "completed"


async def test_other_changes_are_refused(client: TwilioClient) -> None:
    """A call cannot be sent elsewhere, nor a text be rewritten; no change changes nothing."""
    text, call = await client.send(), await client.call()
    for path, form in ((f"Calls/{call}", {"Url": "https://example.com"}),
                       (f"Messages/{text}", {"Body": "other"}),
                       (f"Messages/{text}", {"Status": "sent"})):  # fmt: skip
        reply = await client.post(path, form)
        assert (reply.status, reply.json["code"]) == (400, 20001)
    assert (await client.post(f"Calls/{call}", {})).json["sid"] == call


async def test_a_text_is_redacted_here_and_at_twilio(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """The text is gone from every row; that something was sent, and to whom, stays."""
    double = use_twilio(app)
    sid = await client.send(Body="canary", ContentVariables="")
    theirs = double.books[0].found.sid
    early = await client.post(f"Messages/{sid}", {"Body": ""})
    assert (early.status, early.json["code"]) == (409, 20009)
    done = Reported(at=app.clock(), status="delivered", sid=theirs)
    [claim, answer] = handed_over(app, "message", theirs)
    job = await record(app, sid)
    entry = await app.services.ledger.find(job)
    assert entry is not None
    assert isinstance(claim, Claim)
    claim = Claim(at=claim.at, n=1, accepted=entry.accepted)
    await record(app, sid, claim, answer, done)
    still = await client.post(f"Messages/{sid}", {"Body": ""})
    assert (still.status, still.json["code"]) == (409, 20009)
    double.set_status(theirs, "delivered")
    reply = await client.post(f"Messages/{sid}", {"Body": ""})
    assert (reply.status, reply.json["body"], reply.json["to"]) == (200, "", "+14155552671")
    assert double.books[0].found.body == ""
    assert (await client.get(f"Messages/{sid}")).json == reply.json
    assert "canary" not in str(app.table.__dict__)


@kinds
async def test_what_is_deleted_is_gone(client: TwilioClient, app: InMemoryApp, kind: Kind) -> None:
    """From Twilio, from lists and from here; that something was sent stays for us alone."""
    double = use_twilio(app, kind)
    sid = await create(client, kind)
    theirs = double.books[0].found.sid
    assert (await client.delete(f"{RESOURCE[kind]}/{sid}")).status == 409
    status = "delivered" if kind == "message" else "completed"
    double.set_status(theirs, status)
    await app.services.ledger.keep_answer("aa-retry", b'{"to": "+14155552671"}')
    retried = Retried(at=app.clock(), k=1, after=1, key="aa-retry")
    done = Reported(at=app.clock(), status=status, sid=theirs, fields={"RecordingUrl": "x"})
    fields = {"ErrorCode": "30007", "ErrorMessage": "canary"}
    failed = Reported(at=app.clock(), status="failed", sid=theirs, fields=fields)
    entry_id = await record(app, sid, *handed_over(app, kind, theirs), retried, failed, done)
    reply = await client.delete(f"{RESOURCE[kind]}/{sid}")
    assert (reply.status, reply.body) == (204, b"")
    assert double.books == []
    assert (await client.get(f"{RESOURCE[kind]}/{sid}")).status == 404
    assert (await client.get(RESOURCE[kind])).json[RESOURCE[kind].lower()] == []
    ours = await app.get(f"/api/{RESOURCE[kind].lower()}/{entry_id}")
    assert (ours.json["state"], ours.json["to"]) == ("handed_over", "erased")
    assert b"RecordingUrl" not in ours.body
    assert b"canary" not in ours.body
    assert "4155552671" not in str(app.table.__dict__)
    assert (await client.get(f"{RESOURCE[kind]}?To=%2B14155552671")).json["end"] == 0


async def test_a_refused_text_is_deleted_without_twilio(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """Twilio never had it, so it is not asked."""
    sid = await client.send()
    no = Outcome(index=0, result="rejected", code="21614")
    await record(app, sid, Claim(at=app.clock(), n=1), Answer(at=app.clock(), n=1, outcomes=(no,)))
    assert (await client.delete(f"Messages/{sid}")).status == 204


async def test_a_text_of_several_recipients_is_not_one_persons(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """Each has a SID of its own in lists; their common text is not theirs to remove."""
    to = ["+14155552671", "+14165550123"]
    job = (await app.post("/api/messages", {"to": to, "body": "Hi"})).json["id"]
    sids = [each["sid"] for each in (await client.get("Messages")).json["messages"]]
    assert sorted(sids) == sorted(format_sid("message", EntryId(job, n)) for n in (0, 1))
    for number, sid in enumerate(sids):
        assert (await client.get(f"Messages/{sid}")).json["to"] == to[number]
        assert (await client.delete(f"Messages/{sid}")).status == 409
    whole = format_sid("message", EntryId(job, None))
    assert (await client.get(f"Messages/{whole}")).status == 404


async def test_twilio_away_is_503(client: TwilioClient, app: InMemoryApp) -> None:
    """What cannot be removed at Twilio is not removed here."""
    double = use_twilio(app)
    sid = await client.send()
    done = Reported(at=app.clock(), status="delivered", sid=double.books[0].found.sid)
    await record(app, sid, done)
    double.silent = True
    reply = await client.delete(f"Messages/{sid}")
    assert (reply.status, reply.json["code"]) == (503, 20503)
    assert (await client.get(f"Messages/{sid}")).status == 200


async def test_an_app_that_is_not_set_up_says_so(
    configure: Configure, client: TwilioClient
) -> None:
    """503 with Twilio's body, and the settings' names."""
    configure(RETENTION_DAYS="x")
    reply = await client.get("Messages")
    assert (reply.status, reply.json["code"]) == (503, 20503)
    assert "RETENTION_DAYS" in reply.json["message"]


async def test_a_bug_is_20500_without_a_trace(client: TwilioClient, app: InMemoryApp) -> None:
    """No trace reaches the client."""

    class Broken:
        async def has_stopped(self, *_: object) -> bool:
            raise ZeroDivisionError

    app.services.ledger.opt_outs = Broken()  # type: ignore[assignment] # that is the point
    reply = await client.post("Messages", {"To": "+14155552671", "Body": "Hi"})
    assert (reply.status, reply.json["code"], reply.json["message"]) == (
        500, 20500, "Internal Server Error")  # fmt: skip


async def test_texts_can_be_kept_out_of_answers(configure: Configure) -> None:
    """With SHOW_CONTENT=false a text is as one that was redacted, in every answer."""
    client = TwilioClient(configure(SHOW_CONTENT="false"))
    sid = await client.send(Body="canary")
    for path in ("Messages", f"Messages/{sid}"):
        reply = await client.get(path)
        assert reply.status == 200
        assert b"canary" not in reply.body
    assert (await client.get(f"Messages/{sid}")).json["body"] == ""


async def test_both_tokens_and_keys_are_taken(configure: Configure) -> None:
    """The primary and the secondary token, and each key with its secret."""
    keys = '{"SKa": {"secret": "1a", "name": "one"}, "SKb": {"secret": "2b", "name": "two"}}'
    app = configure(TWILIO_AUTH_TOKEN_SECONDARY="other", CLIENT_KEYS=keys)
    right = [(ACCOUNT_SID, "local-token"), (ACCOUNT_SID, "other"), ("SKa", "1a"), ("SKb", "2b")]
    for user, password in right:
        assert (await TwilioClient(app, user, password).get("Messages")).status == 200
    for user, password in [("SKa", "2b"), ("SKa", "local-token"), (ACCOUNT_SID, "1a"), ("SK", "")]:
        assert (await TwilioClient(app, user, password).get("Messages")).status == 401
    own = TwilioClient(app, "SKa", "1a")
    for account, status in ((ACCOUNT_SID, 200), ("SKa", 200), ("SKb", 404)):
        reply = await own.ask("GET", f"/2010-04-01/Accounts/{account}/Messages.json")
        assert reply.status == status
    for header in ("Bearer x", "Basic", "Basic x", "Basic \N{SNOWMAN}"):
        reply = await app.ask("GET", f"/api{BASE}.json", headers={"Authorization": header})
        assert (reply.status, reply.json["code"]) == (401, 20003)
