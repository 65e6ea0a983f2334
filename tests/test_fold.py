"""Folding, held against the interpreter: it claims of an expression what Python computes."""

from __future__ import annotations

import re

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from interlock_checks.facts import model as m
from interlock_checks.facts.python import read_cut
from interlock_checks.facts.relevant import Interest
from interlock_checks.facts.remainder import remainder
from interlock_checks.link.values import HOLE, MOST, Lit, Many, Table, Text, Value, Values, merge
from interlock_checks.link.world import World
from interlock_checks.modules import ModuleIndex

PREAMBLE = """\
A = "alembic"
B = "up" + "grade"
N = 2
L = ["a", "b", "c"]
D = {"k": "v", "n": "m"}
if N > 1:
    C = "one"
else:
    C = "two"
def same(given):
    return given
def put(first, second="-"):
    return first + second
def early(given):
    if len(given) > 3:
        return given.upper()
    return given
"""


class Raised:
    """Python computes no value."""


RAISED = Raised()


def python_computes(text: str) -> object:
    """The value of x; the text is one that this test wrote itself."""
    namespace: dict[str, object] = {}
    try:
        exec(compile(text, "<generated>", "exec"), namespace)  # noqa: S102 - our own text
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return RAISED
    return namespace["x"]


def folded(text: str) -> Values:
    """What linking says of x."""
    facts = read_cut(remainder(text, Interest()), lambda _reader, _use: True)
    return World({"m.py": facts}, ModuleIndex(["m.py"], {})).exported("m.py", "x")


def is_open(values: Values) -> bool:
    """Whether something of which nothing is claimed is among the alternatives."""
    return any(not isinstance(value, Lit | Text | Many | Table) for value in values)


def allows(values: Values, computed: object) -> bool:
    """Whether what Python computes is among the alternatives, or one of them is unknown."""
    return is_open(values) or any(_is(value, computed) for value in values)


def _is(value: Value, computed: object) -> bool:
    match value:
        case Lit(value=constant):
            return type(constant) is type(computed) and constant == computed
        case Text(parts=parts):
            pattern = "".join(".*" if part is None else re.escape(part) for part in parts)
            return (
                isinstance(computed, str) and re.fullmatch(pattern, computed, re.DOTALL) is not None
            )
        case Many(items=items, rest=rest):
            if not isinstance(computed, list | tuple | set):
                return False
            if rest:
                return True
            held = list(computed)
            if isinstance(computed, set):
                return all(any(allows(item, one) for item in items) for one in held)
            return len(held) == len(items) and all(map(allows, items, held))
        case Table(pairs=pairs, rest=rest):
            return isinstance(computed, dict) and (
                rest
                or all(
                    any(allows(k, key) and allows(v, computed[key]) for k, v in pairs)
                    for key in computed
                )
            )
        case _:
            return True


WORDS = st.text("ab{}% .-x\\'\"\né", max_size=5)
SMALL = st.integers(-3, 5)


def _fill(template: str, *operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*operands).map(lambda given: template.format(*given))


