"""Starts servers, each in a session of its own, watches them, and stops them all."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from dev import guard
from dev.child import Child, Service, ServiceEndedError, reader_of
from dev.errors import CommandError
from dev.terminal import Terminal

PULSE_SECONDS = 2.0
T = TypeVar("T")


class Supervisor:
    """Starts and stops services; none of them outlives `stop`, or this process."""

    def __init__(self, terminal: Terminal, patience: float = 60.0) -> None:
        self._terminal = terminal
        self._patience = patience
        self._stages: list[list[Child]] = []
        self._guard: subprocess.Popen[bytes] | None = None

    async def start(self, *services: Service) -> None:
        """Start services side by side and wait until each says that it is ready.

        Raises ServiceEndedError when one ends first, and CommandError when one is not ready within
        the patience (seconds).
        """
        stage: list[Child] = []
        self._stages.append(stage)
        for service in services:
            stage.append(await self._spawn(service))  # noqa: PERF401 - each is known at once
        waits = {asyncio.create_task(child.ready.wait()): child.service.name for child in stage}
        began = asyncio.get_running_loop().time()
        try:
            while unready := [wait for wait in waits if not wait.done()]:
                await self._until_one_of(unready, min(PULSE_SECONDS, self._patience))
                names = ", ".join(waits[wait] for wait in unready if not wait.done())
                waited = asyncio.get_running_loop().time() - began
                if names and waited > self._patience:
                    raise CommandError(
                        f"not ready after {self._patience:.0f} s: {names}",
                        "read the lines above, and those in .dev/log/",
                    )
                if names and waited > PULSE_SECONDS / 2:
                    self._terminal.status("waiting", f"for {names} ({waited:.0f} s)")
        finally:
            for wait in waits:
                wait.cancel()

    async def watch(self, until: Coroutine[Any, Any, T]) -> T:
        """Wait for something to end; raises ServiceEndedError when a service does first."""
        waiting = asyncio.create_task(until)
        try:
            await self._until_one_of([waiting], None)
        finally:
            waiting.cancel()
        return waiting.result()

    async def stop_service(self, service: Service) -> None:
        """Stop one service, or clear away what is left of it; it may be started again."""
        for stage in self._stages:
            for child in [child for child in stage if child.service is service]:
                await child.stop()
                stage.remove(child)
                self._tell_guard(-child.group)

    async def stop(self) -> None:
        """Stop everything: the last stage first, each stage side by side."""
        for stage in reversed(self._stages):
            await asyncio.gather(*(child.stop() for child in stage))
        if self._guard:
            self._guard.kill()  # nothing is left for it to end
            self._guard.communicate()

    async def _spawn(self, service: Service) -> Child:
        if service.log:
            service.log.parent.mkdir(parents=True, exist_ok=True)
        # A pipe of our own: with asyncio's, a server has only ended once all its children have.
        reading, writing = os.pipe()
        reader = await reader_of(reading)  # before it starts: a stop may come at any await
        with open(writing, "wb") as output:  # noqa: ASYNC230, PTH123 - opens nothing, holds a pipe
            program = await asyncio.create_subprocess_exec(
                *service.command,
                env=service.environment,
                cwd=service.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor alone
            )
        self._tell_guard(program.pid)
        return Child(service, program, reader, self._terminal)

    def _tell_guard(self, group: int) -> None:
        """Give the guard a process group to look after; a negative one has ended."""
        if self._guard is None:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._guard.stdin is not None  # noqa: S101 - tells mypy about PIPE
        os.write(self._guard.stdin.fileno(), f"{group}\n".encode())

    async def _until_one_of(
        self, tasks: Sequence[asyncio.Task[Any]], seconds: float | None
    ) -> None:
        """Wait for one of some tasks; raises ServiceEndedError when a service ends by itself."""
        children = [child for stage in self._stages for child in stage]
        ends = [child.end for child in children]
        await asyncio.wait([*tasks, *ends], timeout=seconds, return_when="FIRST_COMPLETED")
        for child in children:
            if child.end.done():
                await child.drain()
                raise ServiceEndedError(child.service, child.end.result(), child.last)
