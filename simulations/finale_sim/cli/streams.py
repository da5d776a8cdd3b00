"""Standard output and error that survive a reader who leaves: ``… | head`` must change neither the verdict nor the exit code."""

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any

__all__ = ["patient_streams"]

_ESCAPE = "backslashreplace"  # messages of other people's programs may hold anything


@contextmanager
def patient_streams() -> Iterator[None]:
    """Within, what is written to a closed pipe is gone, and nobody gets an error for it, the explored program included.

    Any character can be written: what the encoding has no place for is written as an escape. What a caller has put in the
    place of the process's own streams stays there. Whatever else goes wrong (a full disk) is raised, once.
    """
    with ExitStack() as stack:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if isinstance(stream, io.TextIOWrapper) and isinstance(stream.buffer, io.BufferedWriter | io.FileIO):
                stream.flush()
                patient = io.TextIOWrapper(
                    io.BufferedWriter(_Patient(stream.fileno(), "w", closefd=False)),
                    encoding=stream.encoding,
                    errors=_ESCAPE,
                    line_buffering=stream.line_buffering or stream.write_through or stream is sys.stderr,
                )
                stack.enter_context(redirect(patient))
                stack.callback(patient.flush)
            elif isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=_ESCAPE)
        yield


class _Patient(io.FileIO):
    _lost = False

    def write(self, data: Any, /) -> int:
        try:
            if not self._lost:
                return super().write(data)
        except BrokenPipeError:
            self._lost = True
        except OSError:
            self._lost = True  # the buffer tries again when it is closed, and has nobody to tell
            raise
        return memoryview(data).nbytes
