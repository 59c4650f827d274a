"""What `breakpoint()` does in the app while no debugger is attached: it says how to attach one."""

import sys

HOW = 'in VS Code start "Switchboard: dev run" of .vscode/launch.json, and it stops here'


def explain(*_arguments: object, **_options: object) -> None:
    """Name the line and the way to debug it, and go on; set as PYTHONBREAKPOINT by `dev run`.

    A debugger that is attached has put its own hook in the place of the one that calls this.
    """
    caller = sys._getframe(1)  # noqa: SLF001 - the frame is what a breakpoint is about
    where = f"{caller.f_code.co_filename}:{caller.f_lineno}"
    print(f"breakpoint at {where}: no debugger is attached; {HOW}", file=sys.stderr, flush=True)
