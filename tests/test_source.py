"""Decoding as CPython does, and knowing templates."""

from __future__ import annotations

import ast
import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock_checks.lexical import Scanner
from interlock_checks.source import (
    Unreadable,
    decode,
    is_template,
    searchable,
    without_template_marks,
)

BOM = b"\xef\xbb\xbf"
A = "# \N{LATIN SMALL LETTER A WITH DIAERESIS}\n"
CODECS = """
    utf-8 UTF8 utf8 utf-8-sig utf_8_foo u8 utf latin-1 Latin_1 iso-8859-1-x iso-latin-1 L1 8859
    iso-8859-15 cp1252 ascii us-ascii koi8-r shift_jis hz iso2022_jp gbk big5 tis-620 mac-roman
    unicode_escape raw_unicode_escape utf-7 rot13 hex base64 zlib bz2 uu quopri undefined punycode
    idna mbcs oem charmap nonsense test aliases __init__ a.b .. latin-1foo cp1252-foo utf-8-mac
    utf-16 utf-16-le utf-32 cp037
""".split()


def refusal(data: bytes) -> Unreadable | None:
    try:
        decode(data)
    except Unreadable as found:
        return found
    return None


def cpython_refuses(data: bytes, tmp_path: Path) -> bool:
    path = tmp_path / "script.py"
    path.write_bytes(data)
    command = (sys.executable, "-I", "-X", "utf8", path)
    return subprocess.run(command, capture_output=True).returncode != 0


@pytest.mark.parametrize("codec", CODECS)
def test_a_coding_line_is_accepted_as_by_python(codec: str, tmp_path: Path) -> None:
    data = f"# coding: {codec}\nx = 1\n".encode()

    refused = refusal(data)

    assert (refused is not None) == cpython_refuses(data, tmp_path) or (
        refused is not None and refused.message.startswith("its coding line reads otherwise")
    )


