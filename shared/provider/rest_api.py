"""Twilio behind our Protocol, through the twilio library's REST client."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from twilio.rest import Client

from shared.errors import ProviderUnavailableError
from shared.log import log_error
from shared.phone_numbers import mask_numbers
from shared.provider.codes import CODES, what_to_do
from shared.provider.http_client import (
    IS_SENT,
    ErrorAnswer,
    NoAnswerError,
    NotConnectedError,
    TwilioHttp,
)
from shared.provider.limiter import Limiter
from shared.provider.provider import SendResult, TwilioRecord, is_messaging_service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.kinds import Kind
    from shared.provider.provider import SendRequest
    from shared.settings import Settings

T = TypeVar("T")

_NO_SUCH_THING: Final = "20404"
_TOO_MANY: Final = 429
# Questions may take this part of the ceiling, so that messages never wait long behind them.
_FOR_QUESTIONS: Final = 4
_MAX_RECORDS: Final = 400
_RESULTS: Final[dict[str, Literal["retryable", "unknown"]]] = {
    "retry": "retryable",
    "wait": "retryable",
    "retry_later": "retryable",
    "unknown": "unknown",
}
# How long a code of the class "much later" is left alone, in seconds.
_MUCH_LATER: Final = 3600.0
# Nothing is worth sending for longer, whatever an answer says.
_A_DAY: Final = 86_400.0


class _TooLateError(Exception):
    """No turn came before the time at which a request was to begin."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TwilioProvider:
    """The account that the settings name."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = _utc_now) -> None:
        ceiling = settings.twilio_max_concurrency
        self._now = now
        self._limiter = Limiter(ceiling)
        self._questions = asyncio.Semaphore(max(ceiling // _FOR_QUESTIONS, 1))
        self._http = TwilioHttp(
            timeout_seconds=settings.twilio_timeout_seconds,
            max_connections=settings.twilio_max_concurrency,
        )
        self._client = Client(
            settings.twilio_api_key_sid or settings.twilio_account_sid,
            settings.twilio_api_key_secret or settings.twilio_auth_token,
            settings.twilio_account_sid,
            http_client=self._http,
        )
        self._client.api.base_url = settings.twilio_api_base_url

    async def create(self, request: SendRequest) -> SendResult:
        resource = self._client.messages if request.kind == "message" else self._client.calls
        sender = (
            {"messaging_service_sid": request.sender}
            if is_messaging_service(request.sender)
            else {"from_": request.sender}
        )
        IS_SENT.set(False)
        try:
            answer = await self._in_turn(
                lambda: resource.create_with_http_info_async(
                    to=request.to, **sender, **request.parameters
                ),
                request.begin_before,
                urgent=request.urgent,
            )
        except _TooLateError:
            return SendResult(result="retryable", code="not_begun")
        except NotConnectedError as error:
            return SendResult(result="retryable", code="no_connection", message=str(error))
        except NoAnswerError as error:
            return SendResult(result="unknown", code="no_answer", message=str(error))
        except ErrorAnswer as error:
            return _result_of(error)
        except Exception as error:  # noqa: BLE001 - it is logged, and its outcome is known
            # The library could not read a 2xx, or it or the app failed before anything was sent.
            log_error("request_failed", error)
            message = type(error).__name__
            if IS_SENT.get():
                return SendResult(result="unknown", code="unreadable", message=message)
            return SendResult(result="retryable", code="not_sent", message=message)
        created = answer.data
        if not created.sid:
            return SendResult(result="unknown", code="unreadable", message="no SID in the answer")
        return SendResult(
            result="sent",
            sid=created.sid,
            status=_word(created.status),
            request_id=answer.headers.get("Twilio-Request-Id"),
        )

    async def search(self, request: SendRequest, since: datetime) -> list[TwilioRecord]:
        filters: dict[str, Any] = {
            "to": request.to,
            "limit": _MAX_RECORDS,
            "page_size": _MAX_RECORDS,
        }
        if not is_messaging_service(request.sender):
            filters["from_"] = request.sender
        resource = self._client.messages if request.kind == "message" else self._client.calls

        async def look() -> list[TwilioRecord]:
            rows = await resource.list_async(**filters)
            found = [_found(row) for row in rows if not str(row.direction).startswith("inbound")]
            return [each for each in found if each.created_at >= since]

        try:
            return await self._asked(look)
        except ErrorAnswer as error:  # a no to the question, which says nothing of what is there
            raise ProviderUnavailableError(str(error)) from error

    async def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        return await self._one(self._context(kind, sid).fetch_async)

    async def stop(
        self, kind: Kind, sid: str, *, only_ringing: bool = False
    ) -> TwilioRecord | None:
        # Twilio cancels a call that is queued or rings, and leaves one that was picked up.
        word = "canceled" if kind == "message" or only_ringing else "completed"
        context = self._context(kind, sid)
        return await self._one(lambda: context.update_async(status=word))

    async def remove(self, kind: Kind, sid: str, *, body_only: bool = False) -> bool:
        context = self._context(kind, sid)

        async def remove() -> bool:
            if body_only:
                await context.update_async(body="")
            elif (await context.delete_with_http_info_async()).status_code != HTTPStatus.NO_CONTENT:
                raise ValueError("the answer to DELETE is not 204")
            return True

        try:
            return await self._asked(remove)
        except ErrorAnswer as error:
            return error.status == HTTPStatus.NOT_FOUND

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    def _context(self, kind: Kind, sid: str) -> Any:  # noqa: ANN401 - twilio has no types
        return self._client.messages(sid) if kind == "message" else self._client.calls(sid)

    async def _one(self, question: Callable[[], Awaitable[Any]]) -> TwilioRecord | None:
        async def look() -> TwilioRecord:
            return _found(await question())

        try:
            return await self._asked(look)
        except ErrorAnswer:
            return None

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question that changes nothing or may be repeated.

        Raises:
            ProviderUnavailableError: no answer, one that makes no sense, or one that says to ask
                again or to fix the account first.
            ErrorAnswer: a definite no to the question itself.
        """
        try:
            async with self._questions:
                return await self._in_turn(question)
        except ErrorAnswer as error:
            code, _ = _code_and_message(error)
            if code == _NO_SUCH_THING or what_to_do(error.status, code) == "refused":
                raise
            raise ProviderUnavailableError(str(error)) from error
        except Exception as error:
            raise ProviderUnavailableError(str(error) or type(error).__name__) from error

    async def _in_turn(
        self,
        ask: Callable[[], Awaitable[T]],
        begin_before: datetime | None = None,
        *,
        urgent: bool = True,
    ) -> T:
        """Ask when there is room for one more request; tell the limiter how that went.

        Raises:
            _TooLateError: there was no room until after `begin_before`, and nothing was asked.
        """
        left = None if begin_before is None else (begin_before - self._now()).total_seconds()
        try:
            async with asyncio.timeout(left):
                turn = await self._limiter.begin(urgent=urgent)
        except TimeoutError:
            raise _TooLateError from None
        try:
            if begin_before is not None and self._now() > begin_before:
                raise _TooLateError
            answer = await ask()
        except ErrorAnswer as error:
            if error.status == _TOO_MANY:
                self._limiter.push_back(turn)
            raise
        else:
            self._limiter.succeeded()
            return answer
        finally:
            self._limiter.end()


