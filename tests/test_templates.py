"""The ways in which a template can be filled in."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from interlock_checks.documents.templates import MOST_READINGS, readings

LINE = st.builds("k{}: v\n".format, st.integers(0, 10**9))
GO = ("{{- if .Values.a }}\n", "{{ else if eq .b 1 }}\n", "{{- end -}}\n")
JINJA = ("{% if a %}\n", "{%- elif b %}\n", "{% endif %}\n")


def _conditional(branches: list[str], marks: tuple[str, str, str]) -> str:
    first, middle, last = marks
    return first + middle.join(branches) + last


TEMPLATE = st.recursive(
    LINE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.builds(
            _conditional, st.lists(inner, min_size=1, max_size=3), st.sampled_from((GO, JINJA))
        ),
    ),
    max_leaves=12,
)


def lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("k")]


@given(TEMPLATE)
def test_each_line_of_a_template_is_in_one_of_its_readings(text: str) -> None:
    found = list(readings(text))

    event(f"readings: {len(found)}")
    assert all(one.count("\n") == text.count("\n") for one in found)
    if found and len(found) < MOST_READINGS:
        assert {line for one in found for line in lines(one)} == set(lines(text))


@given(TEMPLATE)
def test_a_reading_takes_one_branch_of_each_conditional(text: str) -> None:
    split = "{% if a %}k: one\n" + text + "{% else %}k: two\n{% endif %}"

    assert all(("k: one" in one) != ("k: two" in one) for one in readings(split))


@given(st.lists(st.sampled_from([*GO, *JINJA, "a\n", "${{ if x }}\n"]), max_size=12).map("".join))
def test_marks_in_any_order_are_read_or_left_alone(text: str) -> None:
    assert all(one.count("\n") == text.count("\n") for one in readings(text))


def test_a_template_without_alternatives_has_no_readings_of_its_own() -> None:
    assert list(readings("{{ if .a }}\nk: v\n{{ end }}\n")) == []
    assert list(readings("- ${{ if a }}:\n  - x\n- ${{ else }}:\n  - y\n")) == []
