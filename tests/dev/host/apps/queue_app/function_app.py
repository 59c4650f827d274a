"""An app that notes the messages of one queue, and does what their text says."""

import asyncio
import json
import os
import threading
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
notes: list[dict[str, object]] = []
released = asyncio.Event()


def leave_last_words() -> None:
    """Leave a file behind, which a process that is killed cannot."""
    if "LAST_WORDS" in os.environ:
        Path(os.environ["LAST_WORDS"]).touch()


@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="MESSAGE_STORAGE")
async def note(msg: func.QueueMessage) -> None:
    """Note a message, then fail, wait or get stuck as it says."""
    body = msg.get_body()
    notes.append(
        {
            "id": msg.id,
            "body": body.decode(),
            "dequeue_count": msg.dequeue_count,
            "times": [
                bool(msg.insertion_time and msg.expiration_time and msg.time_next_visible),
                msg.pop_receipt is not None,
            ],
        }
    )
    if body.startswith(b"fail"):
        raise RuntimeError("failed on purpose")
    if body.startswith(b"hold"):
        try:
            await released.wait()
        finally:
            leave_last_words()
    if body.startswith(b"nap"):
        await asyncio.sleep(0.3)


@app.queue_trigger(arg_name="msg", queue_name="%STUCK_QUEUE%", connection="MESSAGE_STORAGE")
def stuck(msg: func.QueueMessage) -> None:
    """Never return."""
    notes.append({"body": msg.get_body().decode()})
    threading.Event().wait()


@app.queue_trigger(arg_name="msg", queue_name="elsewhere", connection="NOT_SET")
def unserved(msg: func.QueueMessage) -> None:
    """Name a connection that has no setting."""
    notes.append({"body": msg.get_body().decode()})


@app.route("notes", methods=["GET"])
def list_notes(req: func.HttpRequest) -> str:
    """Answer everything noted so far."""
    del req
    return json.dumps(notes)


@app.route("release", methods=["POST"])
async def release(req: func.HttpRequest) -> str:
    """Let the messages go that are held."""
    del req
    released.set()
    return "released"
