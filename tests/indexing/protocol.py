"""Small stand-ins for the messages between Azure's host and its Python worker.

The host and the worker talk in the messages of
https://github.com/Azure/azure-functions-language-worker-protobuf; the worker's library takes the
classes of these as an argument, and needs this much of them.
"""

from types import SimpleNamespace
from typing import Any

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Message:
    """A message with whatever fields it is made with; others are not there."""

    def __init__(self, **fields: Any) -> None:  # noqa: ANN401 - as protocol buffers do
        self.__dict__.update(fields)

    def WhichOneof(self, _name: str) -> str | None:  # noqa: N802 - the protocol's name
        """The one field that is set."""
        return next(iter(self.__dict__), None)


class BindingInfo(Message):
    """A binding, with the numbers of its directions and of the data type that is undefined."""

    inout = 2
    out = 1
    undefined = 0


class StatusResult(Message):
    """How something ended."""

    Failure = 0
    Success = 1


PROTOS = SimpleNamespace(
    BindingInfo=BindingInfo,
    StatusResult=StatusResult,
    **{
        name: type(name, (Message,), {})
        for name in (
            "FunctionLoadResponse", "FunctionMetadataResponse", "InvocationResponse",
            "ParameterBinding", "RpcException", "RpcFunctionMetadata", "RpcHttp",
            "WorkerInitResponse", "WorkerMetadata",
        )
    },
    TypedData=type("TypedData", (Message,), {}),
)  # fmt: skip


def host_request(kind: str, **fields: Any) -> SimpleNamespace:  # noqa: ANN401 - the request's own
    """Return a request of the host."""
    request = SimpleNamespace(**{kind: SimpleNamespace(**fields)})
    return SimpleNamespace(request=request, properties={"host": "127.0.0.1", "protos": PROTOS})


def invocation(function_id: str, name: str, data: Message, **metadata: Message) -> SimpleNamespace:
    """Return the host's request to call a function with one trigger."""
    return host_request(
        "invocation_request",
        invocation_id="00000000-0000-0000-0000-000000000001",
        function_id=function_id,
        input_data=[
            SimpleNamespace(name=name, data=data, WhichOneof=lambda _name: "data"),
        ],
        trigger_metadata=metadata,
        trace_context=SimpleNamespace(trace_parent=TRACEPARENT, trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )
