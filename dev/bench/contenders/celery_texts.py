"""Texts by Celery, with Redis as its broker and for its results.

The worker: `celery --app dev.bench.contenders.celery_texts worker`.
"""

import os
import sys

from celery import Celery

from dev.bench.contenders.twilio_sender import send

app = Celery("texts", broker=os.environ["BROKER_URL"], backend=os.environ["RESULTS_URL"])
# As many connections as greenlets: with the ten that are the default, a text that was sent may not
# be taken off the queue ("Couldn't ack …: MaxConnectionsError").
connections = {"max_connections": 2 * int(os.environ["CONNECTIONS"])}
app.conf.broker_pool_limit = int(os.environ["CONNECTIONS"])
app.conf.broker_transport_options = connections
app.conf.broker_connection_retry_on_startup = True
if lease := os.environ.get("LEASE_SECONDS"):
    # A text is taken off the queue when it is sent, not before; a worker reserves no more than it
    # works on; what a dead worker held comes back after the lease.
    app.conf.task_acks_late = True
    app.conf.task_reject_on_worker_lost = True
    app.conf.worker_prefetch_multiplier = 1
    app.conf.broker_transport_options = {
        **connections,
        "visibility_timeout": int(lease),
        "unacked_restore_throttle": 1,  # looks every ten seconds, not every hundred
    }


@app.task(name="send_text")
def send_text(to: str) -> str:
    """Send a text; its SID is the result."""
    return send(to)


def main() -> None:
    """Put a text for each number on the queue."""
    with app.producer_or_acquire() as producer:
        for line in sys.stdin:
            send_text.apply_async((line.strip(),), producer=producer)


if __name__ == "__main__":
    main()