def _result_of(error: ErrorAnswer) -> SendResult:
    code, message = _code_and_message(error)
    to_do = what_to_do(error.status, code)
    known = CODES.get(code or "")
    wait = _seconds(error.headers.get("Retry-After"))
    return SendResult(
        result=_RESULTS.get(to_do, "rejected"),
        code=code or f"http_{error.status}",
        message=known.means if known else message or f"Twilio answered HTTP {error.status}",
        retry_after=_MUCH_LATER if wait is None and to_do == "retry_later" else wait,
        request_id=error.headers.get("Twilio-Request-Id"),
    )


def _code_and_message(error: ErrorAnswer) -> tuple[str | None, str | None]:
    """Twilio's code and words, from its own error body or an RFC 9457 one."""
    try:
        body = json.loads(error.text)
    except ValueError:
        return None, None
    if not isinstance(body, dict) or not body.get("code"):
        return None, None
    words = str(body.get("message") or body.get("detail") or "")
    return str(body["code"]), mask_numbers(words) or None


def _seconds(text: str | None) -> float | None:
    seconds = float(text) if text and text.isascii() and text.isdigit() else None
    return None if seconds is None else min(seconds, _A_DAY)


def _found(row: Any) -> TwilioRecord:  # noqa: ANN401 - twilio has no types
    code, num_media = getattr(row, "error_code", None), getattr(row, "num_media", None)
    return TwilioRecord(
        sid=row.sid,
        status=_word(row.status),
        created_at=row.date_created,
        direction=None if row.direction is None else _word(row.direction),
        messaging_service_sid=getattr(row, "messaging_service_sid", None),
        num_media=int(num_media) if num_media else None,
        body=getattr(row, "body", None),
        error_code=str(code) if code else None,
    )


def _word(status: object) -> str:
    """A status as Twilio's word, whether the library gives a text or a member of an enum."""
    return str(getattr(status, "value", status))
