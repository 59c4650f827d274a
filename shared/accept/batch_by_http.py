"""`POST /api/batches`, in JSON or CSV; `GET /api/batches` and `GET /api/batches/{id}`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared import routes
from shared.answer.form import query_parameters
from shared.errors import InvalidRequestError, NotFoundError, Problem, TooLargeError
from shared.http_replies import json_reply
from shared.http_requests import idempotency_key, json_object, media_type
from shared.log import log
from shared.tracing import follow, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import azure.functions as func

    from shared.accept.batch_request import BatchRequest, Row
    from shared.gateway import Gateway
    from shared.ledger.batches import Batch

MOST_BYTES: Final = 32 * 1024 * 1024
_CSV: Final = "text/csv"
_SHOWN: Final = 20
_NO_LETTER: Final = "\ufffd"
# The fields of a query that can be objects or lists, which are written as JSON there.
_AS_JSON: Final = frozenset({"content_variables", "media_url", "metadata", "steps"})


async def accept(
    req: func.HttpRequest, gateway: Gateway, context: func.Context
) -> func.HttpResponse:
    """202 with the id under which the batch can be followed."""
    follow(trace_id(context))
    from shared.accept.batch_request import read_batch

    is_csv = media_type(req) == _CSV
    fields, rows = _from_csv(req) if is_csv else _from_json(req)
    # Tens of thousands of numbers take a second or two: others' texts must not wait for them.
    request = await asyncio.to_thread(
        read_batch, fields, rows, gateway.settings, gateway.now(), strict=not is_csv
    )
    batch_id = await gateway.accept_batch(request, key=idempotency_key(req))
    log("accepted", id=batch_id, kind=request.kind, count=len(request.recipients), source="batch")
    path = routes.batch(batch_id)
    return json_reply(_receipt(batch_id, request), status=202, headers={"Location": path})


async def show(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """How far a batch is."""
    batch = await found(req.route_params["id"], gateway)
    return json_reply(await shown(batch, gateway))


async def newest(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """The newest batches, as they were accepted."""
    del req
    batches = await gateway.ledger.batches.newest(_SHOWN)
    items = [
        {**msgspec.to_builtins(batch, builtin_types=[]), "links": {"self": routes.batch(batch.id)}}
        for batch in batches
    ]
    for item in items:
        item.pop("key", None)
    return json_reply({"items": items, "next": None})


async def found(batch_id: str, gateway: Gateway) -> Batch:
    """A batch by its id.

    Raises:
        NotFoundError: there is none.
    """
    from shared.ledger import entry_id

    batch = await gateway.ledger.batches.find(batch_id) if entry_id.parse(batch_id) else None
    if batch is None:
        raise NotFoundError("there is no batch of this id")
    return batch


async def shown(batch: Batch, gateway: Gateway) -> dict[str, Any]:
    """A batch with its progress."""
    from shared.ledger.progress import progress

    entries = await gateway.ledger.batches.entries(batch.id)
    return progress(batch, entries, gateway.now())


def _from_json(req: func.HttpRequest) -> tuple[dict[str, Any], Iterable[Row]]:
    fields = json_object(req, most_bytes=MOST_BYTES)
    code = "wrong_type" if "recipients" in fields else "missing"
    return fields, _rows(fields.pop("recipients", None), code)


def _rows(given: object, no_list: str) -> Iterator[Row]:
    from shared.accept.batch_request import Row

    if not isinstance(given, list):
        words = "must be a list of objects, each with a number in to"
        raise InvalidRequestError([Problem("$.recipients", no_list, words)])
    for index, values in enumerate(given):
        yield Row(index + 1, f"$.recipients[{index}]", values if isinstance(values, dict) else {})


def _from_csv(req: func.HttpRequest) -> tuple[dict[str, Any], Iterable[Row]]:
    from shared.accept.csv_rows import csv_rows

    body = req.get_body()
    if len(body) > MOST_BYTES:
        raise TooLargeError(f"the body may have {MOST_BYTES} bytes")
    query = query_parameters(req.url)
    # Letters of another encoding have become this one, and would be sent to everybody.
    if broken := {name for name, text in query.pairs if _NO_LETTER in text}:
        raise InvalidRequestError([Problem(f"$.{name}", "not_text", "is not UTF-8")
                                   for name in sorted(broken)])  # fmt: skip
    fields = {name: _value(name, query.getall(name)) for name in query if name != "code"}
    return fields, csv_rows(body)


def _value(name: str, texts: list[str]) -> Any:  # noqa: ANN401 - a text, or the JSON that it is
    """A query's value: a text as it is, or the JSON that it is; several are a list."""
    if len(texts) > 1:
        return texts
    if name in _AS_JSON:
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(texts[0])
    return texts[0]


def _receipt(batch_id: str, request: BatchRequest) -> dict[str, Any]:
    sms = {} if request.segments is None else {"segments": request.segments}
    return {
        "id": batch_id,
        "count": len(request.recipients),
        "duplicates": [{"line": each.line, "to": each.to} for each in request.duplicates],
        "skipped": [
            {"line": each.line, "code": each.code, "message": each.message}
            for each in request.skipped
        ],
        **sms,
        "links": {"self": routes.batch(batch_id)},
    }
