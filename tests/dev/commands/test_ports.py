"""Ports are as asked for, or free; one that cannot be had is named with its flag."""

import socket

import pytest

from dev.errors import CommandError
from dev.ports import FREE_PORTS, HOST, Ports, check_ports, choose_ports, free_ports


def test_ports_are_as_asked_for() -> None:
    """The table's port is the next one after the queue's."""
    assert choose_ports(7071, 7072, 10001) == Ports(7071, 7072, 10001, 10002)


def test_nought_finds_free_ones() -> None:
    """Every 0 becomes a port of its own on which one can listen."""
    ports = choose_ports(0, 0, 0)
    check_ports(ports)
    assert len({port for _, _, port in ports.by_flag()}) == 4


def test_without_a_simulator_its_port_is_not_wanted() -> None:
    """With no simulator, a taken simulator port is nobody's trouble."""
    ports = choose_ports(0, None, 0)
    assert [flag for _, flag, _ in ports.by_flag()] == [
        "--port",
        "--storage-port",
        "--storage-port",
    ]


@pytest.mark.parametrize(
    ("place", "flag"),
    [(0, "--port"), (1, "--simulator-port"), (2, "--storage-port"), (3, "--storage-port")],
)
def test_a_taken_port_is_named_with_its_flag(place: int, flag: str) -> None:
    """The words give the port and the flag that changes it."""
    with socket.create_server((HOST, 0)) as server:
        numbers = free_ports(4)
        numbers[place] = taken = server.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {taken}, for .* is taken") as caught:
            check_ports(Ports(*numbers))
    assert f" {flag} " in caught.value.next_step


def test_one_port_for_two_servers_is_refused() -> None:
    """Two flags with the same port are told apart before anything starts."""
    app, queue, table = free_ports(3)
    with pytest.raises(CommandError, match="wanted by the app too"):
        check_ports(Ports(app, app, queue, table))


def test_a_port_that_does_not_exist_is_refused() -> None:
    """The table of a queue on the last port has nowhere to go, and says so."""
    with pytest.raises(CommandError, match="port 65536"):
        check_ports(choose_ports(0, None, 65535))


def test_free_ports_are_given_once() -> None:
    """The next request gives others, because the server for the first has not started yet."""
    first, second = free_ports(4), free_ports(4)
    assert len({*first, *second}) == 8
    assert {*first, *second} <= {*FREE_PORTS}


def test_a_taken_port_is_not_free() -> None:
    """What somebody listens on is passed over."""
    (port,) = free_ports(1)
    with socket.create_server((HOST, port + 1)):
        assert port + 1 not in free_ports(3)
