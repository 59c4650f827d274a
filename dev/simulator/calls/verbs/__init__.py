"""The TwiML verbs. Importing this package enters each of them in the interpreter's table."""

from dev.simulator.calls.verbs import dial, flow, gather, queue, record, services, speaking

__all__ = ["dial", "flow", "gather", "queue", "record", "services", "speaking"]
