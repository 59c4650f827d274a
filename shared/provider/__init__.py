"""Twilio's REST API behind one small Protocol; its codes and statuses as data."""
