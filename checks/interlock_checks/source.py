"""Source bytes as text, exactly as the Python interpreter decodes them."""

from __future__ import annotations

import encodings
import keyword
import re
import unicodedata
from codecs import BOM_UTF8

from interlock_checks.documents.kinds import is_of_a_skeleton
from interlock_checks.lexical import Scanner

__all__ = ["Unreadable", "decode", "is_template", "searchable", "without_template_marks"]

_COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-_.A-Za-z0-9]+)")
_BLANK = re.compile(rb"[ \t\f]*(?:#.*)?$")
_NEWLINE = re.compile(rb"\r\n?|\n")

_MARKS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_MARK = re.compile(r"\{[{%#]")
_PLACEHOLDER = "__template__"
_BEFORE_A_NAME = frozenset({"import", "from", "def", "class", "as", "global", "nonlocal"})
# Names that Python 2 or 3 reads as keywords in some places, so that a set can follow.
_SOMETIMES_KEYWORDS = frozenset({*keyword.softkwlist, "print", "exec", "match", "case", "type"})

# Pure ASCII stays what it is in these; in utf-7, unicode_escape, hz or cp037 it does not.
_PLAIN = frozenset({"utf-8", "iso-8859-1", "ascii", "us-ascii", "cp1252", "iso-8859-15"})


