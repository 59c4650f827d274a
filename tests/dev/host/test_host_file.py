import os
from pathlib import Path

from dev.host.host_file import HostFile, QueueOptions, read_host_file


def test_defaults_are_the_real_hosts(tmp_path: Path) -> None:
    """A host.json that sets nothing means what it means in Azure."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    assert read_host_file(tmp_path) == HostFile(
        route_prefix="api",
        queues=QueueOptions(
            batch_size=16,
            new_batch_threshold=8 * (os.cpu_count() or 1),
            max_polling_interval=60,
            max_dequeue_count=5,
            retry_delay=0,
            base64=True,
        ),
    )


def test_every_setting_is_read(tmp_path: Path) -> None:
    """Time spans become seconds, and the prefix loses its slashes."""
    (tmp_path / "host.json").write_text(
        """{"extensions": {
            "http": {"routePrefix": "/v1/"},
            "queues": {"batchSize": 32, "newBatchThreshold": 0, "maxPollingInterval": "00:00:01.5",
                       "visibilityTimeout": "1.00:01:30", "maxDequeueCount": 1,
                       "messageEncoding": "None"}}}"""
    )
    assert read_host_file(tmp_path) == HostFile(
        "v1", QueueOptions(32, 0, 1.5, 1, 86490, base64=False)
    )
