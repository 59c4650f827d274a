"""`python3 dev simulate --seeds N`: the delivering code on virtual time, under every failure.

The real accept, deliver, settle, cancel, retry, erase and timer code runs in several simulated
processes. Their clock moves only when nothing is left to do, so that hours take a moment, and
everything random comes from the seed, so that a seed that fails fails again.

`virtual_time` is the event loop, `process` a process of the app and its way to the servers,
`storage` and `twilio` are the servers, `host` feeds a process as the Functions host does,
`scenario` is what clients, operators and failures do, `alerts` what people on duty do.
`alert_watch` watches alerts, `audit` compares the ledger with the books, `mutations` breaks the app
on purpose.
"""


def main(arguments: list[str]) -> int:
    """Run the command; nothing of the app is imported before that."""
    from dev.simulate.command import main as run

    return run(arguments)