class Unreadable(Exception):
    """
    Bytes that are no program, as the end of a sentence.

    Attributes:
        row: The line of the file, from 1; 1 where it is not known.
    """

    def __init__(self, message: str, row: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.row = row


def decode(data: bytes) -> str:
    """
    Decode a source file by its coding line, its byte order mark, or as UTF-8.

    Stricter than Python wherever its ways of reading a file differ (run as a script, imported, on
    other versions): bytes that are no UTF-8 are refused in comments too, and so are null
    characters and carriage returns that only decoding brings to light, encodings in which the
    coding line itself reads otherwise (UTF-16, EBCDIC), and codecs that a package has installed.

    Returns:
        The text without byte order mark; each newline is `\\n`. Form feeds stay.

    Raises:
        Unreadable: Python would refuse it as well, or see another text than we do.
    """
    marked = data.startswith(BOM_UTF8)
    if marked:
        data = data[3:]
    if b"\0" in data:
        row = _row(data, data.index(b"\0"))
        raise Unreadable("it holds a null byte, which Python refuses", row)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    name, row = _declared(data)
    encoding = _normal(name)
    if marked and encoding != "utf-8":
        raise Unreadable(f"it starts with UTF-8's byte order mark and declares {name}", row)
    try:
        if encoding in ("utf-8", "iso-8859-1"):
            return data.decode(encoding)
        text = _decode_with(name, data, row)
    except UnicodeDecodeError as error:
        at = _row(data, error.start)
        problem = f"byte {data[error.start]:#04x} is no {error.encoding}"
        if not name:
            problem += ", and no coding line declares another encoding"
        raise Unreadable(problem, at) from None
    if "\0" in text or "\r" in text or not _is_utf8(text):
        raise Unreadable(f"decoded from {name} it holds characters that no program can have", row)
    return text


def searchable(data: bytes) -> bytes:
    """
    Give bytes in which each name of the program can be found as Python spells it.

    Names are NFKC-normalised by Python, and a coding line may turn bytes into anything. So the
    bytes come back as they are only where that cannot matter; else the text as UTF-8, followed by
    its normalised form. Never fails: what cannot be decoded comes back as it is.
    """
    if data.isascii() and not _has_exotic_cookie(data):
        return data
    try:
        text = decode(data)
    except Unreadable:
        return data
    normal = unicodedata.normalize("NFKC", text)
    if normal != text:
        text = f"{text}\n{normal}"
    return text.encode("utf-8", "surrogatepass")


def is_template(path: str, text: str) -> bool:
    """
    Say whether text that does not parse is a Jinja or cookiecutter template of Python.

    True only for marks that stand where no version of Python could have them, or for any mark in a
    file whose path is itself a template. What remains of a template is still read as Python.
    """
    if not _MARK.search(text):
        return False
    if is_of_a_skeleton(path):
        return True
    impossible = False
    kind, word, end = "", "", 0

    def look(next_kind: str, next_word: str, start: int) -> None:
        nonlocal impossible, kind, word, end
        if next_kind == "space" and "\n" not in next_word:
            return
        mark = text[start : start + 2]
        if mark in ("{%", "%}"):
            impossible = True
        elif mark == "{{" and (kind == "name" or word == "."):
            impossible |= word == "." or word in _BEFORE_A_NAME or not _is_keyword(word)
        elif word == "}" and text[end - 2 : end] == "}}" and start == end and next_kind == "name":
            impossible |= not _is_keyword(next_word)
        kind, word, end = next_kind, next_word, start + len(next_word)

    Scanner().feed(text, look)
    return impossible


def without_template_marks(text: str) -> str:
    """Put a name in place of each `{{ ... }}`, nothing for `{% ... %}` and `{# ... #}`.

    Every line stays on its row; marks that are not closed stay as they are.
    """
    parts = []
    unclosed: set[str] = set()
    at = 0
    while mark := _MARK.search(text, at):
        opened = mark.group()
        closed = -1 if opened in unclosed else text.find(_MARKS[opened], mark.end())
        if closed < 0:
            unclosed.add(opened)
            parts.append(text[at : mark.end()])
            at = mark.end()
            continue
        parts.append(text[at : mark.start()])
        rows = text.count("\n", mark.start(), closed)
        if opened == "{{":
            parts.append(_PLACEHOLDER + "\\\n" * rows)
        else:
            parts.append("\n" * rows)
        at = closed + 2
    return "".join(parts) + text[at:]


def _is_keyword(word: str) -> bool:
    return keyword.iskeyword(word) or word in _SOMETIMES_KEYWORDS


def _has_exotic_cookie(data: bytes) -> bool:
    head = data[:4096]
    if b"coding" not in head and len(head) == len(data):
        return False
    lines = _NEWLINE.split(data, 2)[:2] if b"\r" in data else data.split(b"\n", 2)[:2]
    if not any(b"coding" in line for line in lines):
        return False
    name, _ = _declared(b"\n".join(lines))
    return bool(name) and _normal(name) not in _PLAIN


def _declared(data: bytes) -> tuple[str, int]:
    """Find the coding line (PEP 263) and its row; `""` if there is none. Newlines are `\\n`."""
    first, _, rest = data.partition(b"\n")
    for row, line in (1, first), (2, rest[: rest.find(b"\n") % (len(rest) + 1)]):
        if cookie := _COOKIE.match(line):
            return cookie[1].decode("ascii"), row
        if not _BLANK.match(line):
            break
    return "", 1


def _normal(name: str) -> str:
    """Spell an encoding as CPython's tokenizer does, which reads 12 characters of the name."""
    if not name:
        return "utf-8"
    start = name[:12].lower().replace("_", "-")
    if start == "utf-8" or start.startswith("utf-8-"):
        return "utf-8"
    for latin in "latin-1", "iso-8859-1", "iso-latin-1":
        if start == latin or start.startswith(f"{latin}-"):
            return "iso-8859-1"
    return name


def _decode_with(name: str, data: bytes, row: int) -> str:
    try:
        # Asked directly, for the codecs of Python itself only: `bytes.decode` would also ask
        # whatever an installed package has registered in this process.
        codec = encodings.search_function(name.lower())
    except (ImportError, ValueError):
        codec = None
    if codec is None or not getattr(codec, "_is_text_encoding", False):
        raise Unreadable(f"it declares the unknown encoding {name}", row)
    # A script is decoded from behind the coding line, an import from its start: both must agree.
    head = b"".join(data.splitlines(keepends=True)[:row])
    try:
        text = codec.decode(head, "strict")[0]
        same = (
            text == head.decode("ascii")
            if head.isascii()
            else text.count("\n") == head.count(b"\n")
        )
        if not same or _declared(text.encode("ascii", "replace")) != (name, row):
            raise Unreadable(f"its coding line reads otherwise in {name}", row)
        return str(codec.decode(data, "strict")[0])
    except UnicodeDecodeError:
        raise
    except (UnicodeError, ValueError, LookupError) as error:
        raise Unreadable(f"it cannot be decoded from {name}: {error}", row) from None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(data: bytes, offset: int) -> int:
    return len(_NEWLINE.findall(data, 0, offset)) + 1
