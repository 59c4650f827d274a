"""An app with an HTTP function for each thing that the host does to requests and answers."""

import asyncio
import json

import azure.functions as func

app = func.FunctionApp()
holding = asyncio.Event()


@app.route("mirror/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
def mirror(req: func.HttpRequest) -> func.HttpResponse:
    """Answer what the function saw."""
    seen = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "route_params": dict(req.route_params),
        "headers": dict(req.headers),
        "body": req.get_body().decode("latin-1"),
        "form": req.form.to_dict(flat=False),
        "files": {name: file.read().decode() for name, file in req.files.items()},
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route("things/{id:length(3)}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def thing(req: func.HttpRequest) -> str:
    """Answer plain text."""
    return f"thing {req.route_params['id']}"


@app.route("things/new", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def new_thing(req: func.HttpRequest) -> func.HttpResponse:
    """Answer XML, a header and two cookies."""
    response = func.HttpResponse(
        "<Thing/>",
        status_code=201,
        mimetype="text/xml",
        headers={"Location": f"{req.url}/1"},
    )
    response.headers.add("Set-Cookie", "a=1; Path=/")
    response.headers.add("Set-Cookie", "b=2")
    return response


@app.route("locked", methods=["GET"])
def locked(req: func.HttpRequest) -> str:
    """Need the function key, the default."""
    return str(req.method)


@app.route("vault", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
def vault(req: func.HttpRequest) -> str:
    """Need the admin key."""
    return str(req.method)


@app.route("broken", auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Raise."""
    raise RuntimeError(f"broken on purpose by {req.method}")


@app.route("wrong", auth_level=func.AuthLevel.ANONYMOUS)
def wrong(req: func.HttpRequest):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the point
    """Return what is neither an HttpResponse nor text."""
    return {"method": req.method}


@app.route("traced", auth_level=func.AuthLevel.ANONYMOUS)
def traced(req: func.HttpRequest, context: func.Context) -> str:
    """Answer the trace that the call belongs to."""
    del req
    return f"{context.function_name} {context.trace_context.trace_parent}"


@app.route("hold", auth_level=func.AuthLevel.ANONYMOUS)
async def hold(req: func.HttpRequest) -> str:
    """Take a moment."""
    del req
    holding.set()
    await asyncio.sleep(0.3)
    return "held"


@app.route("holding", auth_level=func.AuthLevel.ANONYMOUS)
async def is_holding(req: func.HttpRequest) -> str:
    """Wait until `hold` was called."""
    del req
    await holding.wait()
    return "holding"
