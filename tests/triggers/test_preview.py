"""`POST /api/twiml/preview`: steps as TwiML, without a call."""

import pytest

from tests.environment import PUBLIC_BASE_URL
from tests.in_memory_app import InMemoryApp, signed
from tests.inbound_queue import Configure


async def test_steps_are_shown_as_twiml(app: InMemoryApp) -> None:
    """A call's steps come back as the document that they are; a call is the default."""
    reply = await app.post("/api/twiml/preview", {"steps": [{"say": "\N{GRINNING FACE} <"}]})
    assert (reply.status, reply.json) == (200, {
        "twiml": '<?xml version="1.0" encoding="UTF-8"?>'
        "<Response><Say>\N{GRINNING FACE} &lt;</Say></Response>"})  # fmt: skip


async def test_a_messages_steps_are_its_own(app: InMemoryApp) -> None:
    """What a text is answered has other verbs, and relative URLs are its own business."""
    fields = {"steps": [{"message": "Hi"}, {"redirect": "/next"}], "kind": "message"}
    reply = await app.post("/api/twiml/preview", fields)
    assert "<Message>Hi</Message><Redirect>/next</Redirect>" in reply.json["twiml"]


async def test_it_shows_what_the_call_will_do(app: InMemoryApp) -> None:
    """Our own address where the call goes on, and the document of every branch, are there."""
    page = f"{PUBLIC_BASE_URL}/api/twiml/calls/{{id}}?Stage="
    inner = {"gather": {"on": {"no": [{"say": "No"}]}}}
    steps = [{"record": {}}, {"gather": {"on": {"1": [{"say": "One"}], "else": [inner]}}}]
    reply = await app.post("/api/twiml/preview", {"steps": steps})
    assert f'<Record action="{page}0" />' in reply.json["twiml"]
    assert f'<Gather action="{page}1" numDigits="1" />' in reply.json["twiml"]
    branches = {path: twiml.partition("?>")[2] for path, twiml in reply.json["branches"].items()}
    gather = f'<Gather action="{page}1.1.0" input="dtmf speech" />'
    assert branches == {
        "$.steps[1].gather.on.1": "<Response><Say>One</Say></Response>",
        "$.steps[1].gather.on.else": f"<Response>{gather}</Response>",
        "$.steps[1].gather.on.else[0].gather.on.no": "<Response><Say>No</Say></Response>",
    }


@pytest.mark.parametrize(
    "step",
    [{"gather": {"action": "/next"}}, {"redirect": "next"}, {"record": {"action": "?a"}},
     {"gather": {"on": {"1": [{"redirect": "/x"}]}}}, {"gather": {"action": "https://x.example"}},
     {"dial": "+19005550100"}, {"gather": {"on": {"1": [{"dial": "+19005550100"}]}}},
     {"redirect": f"{PUBLIC_BASE_URL}/api/webhooks/calls"}],
)  # fmt: skip
async def test_a_preview_and_a_call_refuse_the_same(
    app: InMemoryApp, step: dict[str, object]
) -> None:
    """A relative address that a call cannot have is refused in the preview, at the same path."""
    preview = await app.post("/api/twiml/preview", {"steps": [step]})
    call = await app.post("/api/calls", {"to": "+14155552671", "steps": [step]})
    assert (preview.status == 200) == (call.status == 202)
    assert preview.json.get("errors") == call.json.get("errors")
    assert (preview.status == 200) == (step == {"gather": {"action": "https://x.example"}})


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, [("$.steps", "missing")]),
        ({"steps": []}, [("$.steps", "required")]),
        ({"steps": "x"}, [("$.steps", "wrong_type")]),
        ({"steps": ["x", {"shout": "Hi"}, {"say": "Hi", "hangup": {}}]},
         [("$.steps[0]", "not_a_step"), ("$.steps[1].shout", "unknown_verb"),
          ("$.steps[2]", "not_a_step")]),
        ({"steps": [{"say": "Hi"}, {"shout": "Hi"}]}, [("$.steps[1].shout", "unknown_verb")]),
        ({"steps": [{"say": "Hi"}], "kind": "fax", "x": 1},
         [("$.x", "unknown_field"), ("$.kind", "not_one_of")]),
        ({"steps": [{"message": "Hi"}], "kind": "fax"},
         [("$.kind", "not_one_of"), ("$.steps[0].message", "misplaced_verb")]),
    ],
)  # fmt: skip
async def test_every_problem_is_named(
    app: InMemoryApp, fields: dict[str, object], errors: list[tuple[str, str]]
) -> None:
    """What is wrong with fields and steps is said together, each with its path."""
    reply = await app.post("/api/twiml/preview", fields)
    assert reply.status == 400
    assert reply.errors == errors


async def test_a_key_that_is_too_long_is_named_too(app: InMemoryApp) -> None:
    """Nothing is sent here, but what is no key is refused as on every POST."""
    reply = await app.post("/api/twiml/preview", {"steps": "x"}, Idempotency_Key="k" * 256)
    assert reply.errors == [("$.steps", "wrong_type"), ("Idempotency-Key", "too_long")]


async def test_a_preview_is_not_a_twimlet(configure: Configure) -> None:
    """The route is reached by its own function, in the order in which the host tries them."""
    app = configure()
    names = [f.name for f in app.functions if f.kind == "httpTrigger"]
    assert names == sorted(names, key=str.upper)
    assert names.index("preview_twiml") < names.index("twimlet")
    get = signed("GET", "/api/twiml/preview")
    assert (await app.ask("GET", "/api/twiml/preview", b"", dict(get.headers))).status == 404
