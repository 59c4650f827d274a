"""A stand-in for the Azure Functions host, for development and tests on one machine.

It is not the real host. It imports an unchanged function_app.py and serves its HTTP, queue and
timer functions the way the real host and its Python worker do, as far as their documentation and
source tell. Azure, and `func start` from Core Tools, run the same app from the same file.
"""
