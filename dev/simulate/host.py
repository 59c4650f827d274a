"""The Functions host of one instance: it feeds its process, and is started again when that ends."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

import azure.functions as func

from dev.simulate.process import KilledError, Process
from dev.simulate.storage import (
    LEASE,
    MAX_DEQUEUE_COUNT,
    POISON,
    RELEASE_SECONDS,
    LostLeaseError,
    Message,
    QueueServer,
)
from shared.app import App
from shared.deliver.receive import QueueMessage, receive_message, receive_poison
from shared.errors import StorageUnavailableError, SwitchboardError
from shared.storage.queues import POISON_OF_LANE, QUEUE_OF_LANE
from shared.triggers import timers

QUEUES: Final = (*QUEUE_OF_LANE.values(), *POISON_OF_LANE.values())
POLL_SECONDS: Final = (0.05, 1.0)
TRY_AGAIN_SECONDS: Final = (1.0, 6.0)
START_SECONDS: Final = (1.0, 15.0)
STOP_SECONDS: Final = 10.0  # what is running may finish in
TIMER_SECONDS: Final = {"reconcile": 300.0, "forget": 86_400.0, "watch": 300.0}
DEFAULT_TIMER_SECONDS: Final = 60.0

Handler = Callable[[App], Coroutine[Any, Any, func.HttpResponse]]


def find_timers() -> dict[str, Callable[[App], Coroutine[Any, Any, object]]]:
    """Return the app's timer functions by name."""
    functions = inspect.getmembers(timers, inspect.iscoroutinefunction)
    return {
        name: run
        for name, run in functions
        if run.__module__ == timers.__name__ and not name.startswith("_")
    }


@dataclass
class Instance:
    """A process and the app in it; `is_draining` once it takes nothing new."""

    process: Process
    app: App
    is_draining: bool = False
    running: int = 0


