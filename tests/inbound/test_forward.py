"""A report is passed on to the public internet, and nowhere else, whatever a name resolves to."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from shared.forms import Form
from shared.inbound.forward import forward_callback
from shared.provider.signature import SignatureValidator
from tests.environment import AUTH_TOKEN, settings

FORM = Form([("MessageSid", "SM1"), ("Again", "b"), ("Again", "a"), ("Blank", "")])


@dataclass
class Names(AbstractResolver):
    """A resolver that answers what it is told, and counts how often it was asked."""

    addresses: list[str]
    asked: int = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=address, port=port, proto=0, flags=0,
                          family=socket.AF_INET6 if ":" in address else family)
            for address in self.addresses
        ]  # fmt: skip

    async def close(self) -> None:
        return None


@dataclass
class Receiver:
    """Somebody's program on this very machine."""

    port: int = 0
    took: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.took.append(request)
        self.bodies.append(await request.read())
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{rest:.*}", receiver.take)
    async with TestServer(application, host="127.0.0.1") as server:
        receiver.port = server.port or 0
        yield receiver


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "168.63.129.16", "[::1]",
             "[::ffff:127.0.0.1]", "2130706433", "127.1"],
)  # fmt: skip
async def test_no_address_of_our_own_network_is_asked(receiver: Receiver, host: str) -> None:
    """An address that is nobody's on the internet is refused before a connection is made."""
    assert not await forward_callback(settings(), f"http://{host}:{receiver.port}/hook", FORM)
    assert receiver.took == []


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["::ffff:127.0.0.1", "127.0.0.1"], ["10.0.0.1"]]
)
async def test_a_name_is_held_to_what_it_resolves_to(
    receiver: Receiver, addresses: list[str]
) -> None:
    """A public name that comes to mean this network leads nowhere, and is asked for once only."""
    names = Names(addresses)
    url = f"http://callbacks.example:{receiver.port}/hook"
    assert not await forward_callback(settings(), url, FORM, resolver=names)
    assert (receiver.took, names.asked) == ([], 1)


async def test_while_developing_all_is_on_this_machine(receiver: Receiver) -> None:
    """An app that is itself on this machine may ask a program beside it, by name too."""
    here = settings(PUBLIC_BASE_URL="http://127.0.0.1:7071")
    url = f"http://callbacks.example:{receiver.port}/hook?a=1"
    assert await forward_callback(here, url, FORM, resolver=Names(["127.0.0.1"]))
    assert receiver.bodies == [b"MessageSid=SM1&Again=b&Again=a&Blank="]


async def test_repeats_and_blanks_are_signed_and_sent(receiver: Receiver) -> None:
    """The whole form arrives, and the signature covers it as Twilio's does."""
    here = settings(PUBLIC_BASE_URL="http://localhost")
    base = f"http://127.0.0.1:{receiver.port}"
    assert await forward_callback(here, f"{base}/hook", FORM)
    headers = {name.lower(): value for name, value in receiver.took[0].headers.items()}
    check = SignatureValidator(base, [AUTH_TOKEN], {})
    assert check.accepts("POST", f"{base}/hook", headers, receiver.bodies[0])


async def test_what_is_no_url_is_not_taken() -> None:
    """A target that cannot be asked at all is told like one that does not answer."""
    assert not await forward_callback(settings(), "nonsense", FORM)
