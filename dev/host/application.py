"""Finds the functions of an app, and refuses what Azure would refuse.

One refused function stops the app, as it does in the worker: "0 functions found".
https://github.com/Azure/azure-functions-python-worker (functions.py and loader.py)
https://github.com/Azure/azure-functions-host (src/WebJobs.Script/Utility.cs, Host/ScriptHost.cs)
"""

import importlib
import inspect
import json
import re
import traceback
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import ModuleType
from typing import Any

import azure.functions as func
from azure.functions.http import HttpRequestConverter, HttpResponseConverter
from azure.functions.queue import QueueMessageInConverter
from azure.functions.timer import TimerRequestConverter

from dev.host.errors import AppRefusedError
from dev.host.route_template import PARAMETER

FUNCTION_NAME = re.compile(r"(?!host$)[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE)
BINDING_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,127}")
RESERVED_ROUTES = ("admin", "runtime")
TRIGGERS: Mapping[str, Callable[[type], bool]] = {
    "httpTrigger": HttpRequestConverter.check_input_type_annotation,
    "queueTrigger": QueueMessageInConverter.check_input_type_annotation,
    "timerTrigger": TimerRequestConverter.check_input_type_annotation,
}
HTTP_RETURN = ("http", "$return")


@dataclass(frozen=True)
class IndexedFunction:
    """One function of the app; `trigger` is its binding as function.json would hold it."""

    name: str
    call: Callable[..., Any]
    argument: str
    trigger: Mapping[str, Any]
    wants_context: bool

    @property
    def kind(self) -> str:
        """The trigger's type, such as httpTrigger."""
        return str(self.trigger["type"])

    @property
    def route(self) -> str:
        """The route of an HTTP function, without the prefix."""
        return (self.trigger.get("route") or self.name).strip("/")

    @property
    def auth_level(self) -> str:
        """The auth level of an HTTP function: anonymous, function or admin."""
        return str(self.trigger["authLevel"]).lower()

    @property
    def methods(self) -> frozenset[str] | None:
        """The methods of an HTTP function; None means every method."""
        methods = self.trigger.get("methods")
        return frozenset(method.upper() for method in methods) if methods else None

    @property
    def example_path(self) -> str:
        """A path that fits the route of an HTTP function, apart from constraints."""
        return PARAMETER.sub(lambda name: "x/x" if name[0].startswith("{*") else "x", self.route)

    @property
    def is_page(self) -> bool:
        """Whether a browser can open an HTTP function as it stands: no key, no parameter."""
        is_read = self.methods is None or "GET" in self.methods
        return is_read and self.auth_level == "anonymous" and "{" not in self.route

    def shares_a_method(self, other: "IndexedFunction") -> bool:
        """Whether both HTTP functions answer some method."""
        return self.methods is None or other.methods is None or bool(self.methods & other.methods)


def index(module_name: str = "function_app") -> list[IndexedFunction]:
    """Import the app and list its functions, sorted by name.

    The real host sorts them so, and the first route that fits a request wins: where two routes
    fit, the functions' names decide, `_` after the letters
    (src/WebJobs.Script/Host/FunctionMetadataManager.cs).

    Raises:
        AppRefusedError: Azure would not run this app.
    """
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        raise AppRefusedError(f"{module_name}.py fails when it is imported") from error
    app = _find_app(module)
    try:
        registered = app.get_functions()
    except ValueError as error:  # a decorator misused, or two functions of one name
        raise AppRefusedError(str(error)) from error
    functions = sorted(map(_index_function, registered), key=lambda f: f.name.upper())
    _refuse_conflicting_routes(functions)
    return functions


def _find_app(module: ModuleType) -> func.FunctionRegister:
    """Look at every name of the module, as the worker does, which runs lazily loaded modules."""
    apps = [
        value
        for name in module.__dir__()
        if isinstance(value := getattr(module, name, None), func.FunctionRegister)
    ]
    if len(apps) != 1:
        raise AppRefusedError(
            f"{module.__name__}.py must hold exactly one FunctionApp at module level, "
            f"it holds {len(apps)}"
        )
    return apps[0]


def _index_function(function: func.Function) -> IndexedFunction:
    name = str(function.get_function_name())
    bindings = [json.loads(binding) for binding in function.get_raw_bindings()]
    triggers = [binding for binding in bindings if binding["type"] in TRIGGERS]
    others = [b for b in bindings if b not in triggers and (b["type"], b["name"]) != HTTP_RETURN]
    if len(triggers) != 1 or others:
        raise AppRefusedError(
            f"{name}: the local host serves one HTTP, queue or timer trigger per function, "
            f"not {', '.join(b['type'] for b in bindings) or 'none'}"
        )
    call = function.get_user_function()
    parameters = set(inspect.signature(call).parameters)
    trigger = triggers[0]
    indexed = IndexedFunction(
        name=name,
        call=call,
        argument=trigger["name"],
        trigger=trigger,
        wants_context="context" in parameters and trigger["name"] != "context",
    )
    for problem in _problems(indexed, parameters):
        raise AppRefusedError(f"{name}: {problem}")
    return indexed


def _problems(function: IndexedFunction, parameters: set[str]) -> typing.Iterator[str]:
    if not FUNCTION_NAME.fullmatch(function.name):
        yield "a function's name is a letter, then letters, digits, _ and -"
    if not BINDING_NAME.fullmatch(function.argument):
        yield f"arg_name {function.argument!r} may hold letters and digits only"
    if parameters - {"context"} != {function.argument} - {"context"}:
        yield f"its parameters {sorted(parameters)} are not its arg_name {function.argument!r}"
    if function.kind == "httpTrigger" and function.route.lower().startswith(RESERVED_ROUTES):
        yield f"route {function.route!r} begins with admin or runtime, which are the host's own"
    yield from _annotation_problems(function)


def _annotation_problems(function: IndexedFunction) -> typing.Iterator[str]:
    try:
        hints = typing.get_type_hints(function.call)
    except NameError as error:  # such as a name imported under TYPE_CHECKING only
        yield f"its annotations cannot be read when it runs: {error}"
        return
    parameter = hints.get(function.argument)
    if parameter is not None and not (
        isinstance(parameter, type) and TRIGGERS[function.kind](parameter)
    ):
        yield f"{function.argument}: {parameter} does not fit a {function.kind}"
    returned = hints.get("return")
    if (
        function.kind == "httpTrigger"
        and "return" in hints
        and not (
            isinstance(returned, type)
            and HttpResponseConverter.check_output_type_annotation(returned)
        )
    ):
        yield f"-> {returned} is neither HttpResponse nor str"


def _refuse_conflicting_routes(functions: list[IndexedFunction]) -> None:
    http_functions = [function for function in functions if function.kind == "httpTrigger"]
    for first, second in combinations(http_functions, 2):
        if first.route.lower() == second.route.lower() and first.shares_a_method(second):
            raise AppRefusedError(
                f"{second.name}: route {second.route!r} and a method of it are {first.name}'s"
            )
