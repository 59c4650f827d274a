"""What `peers` counts, and the processes and the server that it starts."""

import base64
import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.azurite import is_installed
from dev.bench import command, peers, redis_server
from dev.bench.contenders.brokers import left_by_celery, left_by_dramatiq
from dev.bench.contenders.contender import ALONE, GEVENT, HOST, KILLED, THREADS
from dev.bench.contenders.measure import Sample, Tally, speed_of, tally
from dev.bench.runs import CannotRunError, Size
from dev.bench.worker_process import PROC, worker_process

needs_proc = pytest.mark.skipif(not PROC.is_dir(), reason="reads /proc, which only Linux has")
needs_redis = pytest.mark.skipif(
    not redis_server.is_installed(), reason="redis-server is not on the PATH"
)
needs_contenders = pytest.mark.skipif(
    bool(peers.missing() or not is_installed()),
    reason=peers.missing() or "Azurite is not installed: `python3 dev test` does that",
)
TINY = Size(rounds=1, part=0.005)
# A worker that starts another process.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
child.wait()
"""


class StoredTexts:
    """A Redis with hashes and lists, as a client reads them."""

    def __init__(self, **stored: list[bytes]) -> None:
        self._stored = stored

    def hvals(self, name: str) -> list[bytes]:
        return self._stored.get(name.replace(":", "_").replace(".", "_"), [])

    def lrange(self, name: str, _first: int, _last: int) -> list[bytes]:
        return self._stored.get(name, [])


@pytest.mark.parametrize(
    ("arrivals", "left", "results", "expected"),
    [
        ("abcd", "", 4, Tally(0, 0, 0, 0, 0)),
        ("abc", "", 3, Tally(1, 0, 0, 0, 0)),
        ("abc", "d", 3, Tally(0, 0, 1, 0, 0)),
        ("abcdda", "", 4, Tally(0, 2, 0, 0, 0)),
        ("abcd", "ab", 2, Tally(0, 0, 0, 2, 2)),
    ],
    ids=["all sent once", "lost", "still to come", "doubled", "to be doubled"],
)
def test_what_became_of_each_text_is_counted(
    arrivals: str, left: str, results: int, expected: Tally
) -> None:
    """A text that waits is not lost, and one that was sent and waits is sent once more."""
    assert tally("abcd", arrivals, left, results) == expected


def test_the_start_and_the_end_of_a_run_are_not_measured() -> None:
    """Only what happens between the first tenth and the last twentieth counts."""
    samples = [Sample(0, 0, 0), Sample(9, 10, 5), Sample(10, 95, 5.85), Sample(99, 100, 50)]
    speed = speed_of(samples, 100, 7)
    assert (speed.per_second, speed.peak_bytes) == (85, 7)
    assert speed.processor_seconds == pytest.approx(0.01)


def test_texts_that_arrive_all_at_once_are_measured_from_the_start() -> None:
    """So few texts have no first tenth."""
    speed = speed_of([Sample(0, 0, 0), Sample(2, 4, 1)], 4, 7)
    assert (speed.per_second, speed.processor_seconds) == (2, 0.25)


def test_what_is_left_with_celery_is_reserved_or_waits() -> None:
    """Both count: a worker that died has reserved some."""

    def message(to: str) -> dict[str, str]:
        return {"body": base64.b64encode(json.dumps([[to], {}, {}]).encode()).decode()}

    texts = StoredTexts(
        unacked=[json.dumps([message("+1"), "", "celery"]).encode()],
        celery=[json.dumps(message("+2")).encode()],
    )
    assert list(left_by_celery(texts)) == ["+1", "+2"]


def test_what_is_left_with_dramatiq_waits_now_or_for_later() -> None:
    """Messages that were taken stay stored until they are acknowledged."""
    texts = StoredTexts(
        dramatiq_default_msgs=[b'{"args": ["+1"]}'], dramatiq_default_DQ_msgs=[b'{"args": ["+2"]}']
    )
    assert list(left_by_dramatiq(texts)) == ["+1", "+2"]


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


@pytest.mark.usefixtures("nothing_installed")
async def test_without_redis_the_reason_is_given() -> None:
    """And how to get it."""
    with pytest.raises(CannotRunError, match=r"redis-server .* apt install redis-server"):
        await peers.peers(Size(rounds=1))


@pytest.mark.usefixtures("nothing_installed")
def test_a_benchmark_that_cannot_run_is_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says why, writes nothing about it, and does not fail."""
    assert command.main(["peers", "--strict", "--out", str(tmp_path)]) == 0
    assert "skipped: redis-server is not on the PATH" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@needs_proc
def test_the_whole_session_is_counted_and_killed() -> None:
    """A process that the worker started uses memory too, and ends with it."""
    with worker_process("test-session", ["-c", PARENT], {}) as worker:
        while len(worker.pids()) < 2:
            worker.require_running()
            time.sleep(0.01)
        assert worker.usage().peak_bytes > 0
        pids = worker.pids()
        worker.kill()
        assert worker.pids() == []
    assert not [pid for pid in pids if (PROC / str(pid) / "exe").exists()]


@pytest.mark.slow
@needs_proc
def test_a_worker_that_ends_by_itself_says_why() -> None:
    """Its last words are in the error."""
    with worker_process("test-end", ["-c", "import sys; sys.exit('no broker')"], {}) as worker:
        while worker.pids():
            time.sleep(0.01)
        with pytest.raises(RuntimeError, match="no broker"):
            worker.require_running()


@pytest.mark.slow
@needs_redis
def test_redis_runs_in_memory_and_is_gone_afterwards() -> None:
    """It answers on its port, keeps nothing on disk, and stops with the block."""
    with redis_server.redis_server() as address:
        place = (urlsplit(address).hostname, urlsplit(address).port)
        with socket.create_connection(place) as connection:
            connection.sendall(b"CONFIG GET save\r\nCONFIG GET appendonly\r\n")
            said = b""
            while said.count(b"\r\n") < 10:
                said += connection.recv(4096)
    assert said.split(b"\r\n")[3:5] == [b"$0", b""]
    assert b"no" in said.split(b"\r\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place)


@pytest.mark.slow
@needs_contenders
async def test_each_contender_is_compared() -> None:
    """Celery's, dramatiq's and our programs send each text, and ours loses and doubles none."""
    result = await peers.peers(TINY, (GEVENT, THREADS, HOST, ALONE), KILLED[-2:])
    speeds, tallies = result.tables
    assert [row[0] for row in speeds.rows] == [
        "Celery, gevent",
        "dramatiq",
        "Switchboard, local host",
        "Switchboard, own process",
    ]
    assert all(first > 0 < second for each in result.comparisons for first, second in each.pairs)
    assert [each.against for each in result.comparisons if each.aim] == [
        "Celery, gevent",
        "dramatiq",
    ]
    name, lost, doubled, *_ = tallies.rows[-1]
    assert (name, lost, doubled) == ("Switchboard, local host", "0", "0")
