"""Text exports are read completely, or refused with one sentence."""

from __future__ import annotations

import pytest
from generators import HTML
from hypothesis import given, settings
from hypothesis import strategies as st

from ketamine_anki.anki.archive import PackageError
from ketamine_anki.anki.text_export import read_text

GUID = b"#html:true\n#guid column:1\n"


def names(guid: str, note_type: str) -> tuple[str, ...]:
    return ("Text",) if note_type == "Cloze" else ("Front", "Back")


def test_columns_are_fields_or_what_the_header_names() -> None:
    header = "#separator:comma\n#html:true\n#guid column:1\n#notetype column:3\n#deck column:2\n#tags column:6\n"
    rows = f'\ufeff{header}g1,A :: B,Basic,"What, ""then""?",b,one two,more\n\ng2,A,Cloze,c,\n'
    (first, second), _ = read_text(rows.encode(), names)
    assert (first.guid, first.note_type, first.deck, first.tags) == ("g1", "Basic", "A::B", ("one", "two"))
    assert first.fields == {"Front": 'What, "then"?', "Back": "b", "column 3": "more"}
    assert (second.guid, second.note_type, second.deck, second.tags) == ("g2", "Cloze", "A", ())
    assert second.fields == {"Text": "c"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff\xfe\x00", "neither an .apkg nor a text export (UTF-16 text: save it as UTF-8): give a deck"),
        ((GUID + b"x\ty\n").decode().encode("utf-32"), "neither an .apkg nor a text export (UTF-32 text"),
        ((GUID + b"x\ty\n").decode().encode("utf-16-le"), "neither an .apkg nor a text export (UTF-16 text"),
        (b"", "no package but an empty file"),
        (b"\xef\xbb\xbf# Title\n", "no text export: it does not begin with lines such as '#separator:tab': give"),
        (b"question,answer\nWhat?,That\n", "Anki's File > Export writes it, or Notes in Plain Text (.txt)"),
        (b"%PDF-1.7", "a file of another kind: give a deck package"),
        (b"#html:false\n#guid column:1\nx\ty\n", "without HTML"),
        (b"#html:true\nx\ty\n", "no GUIDs"),
        ("#html:true\n#guid column:\u0661\u00b2\nx\ty\n".encode(), "no GUIDs"),
        (GUID + b'"x\ty\n', "not a text export"),
        (GUID + b"x" * 200_000, "not a text export"),
        (b"#a:\n" * 101, "over 100 lines at its start begin with '#'"),
        (GUID + b"\tq" * 50, "a line has 51 columns: at most 50"),
        (b'#separator:"\n' + GUID + b"x\ty\n", "#separator is not one"),
        (b"x" * (4 << 20) + b"x", "a text export has at most 4,194,304"),
        (GUID + b"".join(b"g%d\t\n" % number for number in range(6_001)), "over 6,000 notes"),
    ],
)
def test_a_file_that_is_no_text_export_is_refused_with_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(PackageError) as refused:
        read_text(data, names)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (b"x\tt\n\nx\tz\n", "two notes have the GUID 'x': the first is read"),
        (b"x\tt\ny\t" + b"t " * 501, "a note has 501 tags: at most 500"),
        (b"x\tt\n\tt\n", "a note has no GUID: export it from Anki again"),
        ("#deck column:3\nx\tt\ny\tt\tA\x85B\n".encode(), "damaged: the name of a deck holds a control character"),
    ],
)
def test_a_note_that_is_odd_is_passed_over(rows: bytes, reason: str) -> None:
    notes, odd = read_text(GUID + b"#tags column:2\n" + rows, names)
    assert [(note.guid, note.tags) for note in notes] == [("x", ("t",))]
    assert str(odd) == f"1 part of it passed over: {reason}"


CELL = st.lists(st.sampled_from([*HTML, "a", '"', "\t", ",", "\n"]).filter(str.isascii), max_size=6).map("".join)


@settings(max_examples=60)
@given(st.lists(st.tuples(CELL, CELL), max_size=4), st.sampled_from(["tab", "comma", "semicolon", "pipe"]))
def test_fields_are_those_that_were_written(rows: list[tuple[str, str]], separator: str) -> None:
    sign = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}[separator]
    whole = [[f"g{number}", *row] for number, row in enumerate(rows)]
    lines = [sign.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in whole]
    data = f"#separator:{separator}\n{GUID.decode()}" + "\n".join(lines)
    assert [[note.guid, *note.fields.values()] for note in read_text(data.encode(), names)[0]] == whole


HEADER = [
    b"#separator:tab\n", b"#html:true\n", b"#guid column:1\n", b"#notetype column:2\n", b"#columns:a\tb\n", b"#:\n",
    b"#separator:x\n", b"#tags column:1\n", b"\n", b"\xef\xbb\xbf", b"\xff",
]  # fmt: skip
BODY = [b"guid", b'"b\n""c"""', b'"', b"\t", b"\t", b"\n", b"\r\n", b"\r", b"<b>", b"\x00", b"#", b""]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(HEADER), max_size=5), st.lists(st.sampled_from(BODY), max_size=20))
def test_any_text_file_is_read_or_refused(header: list[bytes], body: list[bytes]) -> None:
    for head in (b"".join(header), GUID):
        try:
            notes, _ = read_text(head + b"".join(body), names)
        except PackageError:
            continue
        assert len({note.guid for note in notes}) == len(notes)
