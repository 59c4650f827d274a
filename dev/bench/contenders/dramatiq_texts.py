"""Texts by dramatiq, with Redis as its broker and for its results.

The worker: `dramatiq dev.bench.contenders.dramatiq_texts`.
"""

import os
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from dev.bench.contenders.twilio_sender import send

recovery = {}
if lease := os.environ.get("LEASE_SECONDS"):
    # A worker that says nothing for so long is dead, and each command looks for dead workers.
    recovery = {"heartbeat_timeout": int(lease) * 1000, "maintenance_chance": 1_000_000}
broker = RedisBroker(url=os.environ["BROKER_URL"], **recovery)
broker.add_middleware(Results(backend=RedisBackend(url=os.environ["RESULTS_URL"])))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def send_text(to: str) -> str:
    """Send a text; its SID is the result."""
    return send(to)


def main() -> None:
    """Put a text for each number on the queue."""
    for line in sys.stdin:
        send_text.send(line.strip())


if __name__ == "__main__":
    main()
