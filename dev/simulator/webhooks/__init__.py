"""Requests to the app."""
