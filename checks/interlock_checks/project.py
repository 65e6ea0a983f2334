"""The linked project as the checks see it: uses that are not at home, and unreadable files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interlock_checks.facts import model as m

if TYPE_CHECKING:  # a report that is recalled asks checks for their wording alone
    from interlock_checks.homes import Homes
    from interlock_checks.link.reach import Reach
    from interlock_checks.weakening.model import Loosened


@dataclass(frozen=True, slots=True)
class Offence:
    """A use of a sink away from its home, or a place where nothing can be proved."""

    path: str
    span: m.Span
    sink: str
    manner: str


@dataclass
class Project:
    """All that is known of a repository after linking."""

    files: Mapping[str, m.Facts]
    summaries: Mapping[str, m.Summary]
    homes: Homes
    reaches: Sequence[Reach]
    loosened: Sequence[Loosened] = ()
    places: Mapping[str, Mapping[int, m.Span]] = field(default_factory=dict)
    stand_ins: frozenset[str] = frozenset()
    _away: dict[str, list[Offence]] | None = field(default=None, repr=False)

    def problems(self) -> Iterator[tuple[str, m.Problem]]:
        """Files, or parts of files, that could not be read."""
        for path, summary in self.summaries.items():
            for problem in summary.problems:
                yield path, problem

    def offences(self, code: str) -> Sequence[Offence]:
        """The uses with that code that are not at home, each place once."""
        if self._away is None:
            self._away = self._judge()
        return self._away.get(code, ())

    def at_home(self) -> dict[str, int]:
        """How often each sink is used where it may be."""
        counted: dict[str, int] = {}
        for reach in self.reaches:
            if self._allowed(reach) and not reach.code.startswith("IL3"):
                counted[reach.sink] = counted.get(reach.sink, 0) + 1
        return counted

    def _allowed(self, reach: Reach) -> bool:
        return self.homes.allows(reach.code, reach.path, self._scope(reach))

    def _scope(self, reach: Reach) -> tuple[str, ...]:
        return self.files[reach.path].scope_names(reach.scope)

    def away(self) -> list[Reach]:
        """The uses that are not at home."""
        return [reach for reach in self.reaches if not self._allowed(reach)]

    def _span(self, reach: Reach) -> m.Span:
        if reach.number < 0:
            return m.Span(reach.row, 1, reach.row, 1)
        return self.places[reach.path][reach.number]

    def _judge(self) -> dict[str, list[Offence]]:
        away = self.away()
        places = {(reach.path, reach.number) for reach in away if reach.number >= 0}
        found: dict[str, list[Offence]] = {}
        seen: set[tuple[str, str, int, int]] = set()
        used = {(reach.path, reach.code) for reach in away if not reach.weak}
        for reach in away:
            if reach.weak and (reach.path, reach.code) in used:
                continue
            # What was given away in this file is reported there, not again where it arrives.
            here = (reach.path, reach.number)
            if reach.via in places and reach.via != here and reach.via[0] == reach.path:
                continue
            span = self._span(reach)
            key = (reach.code, reach.path, span.row, span.column)
            if key in seen:
                continue
            seen.add(key)
            offence = Offence(reach.path, span, reach.sink, reach.manner)
            found.setdefault(reach.code, []).append(offence)
        return found
