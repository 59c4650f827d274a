"""Output for a reader that may have stopped reading."""

import os

from dev.patient_stream import PatientStream


def test_what_is_written_arrives_in_order() -> None:
    """Everything that was written arrives, in order, before `finish` is over."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as read, os.fdopen(writer, "w") as write:
        stream = PatientStream(write)
        for number in range(100):
            stream.write(f"{number}\n")
        stream.finish(10)
        write.close()
        assert read.read().split() == [str(number) for number in range(100)]


def test_a_reader_that_stopped_does_not_stop_the_writer() -> None:
    """A megabyte goes into a pipe that nobody reads, and the writer is never held up."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as write:
        stream = PatientStream(write, max_waiting=10)
        written = [stream.write("x" * 10_000) for _ in range(100)]
        assert 0 in written
        os.close(reader)
        while not stream.write("the pipe is broken, so what waits is soon gone"):
            pass
        stream.finish(10)


def test_a_reader_that_has_gone_is_no_error() -> None:
    """Writing goes on quietly when the other end is closed."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as write:
        stream = PatientStream(write)
        stream.write("into nothing")
        stream.finish(10)
        assert stream.fileno() == writer
        assert not stream.isatty()
