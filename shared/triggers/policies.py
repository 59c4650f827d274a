"""`/api/policies`: levels under a name, which alerts and intakes are raised by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accept.alerts import find_policy, read_policy, require_policy_name
from shared.errors import InvalidRequestError, NotFoundError
from shared.triggers.alert_views import PolicyListResponse, show_policy
from shared.triggers.requests import read_json_object, validate_query
from shared.triggers.responses import empty_response, json_response

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


async def put(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 201 with a new policy, 200 with one that was changed; open alerts keep theirs."""
    name = require_policy_name(req.route_params["policy"])
    policy = read_policy(read_json_object(req), app.settings, app.now())
    was_there = await app.ledger.alerts.put_policy(name, policy)
    return json_response(show_policy(name, policy), status=200 if was_there else 201)


async def show(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer a policy."""
    name = req.route_params["policy"]
    policy = await find_policy(app, name)
    if policy is None:
        raise NotFoundError("there is no policy of this name")
    return json_response(show_policy(name, policy))


async def list_policies(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer all policies."""
    if problems := validate_query(req, ()):
        raise InvalidRequestError(problems)
    policies = await app.ledger.alerts.policies()
    items = [show_policy(name, policy) for name, policy in policies.items()]
    return json_response(PolicyListResponse(items=items, next=None))


async def delete(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 204 once a policy is deleted; alerts that were raised by it keep their levels."""
    name = req.route_params["policy"]
    if await find_policy(app, name) is None:
        raise NotFoundError("there is no policy of this name")
    await app.ledger.alerts.put_policy(name, None)
    return empty_response()