REFUSED = {
    "Latin-1 without a coding line": (b"\n\nx = '\xe4'\n", 3),
    "a third line is no coding line": (b"\n\n# coding: latin-1\nx = '\xe4'\n", 4),
    "a coding line after code": (b"x = 1\n# coding: latin-1\nx = '\xe4'\n", 3),
    "a coding line after a continuation": (b"\\\n# coding: latin-1\nx = '\xe4'\n", 3),
    "a coding line within a string": (b'"""\n# coding: latin-1\n\xe4\n"""\n', 3),
    "a space before the colon": (b"# coding : latin-1\nx = '\xe4'\n", 2),
    "a mark and another coding line": (BOM + b"# coding: latin-1\n", 1),
    "a mark and another coding line in row 2": (BOM + b"\n# coding: latin-1\n", 2),
    "the first coding line counts": (b"# coding: utf-8\n# coding: latin-1\nx = '\xe4'\n", 3),
    "a null byte": (b"x = 1\ny = 2\0\n", 2),
    "UTF-16": ("x = 1\n".encode("utf-16"), 1),
    "UTF-16 without a mark": ("x = 1\n".encode("utf-16-le"), 1),
    "UTF-32": ("x = 1\n".encode("utf-32"), 1),
    "a surrogate": (b"x = '\xed\xa0\x80'\n", 1),
    "an overlong form": (b"x = '\xc0\x80'\n", 1),
    "behind lone carriage returns": (b"\r\r\rx = '\xe4'\r", 4),
    "behind CRLF": (b"\r\n\r\nx = '\xe4'\r\n", 3),
    "a decoded surrogate": (b"# coding: utf-7\nx = '+2AA-'\n", 1),
    "a decoded null character": (b"# coding: utf-7\nx = 1 #+AAA-\n", 1),
    "no text codec": (b"\n# coding: rot13\nx = 1\n", 2),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_python_refuses_is_refused_with_its_row(title: str, tmp_path: Path) -> None:
    data, row = REFUSED[title]

    refused = refusal(data)

    assert refused is not None and refused.row == row
    assert cpython_refuses(data, tmp_path)


# Python runs some of these, and reads them otherwise in another way of running or another version.
STRICTER = {
    "bad UTF-8 in a comment": b"# coding: utf-8\n# \xe4\n",
    "a decoded carriage return": b"# coding: utf-7\n# x+AA0-import os\n",
    "code in the coding line": b"# coding: utf-7 +AAo-import os\n",
    "a coding line that reads otherwise": b"# coding: cp037\nx = 1\n",
    "half of it in UTF-16": b"# coding: utf-16-le\n" + "x = 1\n".encode("utf-16-le"),
}


@pytest.mark.parametrize("title", STRICTER)
def test_what_python_reads_in_two_ways_is_refused(title: str) -> None:
    with pytest.raises(Unreadable):
        decode(STRICTER[title])


ACCEPTED = {
    "nothing": (b"", ""),
    "UTF-8": (A.encode(), A),
    "a mark": (BOM + A.encode(), A),
    "a mark and its coding line": (BOM + b"# coding: utf-8\n", "# coding: utf-8\n"),
    "the second line": (
        b"\n# coding: latin-1\n" + A.encode("latin-1"),
        f"\n# coding: latin-1\n{A}",
    ),
    "behind a form feed": (b"\f\n\f# coding: latin-1\n#\xe4", "\f\n\f# coding: latin-1\n#\xe4"),
    "Emacs": (b"# -*- coding: cp1252 -*-\n#\x80", "# -*- coding: cp1252 -*-\n#\N{EURO SIGN}"),
    "Vim": (b"# vim: fileencoding=latin-1 :\n#\xe4", "# vim: fileencoding=latin-1 :\n#\xe4"),
    "beside the coding line": (b"# \x80 coding: cp1252", "# \N{EURO SIGN} coding: cp1252"),
    "lone carriage returns": (b"#\r# coding: latin-1\r#\xe4\r", "#\n# coding: latin-1\n#\xe4\n"),
    "code behind a decoded newline": (b"#coding:utf-7\n#+AAo-x=2\n", "#coding:utf-7\n#\nx=2\n"),
    "an escaped newline": (b"#coding:unicode_escape\n#\\x0ax=2", "#coding:unicode_escape\n#\nx=2"),
    "form feeds": (b"x = 1\n\f\ny = 2\n", "x = 1\n\f\ny = 2\n"),
}


@pytest.mark.parametrize("title", ACCEPTED)
def test_what_python_accepts_is_decoded_as_by_python(title: str, tmp_path: Path) -> None:
    data, text = ACCEPTED[title]

    assert decode(data) == text
    assert not cpython_refuses(data, tmp_path)


@given(
    st.sampled_from(["", "utf-8", "latin-1", "cp1252", "koi8-r", "utf-7", "shift_jis", "gbk"]),
    st.binary(max_size=40).filter(lambda data: not set(b"'\\\0\r\n") & set(data)),
    st.booleans(),
)
def test_a_string_has_the_value_that_python_gives_it(
    codec: str, payload: bytes, marked: bool
) -> None:
    cookie = f"# coding: {codec}\n".encode() if codec else b""
    data = (BOM if marked else b"") + cookie + b"x = r'''" + payload + b"'''\n"

    with warnings.catch_warnings(action="ignore"):
        try:
            ours = ast.literal_eval(decode(data).partition("x = ")[2])
        except (Unreadable, SyntaxError):
            ours = None
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError):
            assert ours is None
            return
    theirs = ast.literal_eval(tree.body[0].value)  # type: ignore[attr-defined]
    assert ours == theirs or (ours is None and any(ord(c) < 32 for c in theirs))


def test_a_codec_of_an_installed_package_is_unknown() -> None:
    import codecs

    def search(name: str) -> codecs.CodecInfo | None:
        found = codecs.lookup("latin-1")
        return found if name == "interlock_spy" else None

    codecs.register(search)
    try:
        assert b"x".decode("interlock-spy") == "x"
        with pytest.raises(Unreadable, match="unknown encoding"):
            decode(b"# coding: interlock-spy\n")
    finally:
        codecs.unregister(search)