class Host:
    """One instance of the app, with its queue triggers, its timers and HTTP."""

    def __init__(  # noqa: PLR0913 - what a host needs of its world
        self,
        name: str,
        *,
        queue: QueueServer,
        start: Callable[[str], Instance],
        random: Random,
        trace: Callable[[str], None],
        problem: Callable[[str, str], None],
    ) -> None:
        self.name = name
        self._queue = queue
        self._start = start
        self._random = random
        self._trace = trace
        self._problem = problem
        self._starts = 0
        self.instance: Instance | None = None

    async def run(self, *, has_timers: bool) -> None:
        """Start the process again whenever it ends."""
        while True:
            self._starts += 1
            instance = self._start(f"{self.name}.{self._starts}")
            self.instance = instance
            for queue in QUEUES:
                instance.process.spawn(self._listen(instance, queue))
            if has_timers:
                for name, function in find_timers().items():
                    instance.process.spawn(self._keep_time(instance, name, function))
            await instance.process.ended.wait()
            self.instance = None
            self._trace(f"{instance.process.name} ended")
            await asyncio.sleep(self._random.uniform(*START_SECONDS))

    def kill(self) -> None:
        """End the process where it is."""
        if self.instance is not None:
            self.instance.process.kill()

    def stop(self) -> None:
        """Take nothing new, and end after a while with what is still running."""
        if self.instance is not None:
            self.instance.is_draining = True
            asyncio.get_running_loop().call_later(STOP_SECONDS, self.instance.process.kill)

    def freeze(self, seconds: float) -> None:
        """Stop the process for a while."""
        if self.instance is not None:
            self.instance.process.freeze(seconds)

    async def ask(self, handler: Handler) -> func.HttpResponse | None:
        """Answer an HTTP request; None where the connection ends without an answer."""
        instance = self.instance
        if instance is None or instance.is_draining:
            return None

        async def answer() -> func.HttpResponse:
            await instance.process.sleep(0.001)
            return await handler(instance.app)

        task = instance.process.spawn(answer())
        await asyncio.wait([task], timeout=230)
        if not task.done() or task.cancelled() or isinstance(task.exception(), KilledError):
            return None
        return task.result()

    async def _listen(self, instance: Instance, queue: str) -> None:
        process = instance.process
        while True:
            await self._queue.wait_for_message(queue)
            await process.sleep(self._random.uniform(*POLL_SECONDS))
            if instance.is_draining:
                return
            try:
                leased = await self._queue.ask(process, lambda: self._queue.receive(queue))
            except StorageUnavailableError:
                await process.sleep(self._random.uniform(*TRY_AGAIN_SECONDS))
                continue
            for message, receipt in leased:
                process.spawn(self._serve(instance, message, receipt))

    async def _serve(self, instance: Instance, message: Message, receipt: int) -> None:
        """Run the function with a message whose lease is renewed, then delete or release it."""
        is_poison = message.queue.endswith(POISON)
        if message.dequeue_count > MAX_DEQUEUE_COUNT and not is_poison:
            await self._move_to_poison(instance, message, receipt)
            return
        lease = [receipt]
        renewal = instance.process.spawn(self._renew(instance, message, lease))
        instance.running += 1
        try:
            await self._call_function(instance, message)
            is_done = True
        except Exception as error:  # noqa: BLE001 - the host catches what a function raises
            self._note_failure(f"{instance.process.name} {message.id}", error)
            is_done = False
        finally:
            instance.running -= 1
            renewal.cancel()
        if is_done:
            await self._settle(instance, lambda: self._queue.delete(message, lease[0]))
        elif not is_poison:
            delay = timedelta(seconds=RELEASE_SECONDS)
            await self._settle(instance, lambda: self._queue.update(message, lease[0], delay))

    async def _call_function(self, instance: Instance, message: Message) -> None:
        is_poison = message.queue.endswith(POISON)
        receive: Callable[[App, QueueMessage], Coroutine[Any, Any, None]]
        receive = receive_poison if is_poison else receive_message
        await receive(
            instance.app,
            QueueMessage(
                body=message.body,
                id=message.id,
                inserted_at=message.inserted_at.replace(microsecond=0),
                dequeue_count=message.dequeue_count,
            ),
        )

    async def _renew(self, instance: Instance, message: Message, lease: list[int]) -> None:
        while True:
            await instance.process.sleep(LEASE.total_seconds() / 2)
            try:
                lease[0] = await self._queue.ask(
                    instance.process, lambda: self._queue.update(message, lease[0], LEASE)
                )
            except LostLeaseError:
                return
            except StorageUnavailableError:
                continue

    async def _move_to_poison(self, instance: Instance, message: Message, receipt: int) -> None:
        """Put a copy, then delete; either answer can be lost."""
        target = message.queue + POISON
        if await self._settle(instance, lambda: self._queue.put(target, message.body)):
            await self._settle(instance, lambda: self._queue.delete(message, receipt))

    async def _settle(self, instance: Instance, operate: Callable[[], object]) -> bool:
        """Make a request of the host's own; it gives up where storage does not answer."""
        try:
            await self._queue.ask(instance.process, operate)
        except (StorageUnavailableError, LostLeaseError):
            return False
        return True

    def _note_failure(self, what: str, error: Exception) -> None:
        """Trace what a function raised; what the app does not raise on purpose is a bug in it."""
        self._trace(f"{what} failed: {error!r}")
        if not isinstance(error, SwitchboardError):
            self._problem("error", f"{what}: {error!r}")

    async def _keep_time(
        self, instance: Instance, name: str, run: Callable[[App], Coroutine[Any, Any, object]]
    ) -> None:
        seconds = TIMER_SECONDS.get(name, DEFAULT_TIMER_SECONDS)
        while not instance.is_draining:
            await instance.process.sleep(self._random.uniform(0, 5))
            try:
                await run(instance.app)
            except Exception as error:  # noqa: BLE001 - the host catches what a function raises
                self._note_failure(f"{instance.process.name} {name}", error)
            now = asyncio.get_running_loop().time()
            await instance.process.sleep(seconds - now % seconds)