def _strings(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    whole = SMALL.map(repr)
    quote = WORDS.map(repr)
    plain = st.text("abc", max_size=3).map(repr)
    bound = st.one_of(st.just(""), whole)
    two = st.one_of(
        _fill("({} + {})", inner, inner),
        _fill("({} * {})", inner, whole),
        _fill("({} * {})", whole, inner),
        _fill("('%s-%s' % ({}, {}))", inner, inner),
        _fill("('%s' % {})", inner),
        _fill("('%s' % ({},))", inner),
        _fill("('%(a)s.%(b)s' % {{'a': {}, 'b': {}}})", inner, inner),
        _fill("('%d%%' % {})", whole),
        _fill("('%5s|%-4s|%r|%03d|%x' % ({}, {}, {}, {}, {}))", inner, inner, inner, whole, whole),
        _fill("({} % {})", quote, inner),
    )
    formatted = st.one_of(
        _fill("'{{}}/{{}}'.format({}, {})", inner, inner),
        _fill("'{{1}}{{0}}{{1}}'.format({}, {})", inner, inner),
        _fill("'{{a}}{{0}}'.format({}, a={})", inner, inner),
        _fill("'{{!r:>9}}{{:03d}}'.format({}, {})", inner, whole),
        _fill("'{{0[0]}}'.format({})", inner),
        _fill("{}.format({})", quote, inner),
        _fill("'{{a}}'.format_map({{'a': {}}})", inner),
        st.sampled_from(
            [
                'f"{A}-{B}"',
                'f"{A!r}"',
                'f"{A!s:>9}"',
                'f"{N:03d}{{}}"',
                'f"{A!a}{L}"',
                'f"{A:{N}}"',
                'f"{D}{None}{1.5}"',
                'f"{A[1:]}" "tail"',
            ]
        ),
    )
    methods = st.one_of(
        _fill("{}.replace({}, {})", inner, plain, plain),
        _fill("{}.replace({}, {}, 1)", inner, plain, plain),
        _fill("{}.{}()", inner, st.sampled_from("upper lower title strip swapcase".split())),
        _fill("{}.strip({})", inner, plain),
        _fill("{}.removeprefix({})", inner, plain),
        _fill("{}.zfill({})", inner, whole),
        _fill("{}.split({})[{}]", inner, plain, whole),
        _fill("{}.partition({})[{}]", inner, plain, whole),
        _fill("{}.join([{}, {}])", plain, inner, inner),
        _fill("{}.join({})", plain, inner),
        _fill("{}.join(({}, *L))", plain, inner),
        _fill("{}.encode().decode()", inner),
        _fill("{}.encode('utf-16-le').decode('utf-16-le')", inner),
        _fill("bytes.fromhex({}.encode().hex()).decode()", inner),
    )
    cuts = st.one_of(
        _fill("{}[{}]", inner, whole),
        _fill("{}[{}:{}]", inner, bound, bound),
        _fill("{}[{}:{}:{}]", inner, bound, bound, bound),
        _fill("{}[::-1]", inner),
        _fill("[{}, {}, {}][{}]", inner, inner, inner, whole),
        _fill("({}, {})[{}]", inner, inner, whole),
        _fill("([{}] + L)[{}]", inner, whole),
        _fill("{{'k': {}, 'k': {}}}['k']", inner, inner),
        _fill("{{'k': {}, **D}}['k']", inner),
        _fill("{{**D, 'n': {}}}['n']", inner),
        _fill("D.get({}, {})", plain, inner),
        _fill("({{'k': {}}} | D)['k']", inner),
    )
    spread = st.one_of(
        _fill("''.join(reversed({}))", inner),
        _fill("''.join(map(chr, [{}, {}]))", st.integers(60, 70).map(repr), st.just("97")),
        _fill("chr(ord({}[0]) + {})", inner, whole),
        _fill("''.join(chr(ord(c) + {}) for c in {})", whole, inner),
        _fill("''.join([c + {} for c in {}])", plain, inner),
        _fill("''.join(c for c in {} if c != 'a')", inner),
        _fill("'-'.join(c.upper() for c in L)"),
        _fill("'-'.join(sorted([{}, {}]))", inner, inner),
        _fill("''.join({}.split())", inner),
        _fill("str({})", st.one_of(inner, whole)),
        _fill("repr({})", inner),
    )
    chosen = st.one_of(
        _fill("({} if {} else {})", inner, st.sampled_from(["N", "not N", "A == B"]), inner),
        _fill("({} or {})", inner, inner),
        _fill("({} and {})", inner, inner),
        _fill("same({})", inner),
        _fill("put({})", inner),
        _fill("put({}, {})", inner, inner),
        _fill("put(second={}, first={})", inner, inner),
        _fill("early({})", inner),
        _fill("(lambda a, b={}: a + b)({})", inner, inner),
    )
    return st.one_of(two, formatted, methods, cuts, spread, chosen)


LEAVES = st.one_of(
    WORDS.map(repr),
    st.sampled_from(["A", "B", "C", "L[0]", "D['k']", "b'up'.decode()", "r'\\n'", "'a' 'b'"]),
)
STRINGS = st.recursive(LEAVES, _strings, max_leaves=6)
EXPRESSIONS = st.one_of(
    STRINGS,
    _fill("[{}, {}]", STRINGS, STRINGS),
    _fill("{{{}: {}}}", STRINGS, STRINGS),
    _fill("[c for c in ({}, {})]", STRINGS, STRINGS),
    _fill("{}.encode()[{}]", STRINGS, SMALL.map(repr)),
    _fill("{}.encode()[{}:]", STRINGS, SMALL.map(repr)),
    _fill("({}.encode() + b'tail')", STRINGS),
    _fill("(b'%s' % {}.encode())", STRINGS),
    _fill("({} + N * {} - {})", SMALL.map(repr), SMALL.map(repr), SMALL.map(repr)),
    _fill("len({})", STRINGS),
    _fill("[{}, *L][{}:]", STRINGS, SMALL.map(repr)),
    _fill("L * {}", SMALL.map(repr)),
    _fill("{}.split('a')", STRINGS),
    _fill("(A + {}).split()", STRINGS),
)


@settings(max_examples=350)
@given(EXPRESSIONS)
def test_folding_never_claims_a_value_that_python_would_not_compute(expression: str) -> None:
    text = f"{PREAMBLE}x = {expression}\n"
    computed = python_computes(text)
    found = folded(text)
    if isinstance(computed, Raised):
        # No value, so no claim can be wrong; an expression that raises starts nothing.
        event("raises")
        return
    event("open" if is_open(found) else "claimed")
    assert allows(found, computed), f"x = {expression}: {computed!r} is not among {found}"


@settings(max_examples=60)
@given(EXPRESSIONS, EXPRESSIONS)
def test_what_a_name_was_bound_to_in_turn_is_all_among_the_alternatives(
    first: str, second: str
) -> None:
    text = f"{PREAMBLE}y = {first}\nif N == 2:\n    y = {second}\nx = y\n"
    computed = python_computes(text)
    if not isinstance(computed, Raised):
        assert allows(folded(text), computed), f"{text}{computed!r}"


NAMES = st.sampled_from(["p", "q", "r"])
CHANGES = st.one_of(
    st.builds("{} = [{}]".format, NAMES, WORDS.map(repr)),
    st.builds("{} = {}".format, NAMES, NAMES),
    st.builds("{} = {} = [{}]".format, NAMES, NAMES, WORDS.map(repr)),
    st.builds("{}, {} = {}, {}".format, NAMES, NAMES, NAMES, NAMES),
    st.builds("{}.append({})".format, NAMES, WORDS.map(repr)),
    st.builds("{}.insert(0, {})".format, NAMES, WORDS.map(repr)),
    st.builds("{} += [{}]".format, NAMES, WORDS.map(repr)),
    st.builds("{} = {} + [{}]".format, NAMES, NAMES, WORDS.map(repr)),
    st.builds("{}[0] = {}".format, NAMES, WORDS.map(repr)),
    st.builds("{}.pop()".format, NAMES),
    st.builds("{0} = list({0})".format, NAMES),
)
NESTED = st.one_of(
    CHANGES,
    st.builds("if N > 1:\n    {}".format, CHANGES),
    st.builds("if N > 5:\n    {}".format, CHANGES),
    st.builds("for _ in L:\n    {}\n    {}".format, CHANGES, CHANGES),
    st.builds("try:\n    {}\nexcept IndexError:\n    {}".format, CHANGES, CHANGES),
)


@settings(max_examples=350)
@given(st.lists(NESTED, min_size=1, max_size=6), NAMES)
def test_a_list_is_what_it_became_through_any_of_its_names(lines: list[str], name: str) -> None:
    begin = "p = ['one']\nq = ['two']\nr = p\n"
    text = "\n".join([f"{PREAMBLE}{begin}", *lines, f"x = {name}\n"])
    computed = python_computes(text)
    if isinstance(computed, Raised):
        event("raises")
        return
    found = folded(text)
    event("open" if is_open(found) else "claimed")
    assert allows(found, computed), f"{text}\n{computed!r} is not among {found}"


@pytest.mark.parametrize(
    "expression",
    [
        '"alem" + "bic"',
        '"cibmela"[::-1]',
        '"%s %s" % (A, B)',
        'f"{A} {B}"',
        '"{} {}".format(A, B)',
        '" ".join([A, B])',
        '"ALEMBIC".lower()',
        'bytes.fromhex("616c656d626963").decode()',
        '"".join(map(chr, [97, 108]))',
        '"".join(c for c in "abc")',
        "D['k']",
        "L[1:]",
        "same(A)",
        "put(A, B)",
    ],
)
def test_a_constant_that_is_cut_up_stays_that_constant(expression: str) -> None:
    text = f"{PREAMBLE}x = {expression}\n"
    found = folded(text)
    assert not is_open(found)
    assert allows(found, python_computes(text))


@pytest.mark.parametrize(
    "expression",
    ["'a'.no_such()", "'abc'[7]", "1 / 0", "{}['k']", "b'\\xff'.decode()", "int('a')", "'a' - 1"],
)
def test_nothing_is_claimed_of_what_raises(expression: str) -> None:
    text = f"{PREAMBLE}x = {expression}\n"
    assert python_computes(text) is RAISED
    found = folded(text)
    assert is_open(found) or not found


@pytest.mark.parametrize(
    "expression",
    [
        "Path(sys.executable).with_name('alembic')",
        "Path(sys.executable).parent / 'alembic'",
        "os.path.join(home(), 'bin', 'alembic')",
        "f'{home()}/bin/alembic'",
        "str(Path.home() / 'alembic')",
        "(Path.home() / 'alembic.py').with_suffix('')",
        "Path(home(), 'flask.x').with_stem('alembic').with_suffix('')",
    ],
)
def test_of_a_path_the_last_part_is_known_wherever_it_leads(expression: str) -> None:
    (found,) = folded(f"import os, sys\nfrom pathlib import Path\nx = {expression}\n")
    assert isinstance(found, Text)
    assert (found.parts[-1] or "").rpartition("/")[2] == "alembic"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("f'alembic -x tag={home()} upgrade'.split()", ["alembic", "-x", None, "upgrade"]),
        ("f'a,{home()},c'.split(',')", ["a", None, "c"]),
        ("f'alembic {home()} upgrade'.rsplit(None, 1)", [None, "upgrade"]),
        ("shlex.split(f'sh -c \"alembic {home()}\"')", ["sh", "-c", None]),
    ],
)
def test_a_text_in_parts_is_split_into_words_and_may_be_more(
    expression: str, words: list[str | None]
) -> None:
    found = folded(f"import shlex\nx = {expression}\n")
    (listed,) = (value for value in found if isinstance(value, Many))
    assert is_open(found)
    assert [
        one.value if isinstance(one, Lit) else None for item in listed.items for one in item
    ] == words


