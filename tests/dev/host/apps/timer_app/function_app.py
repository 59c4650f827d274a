"""An app of timers, without a route prefix."""

import json

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
runs: list[str] = []


@app.timer_trigger(arg_name="timer", schedule="%EVERY_SECOND%")
def each_second(timer: func.TimerRequest) -> None:
    """Run by a schedule from the settings."""
    runs.append(f"each_second past_due={timer.past_due}")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
async def at_start(timer: func.TimerRequest) -> None:
    """Run when the host starts, and in January."""
    del timer
    runs.append("at_start")


@app.timer_trigger(arg_name="timer", schedule="0 0 1 1 *")
async def by_hand(timer: func.TimerRequest) -> None:
    """Run by the admin path; a schedule of five fields."""
    del timer
    runs.append("by_hand")
    raise RuntimeError("failed on purpose")


@app.route("runs", methods=["GET"])
def list_runs(req: func.HttpRequest) -> str:
    """Answer every run so far."""
    del req
    return json.dumps(runs)
