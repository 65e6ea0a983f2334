"""
How a refusal looks that nobody catches, as where `alembic upgrade head` is typed at a prompt.

Forty rows of a library's frames say nothing that the refusal does not say better; the place in the
application that led there does.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

__all__ = ["application_frames", "show_briefly"]


def show_briefly(kind: type[BaseException]) -> None:
    """Show what is uncaught of this type as one place and the text; unless somebody shows all."""
    default = sys.excepthook
    if default is not sys.__excepthook__:
        return

    def show(
        raised: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(raised, kind) or sys.stderr is None:
            default(raised, error, trace)
            return
        places = [*application_frames(trace)][-1:]
        shown = [f'  File "{file}", line {line}, in {name}' for file, line, name in places]
        text = "\n".join([*shown, f"{raised.__module__}.{raised.__qualname__}: {error}"])
        sys.stderr.write(f"{text}\n")

    sys.excepthook = show


def application_frames(trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    """File, line and function of the frames of neither Python nor a package, outermost first."""
    own, python = str(Path(__file__).parent), sysconfig.get_path("stdlib")
    while trace is not None:
        code = trace.tb_frame.f_code
        file = code.co_filename
        installed = {"site-packages", "dist-packages"} & {*Path(file).parts}
        if not (file.startswith(("<", own, python)) or installed):
            yield file, trace.tb_lineno, code.co_name
        trace = trace.tb_next