@given(st.integers(-(2**70), 2**70) | st.sampled_from([-(2**63), 2**63, -(10**41), 10**5_000]))
def test_an_integer_of_any_size_is_itself_or_unknown(number: int) -> None:
    text = f"x = {number:#x}\ny = -{abs(number):#x}\n"
    facts = read_cut(remainder(text, Interest()), lambda _reader, _use: True)

    assert allows(folded(text), number)
    assert m.DECODER.decode(m.ENCODER.encode(facts)) == facts


@given(
    st.sampled_from(["", ".", "shop.", "al"]),
    st.lists(st.text("abl.", max_size=6) | st.none(), min_size=1, max_size=60, unique=True),
)
def test_alternatives_of_which_there_are_too_many_stay_possible(
    start: str, ends: list[str | None]
) -> None:
    given = [None if end is None else start + end for end in ends]
    found = merge([(Lit(one),) for one in given])

    event(f"widened: {len(found) > MOST - 1}, with a start: {HOLE not in found}")
    assert all(HOLE in found or any(_is(v, one) for v in found) for one in given)
    assert merge([found, found]) == found
    assert len(found) <= MOST + 1
    assert HOLE not in found or len(given) > MOST


def test_the_comparison_itself_can_fail() -> None:
    assert not allows((Lit("a"),), "b")
    assert not allows((Lit(1),), True)
    assert not allows((Many(((Lit("a"),),)),), ["a", "b"])
    assert not allows((Text(("a", None)),), "ba")
    assert not allows((), "a")
