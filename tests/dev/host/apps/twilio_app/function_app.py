"""An app with routes in the shape of Twilio's API, and one of each kind that a stranger may ask.

The functions' names decide which route is tried first.
"""

import json

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
ACCOUNT = "2010-04-01/Accounts/{account}"


def name_and_parameters(name: str, req: func.HttpRequest) -> str:
    return json.dumps([name, dict(req.route_params)])


@app.route(f"{ACCOUNT}/Messages.json", methods=["GET", "POST"])
def a_messages(req: func.HttpRequest) -> str:
    """Answer for the list."""
    return name_and_parameters("list", req)


@app.route(f"{ACCOUNT}/Messages/{{sid}}/Media.json", methods=["GET"])
def b_media(req: func.HttpRequest) -> str:
    """Answer for the media of a message."""
    return name_and_parameters("media", req)


@app.route(f"{ACCOUNT}/Messages/{{sid}}.json", methods=["GET"])
def c_message(req: func.HttpRequest) -> str:
    """Answer for one message."""
    return name_and_parameters("message", req)


@app.route(f"{ACCOUNT}.json", methods=["GET"])
def d_account(req: func.HttpRequest) -> str:
    """Answer for the account."""
    return name_and_parameters("account", req)


@app.route("2010-04-01/{*rest}", methods=["GET", "POST", "DELETE"])
def e_rest(req: func.HttpRequest) -> str:
    """Answer for everything else."""
    return name_and_parameters("rest", req)


@app.route("webhooks/status/{id}")
def status(req: func.HttpRequest) -> str:
    """Answer a request that is checked by its signature."""
    return name_and_parameters("status", req)


@app.route("twiml/preview", auth_level=func.AuthLevel.FUNCTION)
def preview(req: func.HttpRequest) -> str:
    """Answer a request with a key."""
    return name_and_parameters("preview", req)


@app.route("health")
def health(req: func.HttpRequest) -> str:
    """Answer anyone."""
    return name_and_parameters("health", req)


@app.route("console")
def console(req: func.HttpRequest) -> str:
    """Answer anyone on this machine."""
    return name_and_parameters("console", req)
