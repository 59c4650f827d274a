"""Every family of verbs, imported so that each enters the table."""

from dev.simulator.call_engine import dial, flow, gather, record, serve, services, speaking

FAMILIES = (dial, flow, gather, record, serve, services, speaking)
