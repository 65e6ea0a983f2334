"""The arguments of Alembic and of its Click front ends, read as their own parsers do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from interlock_checks.commands.model import Argument, Rest, const, may_be, opaque, starts
from interlock_checks.commands.prefixes import marks
from interlock_checks.commands.tools import (
    ALEMBIC_OPTIONS,
    ALEMBIC_READS,
    ALEMBIC_VERB_OPTIONS,
    ALEMBIC_WRITES,
    FRONT_VERB_OPTIONS,
    Front,
)


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of alembic; `verb` None with `uncertain` means that it may be any."""

    verb: str | None
    uncertain: bool = False
    offline: bool = False
    clean: bool = True
    others: tuple[Argument, ...] = ()


def alembic_call(words: tuple[Argument, ...]) -> Call:
    """Reads the arguments as Alembic's own parser does, unknown words taken for the worst."""
    known = marks(ALEMBIC_OPTIONS)
    index, uncertain, clean = 0, False, True
    while index < len(words):
        argument = words[index]
        text = starts(argument)
        whole = const(argument)
        if opaque(argument):
            uncertain = True
            index += 1
        elif text.startswith("-") and len(text) > 1 and whole != "--":
            mark, attached, listed = _argparse_option(text, known)
            if mark == "!":
                return Call(None)
            clean &= listed
            index += 2 if mark and not attached else 1
        elif whole == "--":
            index += 1
        elif whole is None:
            if any(may_be(argument, verb) for verb in ALEMBIC_WRITES):
                return Call(None, uncertain=True)
            return Call(None)
        elif whole in ALEMBIC_WRITES:
            return _verb_call(whole, words[index + 1 :], clean)
        elif uncertain and whole not in ALEMBIC_READS:
            # `alembic $COMMAND head`: the unknown word was the verb.
            return Call(None, uncertain=True)
        else:
            return Call(whole, clean=clean)
    return Call(None, uncertain=uncertain)


def _verb_call(verb: str, words: tuple[Argument, ...], clean: bool) -> Call:
    known = marks(ALEMBIC_VERB_OPTIONS)
    others: list[Argument] = []
    index, offline = 0, False
    while index < len(words):
        argument = words[index]
        text = starts(argument)
        whole = const(argument)
        # A relative revision (`-1`) is no option; behind `--` nothing is.
        if whole == "--":
            others.extend(words[index + 1 :])
            break
        if whole == "--sql":
            offline = True
        elif text.startswith("-") and len(text) > 1 and not re.match(r"-\d+$", text):
            mark, attached, listed = _argparse_option(text, known)
            if mark == "!" and whole is not None:
                return Call(None)
            clean &= listed
            index += 1 if mark == ":" and not attached else 0
        else:
            others.append(argument)
        index += 1
    return Call(verb, offline=offline, clean=clean, others=tuple(others))


def _argparse_option(text: str, known: Mapping[str, str]) -> tuple[str, bool, bool]:
    """Mark, whether the value stands in the same word, and whether the option is known."""
    if text in known:
        return known[text], False, True
    name, equals, _ = text.partition("=")
    if text.startswith("--"):
        # argparse takes any unambiguous beginning of a long option.
        fitting = [one for one in known if one.startswith(name) and one.startswith("--")]
        if len(fitting) == 1:
            mark = known[fitting[0]]
            return ("" if mark == "!" else mark), bool(equals), True
        return "", False, False
    for position, letter in enumerate(text[1:], 2):
        mark = known.get("-" + letter, "")
        if mark:
            return ("" if mark == "!" else mark), position < len(text), True
    return "", False, all("-" + letter in known for letter in text[1:])


def count_fits(verb: str, others: tuple[Argument, ...]) -> bool:
    if any(isinstance(one, Rest) for one in others):
        return True
    if verb == "ensure_version":
        return not others
    return len(others) == 1 or (verb == "stamp" and len(others) > 1)


_REVISION = re.compile(
    r"(?:[^\s:]+@)?(?:heads?|base|[+-]\d+|[0-9a-f]{4,40}|head[+-]\d+)(?:[+-]\d+)?|\w*:\w+", re.I
)


def revisions_fit(verb: str, others: tuple[Argument, ...]) -> bool:
    """Whether the words can only be revisions: unknown, or in the shape of one."""
    if not count_fits(verb, others) or not others:
        return verb == "ensure_version"
    texts = [const(one) for one in others]
    if all(text is None for text in texts):
        return verb != "upgrade" or len(others) == 1
    return all(text is None or _REVISION.fullmatch(text) for text in texts)


def front_verb(front: Front, words: tuple[Argument, ...]) -> tuple[str | None, bool]:
    """The verb (None: computed; empty: none) and whether it only prints."""
    known = marks(FRONT_VERB_OPTIONS + " " + front.options)
    index, verb, computed, offline = 0, "", False, False
    while index < len(words):
        argument = words[index]
        text = starts(argument)
        whole = const(argument)
        if opaque(argument):
            computed |= not verb
            index += 1
        elif whole in ("--help", "-h"):
            return "", True
        elif whole == "--":
            break
        elif text.startswith("-") and len(text) > 1:
            offline |= whole == "--sql" and bool(verb)
            mark, attached, _ = click_option(text, known)
            index += 2 if mark == ":" and not attached else 1
        elif verb == "migrate" and whole in ALEMBIC_WRITES:
            # Flask-DB hands the words behind `migrate` to Alembic.
            return "upgrade" if whole == "ensure_version" else whole, offline
        elif not verb:
            if whole is None:
                computed |= any(may_be(argument, one) for one in front.writes)
                verb = "" if computed else "?"
            elif computed and whole not in front.writes and whole not in front.reads:
                return None, False
            else:
                verb = whole
            index += 1
        else:
            index += 1
    if verb:
        return verb, offline
    return (None if computed else ""), offline


def click_option(text: str, known: Mapping[str, str]) -> tuple[str, bool, bool]:
    """As `_argparse_option`; Click knows no abbreviations."""
    if text in known:
        return known[text], False, True
    name, equals, _ = text.partition("=")
    if text.startswith("--"):
        return known.get(name, ""), bool(equals), name in known
    mark = known.get(text[:2], "")
    return mark, len(text) > 2, text[:2] in known
