"""A stand-in for the Azure Functions host, for development and tests on one machine.

It imports an unchanged function_app.py and serves its HTTP, queue and timer functions as the real
host and its Python worker do, by their sources and by measurements of both. Azure, and `func start`
from Core Tools, run the same app from the same file.

Where it differs: it creates missing queues, remembers timers in a file and not in a blob, runs the
app in its own process, and accepts only requests for this machine.
"""
