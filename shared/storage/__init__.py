"""The table and the queues, each behind a Protocol."""
