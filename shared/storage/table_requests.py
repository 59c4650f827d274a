"""Requests to Azure Table Storage: whatever is done to rows.

https://learn.microsoft.com/rest/api/storageservices/table-service-rest-api
"""

from __future__ import annotations

import json
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

import msgspec
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from yarl import URL

from shared.storage.pipeline import REFUSED, Pipeline, policies_of, sign_text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from azure.core.pipeline import PipelineRequest
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.data.tables.aio import TableClient

_BOUNDARY: Final = "batch_switchboard"
_CHANGES: Final = "changeset_switchboard"
_HEADERS: Final = {
    "x-ms-version": "2019-02-02",
    "DataServiceVersion": "3.0;NetFx",
    "Accept": "application/json;odata=nometadata",
    "Content-Type": "application/json",
    # The service sends the whole row back unless asked not to.
    "Prefer": "return-no-content",
}
_PART: Final = "\r\n".join((
    f"--{_CHANGES}", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "",
    "{method} {url} HTTP/1.1", "{headers}", "", "{body}", "",
))  # fmt: skip
_PART_HEADERS: Final = "\r\n".join(
    f"{name}: {value}" for name, value in _HEADERS.items() if name != "x-ms-version"
)
_NEXT: Final = ("NextPartitionKey", "NextRowKey")


class RefusedError(Exception):
    """The service answered with an error; `code` is its name for it.

    `index` is the place of the step of a transaction that failed.
    """

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        found = re.search(r'"code"\s*:\s*"(\w+)"', text)
        self.code = found[1] if found else ""
        place = re.search(r'"value"\s*:\s*"(\d+):', text)
        self.index = int(place[1]) if place else 0
        super().__init__(f"{status} {self.code}")


class Step(NamedTuple):
    """One step of a transaction: POST inserts, PUT puts, DELETE deletes."""

    method: str
    partition: str
    key: str
    entity: dict[str, str] | None = None


class TableRequests:
    """Requests to one table, with the account and the credential of `client`."""

    def __init__(self, client: TableClient, transport: AioHttpTransport) -> None:
        self._url = client.url.partition("?")[0]
        self._table = client.table_name
        credential = client.credential
        self._pipeline = Pipeline(
            transport,
            [_SharedKey(credential)]
            if isinstance(credential, AzureNamedKeyCredential)
            else policies_of(credential),
        )

    async def get(self, partition: str, key: str) -> dict[str, str]:
        """Return an entity."""
        response = await self._send("GET", f"{self._table}{_name(partition, key)}")
        return msgspec.json.decode(response.content, type=dict[str, str])

    async def query(
        self, condition: str, *, page: int, select: str = ""
    ) -> AsyncGenerator[list[dict[str, str]], None]:
        """Yield pages of entities that fulfil an OData condition."""
        query = f"$filter={quote(condition, safe='')}&$top={page}"
        query += f"&$select={select}" if select else ""
        following: list[str | None] = []
        while True:
            more = "".join(
                f"&{name}={quote(value, safe='')}"
                for name, value in zip(_NEXT, following, strict=False)
                if value is not None
            )
            response = await self._send("GET", f"{self._table}()", query + more)
            yield msgspec.json.decode(response.content, type=_Page).value
            following = [response.headers.get(f"x-ms-continuation-{name}") for name in _NEXT]
            if following[0] is None:
                return

    async def insert(self, entity: dict[str, str]) -> None:
        """Insert an entity; RefusedError with 409 where one of its name is there."""
        await self._send("POST", self._table, content=_encode(entity))

    async def replace(self, partition: str, key: str, entity: dict[str, str]) -> None:
        """Replace an entity; RefusedError with 404 where there is none."""
        path, content = f"{self._table}{_name(partition, key)}", _encode(entity)
        await self._send("PUT", path, content=content, headers={"If-Match": "*"})

    async def submit(self, steps: Iterable[Step]) -> None:
        """Take up to a hundred steps in one partition, all or none."""
        parts = "".join(self._part(step) for step in steps)
        body = (
            f"--{_BOUNDARY}\r\nContent-Type: multipart/mixed; boundary={_CHANGES}\r\n\r\n"
            f"{parts}--{_CHANGES}--\r\n\r\n--{_BOUNDARY}--\r\n"
        )
        kind = {"Content-Type": f"multipart/mixed; boundary={_BOUNDARY}"}
        response = await self._send("POST", "$batch", content=body.encode(), headers=kind)
        text = response.text("utf-8")
        for status in re.findall(r"^HTTP/1\.1 (\d{3})", text, re.MULTILINE):
            if int(status) >= REFUSED:
                raise RefusedError(int(status), text)

    def _part(self, step: Step) -> str:
        name = "" if step.method == "POST" else _name(step.partition, step.key)
        headers = f"{_PART_HEADERS}\r\nIf-Match: *" if step.method == "DELETE" else _PART_HEADERS
        body = "" if step.entity is None else _encode(step.entity).decode()
        return _PART.format(
            method=step.method, url=f"{self._url}/{self._table}{name}", headers=headers, body=body
        )

    async def _send(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> AsyncHttpResponse:
        url = f"{self._url}/{path}{'?' if query else ''}{query}"
        request = HttpRequest(method, url, headers={**_HEADERS, **(headers or {})}, content=content)
        response = await self._pipeline.send(request)
        if response.status_code >= REFUSED:
            raise RefusedError(response.status_code, response.text("utf-8"))
        return response


class _Page(msgspec.Struct):
    value: list[dict[str, str]]


class _SharedKey(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Sign with an account's key: Shared Key Lite, which covers date and path."""

    def __init__(self, credential: AzureNamedKeyCredential) -> None:
        self._credential = credential

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        named = self._credential.named_key
        date = formatdate(usegmt=True)
        # The transport writes the path as yarl does, and that is what the service checks.
        signed = f"{date}\n/{named.name}{URL(request.http_request.url).raw_path}"
        request.http_request.headers["x-ms-date"] = date
        request.http_request.headers["Authorization"] = (
            f"SharedKeyLite {named.name}:{sign_text(named.key, signed)}"
        )


def _encode(entity: dict[str, str]) -> bytes:
    """Return an entity as JSON in ASCII: Azurite breaks other characters where its chunks end."""
    return json.dumps(entity).encode()


def literal(text: str) -> str:
    """Return a text as OData writes it in a condition."""
    return "'" + text.replace("'", "''") + "'"


def _name(partition: str, key: str) -> str:
    names = (quote(literal(text), safe="") for text in (partition, key))
    return "(PartitionKey={},RowKey={})".format(*names)
