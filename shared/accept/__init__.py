"""Turn untrusted input into a valid request, on the queue and in the ledger."""
