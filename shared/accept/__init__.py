"""Untrusted input becomes a valid request, on the queue and in the ledger."""
