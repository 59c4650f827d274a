"""Calls one function as the Python worker does."""

import asyncio
import inspect
import logging
import secrets
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from dev.host.application import IndexedFunction

log = logging.getLogger("dev.host")
_invocation = threading.local()


@dataclass(frozen=True)
class TraceContext:
    """The W3C trace that an invocation belongs to."""

    trace_parent: str
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RetryContext:
    """Always empty: queue and HTTP triggers have no retry policy."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


@dataclass(frozen=True)
class Context:
    """The value of a `context` parameter: the attributes of func.Context, as in the worker.

    The worker's own class does not inherit from func.Context either.
    """

    function_name: str
    function_directory: str
    invocation_id: str
    trace_context: TraceContext
    retry_context: RetryContext = RetryContext()
    thread_local_storage: threading.local = _invocation


class Invoker:
    """Runs functions: coroutines on the event loop, plain functions on a pool of threads.

    The pool's size is Python's own default, min(32, cpus + 4), which is the worker's too.
    https://learn.microsoft.com/azure/azure-functions/python-scale-performance-reference
    """

    def __init__(self, app_folder: Path, threads: ThreadPoolExecutor) -> None:
        self._folder = str(app_folder)
        self._threads = threads

    async def invoke(self, function: IndexedFunction, argument: object, trace: str = "") -> object:
        """Call `function` and return what it returns; `trace` is an incoming traceparent."""
        arguments: dict[str, object] = {function.argument: argument}
        invocation_id = str(uuid.uuid4())
        if function.wants_context:
            arguments["context"] = Context(
                function.name, self._folder, invocation_id, TraceContext(_child_of(trace))
            )
        if inspect.iscoroutinefunction(function.call):
            _invocation.invocation_id = invocation_id
            result: object = await function.call(**arguments)
            return result
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _call_in_thread, function.call, arguments, invocation_id
        )

    async def invoke_for_effect(self, function: IndexedFunction, argument: object) -> None:
        """Call a function that has no output, for which returning a value is an error."""
        if await self.invoke(function, argument) is not None:
            raise TypeError(f"{function.name} returned a value but has no output binding")

    async def invoke_and_log(self, function: IndexedFunction, argument: object) -> None:
        """Call a function whose end no one waits for, and log its failure."""
        try:
            await self.invoke_for_effect(function, argument)
        except Exception:
            log.exception("%s failed", function.name)


def _call_in_thread(
    call: Callable[..., object], arguments: dict[str, object], invocation_id: str
) -> object:
    _invocation.invocation_id = invocation_id
    return call(**arguments)


def _child_of(trace: str) -> str:
    version_and_id = trace.rsplit("-", 2)[0] or f"00-{secrets.token_hex(16)}"
    return f"{version_and_id}-{secrets.token_hex(8)}-{trace.rpartition('-')[2] or '00'}"
