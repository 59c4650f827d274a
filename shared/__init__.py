"""Switchboard: what was accepted is sent once."""
