"""The marks of a scope as a tree: what runs, and in which branches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock_checks.facts import model as m

_DIVIDING = frozenset({"else", "except", "finally", "case", "do"})


@dataclass(frozen=True, slots=True)
class Part:
    """One branch: how it begins ("" for the first), and what runs in it."""

    op: str
    node: int
    place: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A mark, with its branches if it has any; `result` is the node of the whole expression."""

    op: str
    node: int
    place: int
    parts: tuple[Part, ...] = ()
    result: int = -1

    def part(self, op: str) -> tuple[Step, ...]:
        """What runs in the part that begins with `op`; nothing where there is none."""
        return next((part.steps for part in self.parts if part.op == op), ())

    def has(self, op: str) -> bool:
        return any(part.op == op for part in self.parts)


@dataclass(slots=True)
class _Open:
    mark: m.Mark
    parts: list[Part]
    head: m.Mark
    steps: list[Step]

    def divide(self, head: m.Mark) -> None:
        op = "" if self.head is self.mark else self.head.op
        self.parts.append(Part(op, self.head.node, self.head.place, tuple(self.steps)))
        self.head, self.steps = head, []


def shape(marks: Sequence[m.Mark]) -> tuple[Step, ...]:
    """The tree of a scope; nested as deeply as the source was."""
    top: list[Step] = []
    stack: list[_Open] = []
    for mark in marks:
        here = stack[-1].steps if stack else top
        if mark.op in m.OPENING:
            stack.append(_Open(mark, [], mark, []))
        elif mark.op in _DIVIDING:
            stack[-1].divide(mark)
        elif mark.op == "end":
            done = stack.pop()
            done.divide(mark)
            outer = stack[-1].steps if stack else top
            opened = done.mark
            outer.append(
                Step(opened.op, opened.node, opened.place, tuple(done.parts), result=mark.node)
            )
        else:
            here.append(Step(mark.op, mark.node, mark.place))
    return tuple(top)


def every(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps of a tree, in no particular order."""
    todo = list(steps)
    while todo:
        step = todo.pop()
        yield step
        for part in step.parts:
            todo.extend(part.steps)