def test_ascii_is_searched_as_it_is() -> None:
    data = b"# coding: utf-8\nfrom alembic import command\n"

    assert searchable(data) is data


@pytest.mark.parametrize(
    "data",
    [
        "\N{MATHEMATICAL BOLD SMALL U}pgrade()".encode(),
        "# coding: latin-1\n\xe4 = upgra\xaae".encode("latin-1").replace(b"\xaa", b"d"),
        b"# coding: utf-7\n+AHU-pgrade()\n",
        b"# coding: unicode_escape\n\\x75pgrade()\n",
        b"#\r# coding: unicode_escape\r\\x75pgrade()\r",
        b"\xff upgrade()",
    ],
)
def test_a_name_is_found_however_it_is_spelled(data: bytes) -> None:
    assert b"upgrade" in searchable(data)


@given(st.text(max_size=60))
def test_searching_never_fails_and_loses_no_name(text: str) -> None:
    data = text.encode("utf-8", "replace")
    found = searchable(data)

    try:
        decoded = decode(data)
    except Unreadable:
        assert found == data
        return
    for word in (*decoded.split(), *unicodedata.normalize("NFKC", decoded).split()):
        assert word.encode() in found


@given(st.binary(max_size=80))
def test_any_bytes_are_text_or_unreadable(data: bytes) -> None:
    searchable(data)
    refused = refusal(data)

    assert refused is None or 1 <= refused.row <= 1 + data.count(b"\n") + data.count(b"\r")


TEMPLATES = [
    "{% if x %}\nimport a\n{% endif %}\n",
    "from {{ c.x }} import y\n",
    "class {{ c.x }}(Base):\n    pass\n",
    "def test_{{ x }}(): pass\n",
    "x = {{ a }}_b\n",
    "a.{{ x }} = 1\n",
]
NO_TEMPLATES = [
    "x = f'{{a}} {%s'",
    "x = {{1}} (",
    '"""{% x %}"""\n# {% y %}\nx (',
    "return {{a}} if x else y (",
    'f"{x["{% "]}" (',
    "f'''{x:{'%'}}''' (",
    "case {{1}}: (",
    "print {{1}} (",
    "x = '''\nfrom {{ a }} import b\n''' (",
    "x = {# comment\n",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_is_known_by_what_python_cannot_have(text: str) -> None:
    with pytest.raises(SyntaxError):
        ast.parse(text)

    assert is_template("app/settings.py", text)


@pytest.mark.parametrize("text", NO_TEMPLATES)
def test_marks_that_python_can_have_make_no_template(text: str) -> None:
    assert not is_template("app/settings.py", text)


def test_any_mark_counts_below_a_templated_path() -> None:
    assert is_template("{{cookiecutter.slug}}/app.py", "x = '{{ y }}' (")
    assert not is_template("{{cookiecutter.slug}}/app.py", "x (")


@given(st.text("{}%#'\" \nax(f=:", max_size=40))
def test_no_program_that_parses_is_a_template(text: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return

    assert not is_template("app.py", text)


def test_what_remains_of_a_template_parses_on_its_rows() -> None:
    text = (
        "{# a\ncomment #}\nfrom {{ c.module }} import {{ c.name }}\n"
        "{% if a %}\nx = {{\n  c.value\n}} + 1\n{% endif %}\ny = 'é {{ b }}'\n"
    )

    plain = without_template_marks(text)

    tree = ast.parse(plain)
    assert [statement.lineno for statement in tree.body] == [3, 5, 9]


@given(st.text("{}%#\nax", max_size=60))
def test_removing_marks_keeps_the_rows(text: str) -> None:
    assert without_template_marks(text).count("\n") == text.count("\n")


@given(st.text("f{}'\"r\\ \nax(:#!=)[]N", max_size=40))
def test_a_program_that_parses_leaves_nothing_open(text: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return
    scanner = Scanner()

    scanner.feed(f"{text}\n")

    assert scanner.between_statements
    assert not scanner.broken
