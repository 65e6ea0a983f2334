"""IL001: a source file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from interlock_checks.check import Check
from interlock_checks.finding import Finding
from interlock_checks.project import Project


class UnreadableFile(Check):
    """
    What cannot be read cannot be proved. A file that Python might run and interlock cannot parse
    may hold anything, a migration included, so it counts as if it did.

    The usual causes are a merge conflict that was committed, an encoding that is not the declared
    one, a file of Python 2, or a template that is named like a module. A file in which no word of
    the catalogue occurs cannot name a sink, and is not parsed.
    """

    code = "IL001"
    name = "unreadable-file"
    clause = "C6"
    summary = "source file that cannot be decoded or parsed"
    remedy = (
        "make it a file that Python can compile (`python -m py_compile FILE` says where it stops), "
        "or delete it if nothing runs it"
    )

    bad = {
        "a merge conflict": """
            from sqlalchemy import func, select

            from app.models import Line

            def total():
            <<<<<<< HEAD  # IL001
                return select(func.sum(Line.price))
            =======
                return select(func.sum(Line.amount))
            >>>>>>> prices
        """,
        "Python 2": """
            import MySQLdb

            db = MySQLdb.connect("reports")
            print "rows:", db.cursor().execute("select * from orders")  # IL001
        """,
        "an unfinished edit": """
            import subprocess

            def version():
                return {"git": subprocess.getoutput("git describe")]  # IL001
        """,
    }
    good = {
        "syntax newer than the Python that runs interlock": """
            from sqlalchemy import Row

            type Rows[T] = list[Row[tuple[T]]]

            def first[T](rows: Rows[T]) -> T:
                return rows[0][0]
        """,
        "a template for a project that does not exist yet": """
            from sqlalchemy import MetaData

            {% if cookiecutter.schema %}
            metadata = MetaData(schema="{{ cookiecutter.schema }}")
            {% endif %}
        """,
    }

    def run(self, project: Project) -> Iterator[Finding]:
        for path, problem in project.problems():
            yield Finding(
                path=path,
                row=problem.row,
                column=1,
                code=self.code,
                message=f"cannot be read: {problem.message}",
                end_row=problem.row,
                end_column=1,
            )
