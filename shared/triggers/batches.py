"""`/api/batches`: accept, list, show, cancel and retry."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared import routes
from shared.accept.batch import accept_batch
from shared.accept.batch_request import read_batch
from shared.accept.csv_rows import Row, read_csv_rows
from shared.accept.idempotency import run_once
from shared.accept.problems import cut_name
from shared.deliver.cancel import cancel_entry, cancel_unknown
from shared.deliver.retry import retry_entry
from shared.errors import (
    InvalidRequestError,
    NotFoundError,
    OverError,
    Problem,
    TooLargeError,
)
from shared.forms import query_parameters
from shared.jobs import ids
from shared.log import follow_trace, log, read_trace_id
from shared.triggers.requests import (
    read_idempotency_key,
    read_json_object,
    read_media_type,
    validate_query,
)
from shared.triggers.responses import json_response
from shared.triggers.schemas import (
    BatchAcceptedResponse,
    BatchListResponse,
    BatchProgressResponse,
    Duplicate,
    Links,
    Skipped,
)
from shared.triggers.views import show_batch, show_progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    import azure.functions as func

    from shared.accept.batch_request import BatchRequest
    from shared.app import App
    from shared.jobs.fold import Entry
    from shared.ledger.batches import Batch

MAX_BATCH_BYTES: Final = 32 * 1024 * 1024
_CSV: Final = "text/csv"
_MAX_LISTED: Final = 20
_MAX_CONCURRENT_JOBS: Final = 32
_REPLACEMENT_CHARACTER: Final = "\ufffd"
# Fields that can be objects or lists; in a query they are written as JSON.
_AS_JSON: Final = frozenset({"content_variables", "media_url", "metadata", "steps"})


async def accept(req: func.HttpRequest, app: App, context: func.Context) -> func.HttpResponse:
    """Answer 202 with the id by which the batch can be followed."""
    follow_trace(read_trace_id(context))

    is_csv = read_media_type(req) == _CSV
    fields, rows = _from_csv(req) if is_csv else _from_json(req)
    # Tens of thousands of numbers take a second or two: others' texts must not wait for them.
    request = await asyncio.to_thread(
        read_batch, fields, rows, app.settings, app.now(), strict=not is_csv
    )
    batch_id = await accept_batch(app, request, key=read_idempotency_key(req))
    log("accepted", id=batch_id, kind=request.kind, count=len(request.recipients), source="batch")
    path = routes.batch_path(batch_id)
    return json_response(_accepted(batch_id, request), status=202, headers={"Location": path})


async def show(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer how far a batch is."""
    batch = await _find_batch(req.route_params["id"], app)
    return json_response(await _progress(batch, app))


