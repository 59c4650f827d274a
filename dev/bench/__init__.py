"""`python3 dev bench [name …]`: what Switchboard costs, each figure a ratio in one run.

A candidate and its baseline run alternately on the same machine, so that what disturbs one
disturbs the other; each pair of runs gives a ratio. Results go to docs/bench/.
"""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; gives 1 where `--strict` and an aim was missed."""
    # Here, so that the memory of a program that is measured has no plots in it.
    from dev.bench import command

    return command.main(arguments)
