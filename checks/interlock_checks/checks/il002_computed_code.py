"""IL002: code that is made while the program runs."""

from __future__ import annotations

from interlock_checks.check import Check
from interlock_checks.project import Offence


class ComputedCode(Check):
    """
    Text that becomes code while the program runs can say anything, a migration included, and no
    reader of the repository will find it there.

    Text that can be worked out from the source is no such text: it is read as code where it stands,
    and reported only if it does what no other code may do.
    """

    code = "IL002"
    name = "computed-code"
    clause = "C6"
    summary = "`exec`, `eval` or `compile` of text that is computed at run time"
    remedy = (
        "call a function instead of building source text, chosen from a dictionary of functions; "
        "for values use `ast.literal_eval` or `json.loads`"
    )

    bad = {
        "source text from outside": """
            import sys

            exec(sys.stdin.read())  # IL002
        """,
        "an expression from a form": """
            def column(row, expression):
                return eval(expression, {"row": row})  # IL002
        """,
        "a file that is compiled and run": """
            from pathlib import Path

            def load(path):
                settings = {}
                exec(compile(Path(path).read_text(), path, "exec"), settings)  # IL002
                return settings
        """,
        "the builtin under another name": """
            handlers = {"python": exec, "json": print}  # IL002
        """,
    }
    good = {
        "a choice of functions": """
            OPERATIONS = {"sum": sum, "largest": max}

            def apply(name, values):
                operation = OPERATIONS[name]
                return operation(values)
        """,
        "text that is a constant": """
            exec("answer = 6 * 7")
        """,
        "text that is only parsed": """
            import ast

            def names(source):
                tree = compile(source, "<source>", "exec", flags=ast.PyCF_ONLY_AST)
                return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        """,
        "a literal": """
            from ast import literal_eval

            def column(text):
                return literal_eval(text)
        """,
        "a method of that name": """
            import re

            def words(pattern, text):
                return re.compile(pattern).findall(text)
        """,
    }

    def message(self, offence: Offence) -> str:
        name = offence.sink.removeprefix("builtins.")
        if offence.manner.startswith("of "):
            return f"`{name}` {offence.manner}: this may run any code"
        return f"`{name}` {offence.manner}: what will be run with it is not known"