async def list_batches(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer the newest batches, as they were accepted."""
    if problems := validate_query(req, ()):
        raise InvalidRequestError(problems)
    batches = await app.ledger.batches.newest(_MAX_LISTED)
    return json_response(BatchListResponse(items=list(map(show_batch, batches)), next=None))


async def _find_batch(batch_id: str, app: App) -> Batch:
    """Return a batch by its id.

    Raises:
        NotFoundError: no batch has this id.
    """
    batch = await app.ledger.batches.find(batch_id) if ids.parse(batch_id) else None
    if batch is None:
        raise NotFoundError("no batch has this id")
    return batch


async def _progress(batch: Batch, app: App) -> BatchProgressResponse:
    entries = await app.ledger.batches.entries(batch.id)
    return show_progress(batch, entries, app.now())


def _from_json(req: func.HttpRequest) -> tuple[dict[str, Any], Iterable[Row]]:
    fields = read_json_object(req, max_bytes=MAX_BATCH_BYTES, also=f", or as CSV, with {_CSV}")
    code = "wrong_type" if "recipients" in fields else "missing"
    return fields, _rows(fields.pop("recipients", None), code)


def _rows(given: object, no_list: str) -> Iterator[Row]:
    """Yield the recipients of a JSON batch; `no_list` is the code where they are not a list."""
    if not isinstance(given, list):
        message = (
            'must be a list of objects, each with a number in to, e.g. [{"to": "+14155552671"}]'
        )
        raise InvalidRequestError([Problem("$.recipients", no_list, message)])
    for index, values in enumerate(given):
        yield Row(index + 1, f"$.recipients[{index}]", values if isinstance(values, dict) else {})


def _from_csv(req: func.HttpRequest) -> tuple[dict[str, Any], Iterable[Row]]:
    body = req.get_body()
    if len(body) > MAX_BATCH_BYTES:
        raise TooLargeError(
            f"the body must have at most {MAX_BATCH_BYTES} bytes; send several batches"
        )
    query = query_parameters(req.url)
    # Letters of another encoding have become this one, and would be sent to everybody.
    if broken := {name for name, text in query.pairs if _REPLACEMENT_CHARACTER in text}:
        message = "is not UTF-8; escape the text as UTF-8, e.g. Gr%C3%BC%C3%9Fe"
        problems = [Problem(f"$.{cut_name(name)}", "not_text", message) for name in sorted(broken)]
        raise InvalidRequestError(problems)
    fields = {name: _value(name, query.getall(name)) for name in query if name != "code"}
    return fields, read_csv_rows(body)


def _value(name: str, texts: list[str]) -> Any:  # noqa: ANN401 - a text, or the JSON that it is
    """Return a query's value: the text, the JSON in it where the field takes JSON, or a list."""
    if len(texts) > 1:
        return texts
    if name in _AS_JSON:
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(texts[0])
    return texts[0]


def _accepted(batch_id: str, request: BatchRequest) -> BatchAcceptedResponse:
    return BatchAcceptedResponse(
        id=batch_id,
        count=len(request.recipients),
        duplicates=[Duplicate(line=each.line, to=each.to) for each in request.duplicates],
        skipped=[
            Skipped(line=each.line or 0, path=each.path, code=each.code, message=each.message)
            for each in request.skipped
        ],
        links=Links(routes.batch_path(batch_id)),
        segments=request.segments,
        assumed=list(request.assumed),
    )


async def cancel(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with the batch once what has not left is canceled; 409 where all has left."""
    batch = await _find_batch(req.route_params["id"], app)

    async def stop(entry: Entry) -> object:
        return await cancel_entry(app, entry, None, at_twilio=False)

    stopped = await _each(batch, app, stop)
    # A POST that goes on, or is repeated, would send the jobs of which nothing is known yet.
    known = {entry.id for entry in await app.ledger.batches.entries(batch.id)}
    job_ids = [ids.batch_job_id(batch.id, number) for number in range(batch.jobs)]
    slots = asyncio.Semaphore(_MAX_CONCURRENT_JOBS)

    async def stop_unknown(job_id: str) -> bool:
        async with slots:
            return await cancel_unknown(app, job_id)

    unknown = (stop_unknown(job_id) for job_id in job_ids if job_id not in known)
    if not stopped + sum(await asyncio.gather(*unknown)):
        raise OverError("the batch has left already, so nothing can be canceled")
    return json_response(await _progress(batch, app))


async def retry(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 202 with the batch once what failed is tried again; 409 where nothing failed."""
    batch = await _find_batch(req.route_params["id"], app)

    async def answer(name: str | None = None) -> bytes:
        async def again(entry: Entry) -> object:
            return await retry_entry(app, entry, None, name)

        if not await _each(batch, app, again):
            raise OverError("nothing of the batch was parked or refused, so nothing can be retried")
        return msgspec.json.encode(await _progress(batch, app))

    key = read_idempotency_key(req)
    if key is None:
        body = await answer()
    else:
        body = await run_once(app.ledger, key, {"retry": batch.id}, app.now(), answer)
    return json_response(msgspec.Raw(body), status=202)


async def _each(batch: Batch, app: App, step: Callable[[Entry], Awaitable[object]]) -> int:
    """Take a step for each job of a batch; return for how many it was not too late."""
    slots = asyncio.Semaphore(_MAX_CONCURRENT_JOBS)

    async def take(entry: Entry) -> bool:
        async with slots:
            try:
                await step(entry)
            except OverError:
                return False
            return True

    entries = await app.ledger.batches.entries(batch.id)
    return sum(await asyncio.gather(*map(take, entries)))
