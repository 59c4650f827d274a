"""Turns a stored queue message into the func.QueueMessage that a function sees."""

import base64
import json
from datetime import UTC, datetime

import azure.functions as func
from azure.functions.meta import Datum
from azure.functions.queue import QueueMessageInConverter
from azure.storage.queue import QueueMessage

METADATA = {
    name.lower(): name
    for name in (
        "Id",
        "DequeueCount",
        "InsertionTime",
        "ExpirationTime",
        "NextVisibleTime",
        "PopReceipt",
    )
}
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def decode_content(content: str, *, is_base64: bool) -> bytes:
    """Return the bytes that a message carries.

    Raises:
        ValueError: messageEncoding is base64 and the content is not.
    """
    if not is_base64:
        return content.encode()
    return base64.b64decode("".join(content.split()), validate=True)


def message_for_function(message: QueueMessage, body: bytes) -> func.QueueMessage:
    """Build the function's argument from what the queue says of the message.

    Raises:
        ValueError: the body overrides metadata with a value of the wrong type.
    """
    return _decoded(
        body,
        Id=message.id,
        DequeueCount=str(message.dequeue_count),
        InsertionTime=_written(message.inserted_on),
        ExpirationTime=_written(message.expires_on),
        NextVisibleTime=_written(message.next_visible_on),
        PopReceipt=message.pop_receipt,
    )


def message_from_text(text: str, now: datetime) -> func.QueueMessage:
    """Build what a function sees when it is run by hand: a message without id and receipt.

    As the extension does in StringToStorageQueueMessageConverter and QueueTriggerBinding,
    https://github.com/Azure/azure-sdk-for-net/tree/main/sdk/storage
    """
    return _decoded(
        text.encode(),
        DequeueCount="0",
        InsertionTime=_written(now),
        ExpirationTime=_written(END_OF_TIME),
        NextVisibleTime=_written(END_OF_TIME),
    )


def _decoded(body: bytes, **metadata: str | None) -> func.QueueMessage:
    known = {name: Datum(text, "string") for name, text in metadata.items() if text is not None}
    message: func.QueueMessage = QueueMessageInConverter.decode(
        Datum(body, "bytes"), trigger_metadata=known | _overrides(body)
    )
    return message


def _overrides(body: bytes) -> dict[str, Datum]:
    """Return the metadata that the body itself replaces.

    The host adds each top-level property of a JSON body to the trigger's metadata, whose names
    have no case. A message `{"id": …}` so hides the queue's own id from the function.
    https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script/Utility.cs
    """
    if not body.lstrip().startswith(b"{"):
        return {}
    try:
        properties = json.loads(body)
    except ValueError:
        return {}
    return {
        METADATA[name.lower()]: Datum(json.dumps(value), "json")
        if isinstance(value, dict)
        else Datum(str(value), "string")
        for name, value in properties.items()
        if name.lower() in METADATA and not isinstance(value, list | None)
    }


def _written(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment else None
