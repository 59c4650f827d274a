"""Twilio's REST API."""
