"""Requests to the app: signed, timed and retried as Twilio documents.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import asyncio
import time
import uuid
from dataclasses import dataclass
from urllib.parse import quote, urldefrag, urlencode, urlsplit, urlunsplit

import aiohttp
from multidict import CIMultiDictProxy
from twilio.request_validator import RequestValidator
from yarl import URL

from dev.simulator.addresses import is_web_address
from dev.simulator.faults import Faults
from dev.simulator.journal import Journal
from dev.simulator.webhooks.connection import ConnectionOptions, with_query, without_login

MAX_ANSWER_BYTES = 64 * 1024
MAX_REDIRECTS = 10
KEEP_ALIVE_SECONDS = (
    2.0  # seconds: short, so that no connection outlives a restart of the application
)
CLIENT_ERROR, SERVER_ERROR = 400, 500
SEE_OTHER = (301, 302, 303)
REPEAT = (307, 308)
VISIBLE = "".join(map(chr, range(ord("!"), 0x7F)))  # what a request line may contain unescaped


class WebhookError(Exception):
    """A webhook failed; ``code`` is the one of Twilio's debugger."""

    def __init__(self, code: int, text: str, kind: str = "") -> None:
        self.code = code
        self.kind = kind
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """The app's answer."""

    status: int
    content_type: str
    body: bytes
    url: str
    signature: str

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Webhooks:
    """Sends every webhook."""

    def __init__(self, auth_token: str, journal: Journal, faults: Faults) -> None:
        self._validator = RequestValidator(auth_token)
        self._journal = journal
        self._faults = faults
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open the connection pool."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
        )

    async def close(self) -> None:
        """Cancel the requests in progress and close the pool."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def notify(self, url: str, parameters: dict[str, str], method: str = "POST") -> None:
        """Send a status callback in the background and ignore its answer."""
        if self._session is None:
            return  # the simulator has stopped
        fault = self._faults.for_callback()
        if fault == "lost":
            self._journal.add("fault", fault="callback lost", url=url, parameters=parameters)
            return
        delay = self._faults.callback_delay(fault) if fault else 0.0
        task = asyncio.create_task(self._notify(url, parameters, method, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(
        self, url: str, parameters: dict[str, str], method: str, delay: float
    ) -> None:
        if delay:
            await asyncio.sleep(delay)
        try:
            await self.request(url, parameters, method)
        except WebhookError as error:
            self._journal.add("error", code=error.code, text=str(error), url=url)

    async def request(
        self, url: str, parameters: dict[str, str], method: str = "POST", *, voice: bool = False
    ) -> Answer:
        """Send a webhook, following redirects and retrying as the URL's fragment says.

        Raises:
            WebhookError: There is no usable answer.
        """
        if not is_web_address(url):
            raise WebhookError(11100, f"Invalid URL format: {url!r}")
        method = "GET" if method.upper() == "GET" else "POST"  # Twilio knows no other
        bare, fragment = urldefrag(url)
        options = ConnectionOptions.from_fragment(fragment)
        token = str(uuid.uuid4())
        for left in range(options.retries, -1, -1):
            try:
                return await self._follow(bare, parameters, method, options, token, voice=voice)
            except WebhookError as error:
                if not left or not options.should_retry(error.kind):
                    raise
        raise AssertionError  # the last round either returns or raises

    async def _follow(  # noqa: PLR0913 # everything about one request
        self,
        url: str,
        parameters: dict[str, str],
        method: str,
        options: ConnectionOptions,
        token: str,
        *,
        voice: bool,
    ) -> Answer:
        for _ in range(MAX_REDIRECTS):
            answer, headers = await self._send(url, parameters, method, options, token, voice=voice)
            if answer.status not in SEE_OTHER + REPEAT:
                return _check(answer)
            url = _redirect_target(url, headers.get("Location", ""))
            method = "GET" if answer.status in SEE_OTHER else method
        raise WebhookError(11215, f"more than {MAX_REDIRECTS} HTTP redirects")

    async def _send(  # noqa: PLR0913 # everything about one request
        self,
        url: str,
        parameters: dict[str, str],
        method: str,
        options: ConnectionOptions,
        token: str,
        *,
        voice: bool,
    ) -> tuple[Answer, CIMultiDictProxy[str]]:
        assert self._session is not None, "open() comes first"  # noqa: S101
        form = parameters if method == "POST" else {}
        target = url if method == "POST" else with_query(url, parameters)
        target, login = without_login(quote(target, safe=VISIBLE))
        signature = self.sign(target, form, voice=voice)
        headers = {"X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": token} | login
        limits = aiohttp.ClientTimeout(total=options.total, sock_connect=options.connect)
        outcome: dict[str, object] = {"status": None}
        began = time.monotonic()
        try:
            async with self._session.request(
                method,
                URL(target, encoded=True),
                data=urlencode(form).encode() if method == "POST" else None,
                headers=headers
                | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {}),
                timeout=limits,
                allow_redirects=False,
            ) as response:
                body = await response.content.read(MAX_ANSWER_BYTES + 1)
                while len(body) <= MAX_ANSWER_BYTES and (more := await response.content.readany()):
                    body += more
                outcome = {
                    "status": response.status,
                    "answer": body[:MAX_ANSWER_BYTES].decode("utf-8", "replace"),
                }
                kind = response.headers.get("Content-Type", "")
                return Answer(response.status, kind, body, target, signature), response.headers
        except (aiohttp.ServerTimeoutError, aiohttp.ClientConnectorError) as error:
            connected = isinstance(error, aiohttp.SocketTimeoutError)
            outcome["error"] = str(error)
            raise WebhookError(
                11205, f"no connection: {error}", "rt" if connected else "ct"
            ) from error
        except TimeoutError as error:
            outcome["error"] = f"no answer in {options.total} s"
            raise WebhookError(11205, f"no answer in {options.total} s", "rt") from error
        except (aiohttp.ClientError, ValueError) as error:
            outcome["error"] = str(error)
            raise WebhookError(11200, f"HTTP failure: {error}", "rt") from error
        finally:
            self._journal.add(
                "webhook",
                method=method,
                url=target,
                parameters=parameters,
                signature=signature,
                took_ms=round((time.monotonic() - began) * 1000, 1),
                **outcome,
            )

    def sign(self, url: str, form: dict[str, str], *, voice: bool) -> str:
        """Return Twilio's signature; the URL of voice over https is signed without a port."""
        parts = urlsplit(url)
        if voice and parts.scheme == "https" and parts.port:
            url = urlunsplit(parts._replace(netloc=parts.hostname or ""))
        return str(self._validator.compute_signature(url, form))


def _redirect_target(url: str, location: str) -> str:
    try:
        return str(URL(url, encoded=True).join(URL(location, encoded=True)))
    except ValueError:
        raise WebhookError(11200, f"redirected to {location!r}, which is not a URL") from None


def _check(answer: Answer) -> Answer:
    if len(answer.body) > MAX_ANSWER_BYTES:
        raise WebhookError(11750, "the answer is larger than 64 kB")
    if answer.status >= CLIENT_ERROR:
        kind = "5xx" if answer.status >= SERVER_ERROR else "4xx"
        raise WebhookError(11200, f"HTTP {answer.status} from {answer.url}", kind)
    return answer
