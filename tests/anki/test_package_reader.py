"""Packages are read completely, or refused with one sentence, whatever they hold."""

from __future__ import annotations

import re
import sqlite3

import pytest
from generators import HTML
from hostile_packages import CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from package_bytes import CARD, DECK, MODEL, database, field, many_notes, new, new_database, old, zstd_bomb
from zstandard import compress

from ketamine_anki.anki.archive import PackageError
from ketamine_anki.anki.package_reader import PackagedNote, PackagedNoteType, read_package
from ketamine_anki.anki.sqlite_reader import opened

FEW = settings(max_examples=40, deadline=None)


@pytest.mark.parametrize(("sentence", "make"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_package_is_read_or_refused_with_the_expected_sentence(sentence, make):
    message = _read_or_refuse(make())
    assert re.search(sentence, message) if sentence else message == ""
    assert message.isprintable()
    assert len(message) < 200


@pytest.mark.parametrize("make", [old, new])
def test_both_formats_give_the_same_contents(make):
    contents = read_package(make())
    assert contents.notes == (
        PackagedNote("guid-1", "Basic", {"Front": "front", "Back": "back"}, ("one", "two"), "A::B", 1_700_000_000),
    )
    sides = (("Card 1", "{{Front}}", "{{Back}}"),)
    kind = PackagedNoteType(7, "Basic", 5, False, ("Front", "Back"), sides, ".card {}")
    assert contents.note_types == {"Basic": kind}


@pytest.mark.parametrize(
    "package",
    [
        old(None, ("0", b"data"), media=b'{"0": "a.png"}'),
        new(None, ("0", compress(b"data")), media=field(1, field(1, b"a.png"))),
    ],
)
def test_pictures_are_those_listed(package):
    assert dict(read_package(package).media) == {"a.png": b"data"}


def test_a_picture_that_is_a_bomb_is_refused_when_it_is_looked_up():
    package = new(None, ("0", zstd_bomb(64 << 20)), media=field(1, field(1, b"a.png")))
    with pytest.raises(PackageError, match="more than 10,485,760 bytes"):
        read_package(package).media["a.png"]


@pytest.mark.parametrize("nid", ["'x'", "NULL", "x'00'", "11.0"])
def test_a_note_whose_id_is_no_integer_is_passed_over_alone(nid):
    """In a table without a primary key, before and after a sound note with the same GUID."""
    add = f"INSERT INTO notes SELECT {nid}, guid, mid, mod, tags, flds FROM sound"
    keep = ("ALTER TABLE notes RENAME TO sound", "CREATE TABLE notes (id, guid, mid, mod, tags, flds)")
    contents = read_package(old(database(*keep, add, "INSERT INTO notes SELECT * FROM sound", add)))
    assert contents.notes == read_package(old()).notes
    assert len(contents.oddities) == 2


def test_a_card_that_is_passed_over_leaves_its_number_to_a_sound_one():
    assert read_package(old(database(cards=[(10, 11, 4, 0, 0), CARD]))).notes[0].deck == "A::B"


def test_a_card_in_a_filtered_deck_belongs_to_its_home_deck():
    filtered = old(database(decks={"3": DECK, "4": {"name": "Cram"}}, cards=[(12, 11, 4, 0, 3)]))
    assert read_package(filtered).notes[0].deck == "A::B"


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("core.limits.MAX_PACKAGE_BYTES", 10, "at most 10"),
        ("anki.sqlite_reader.MAX_DATABASE_SECONDS", -1.0, "takes too long"),
    ],
)
def test_a_package_over_a_limit_is_refused(monkeypatch, limit, value, sentence):
    monkeypatch.setattr(f"ketamine_anki.{limit}", value)
    with pytest.raises(PackageError, match=sentence):
        read_package(old(many_notes(2000)))


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM notes", "SELECT length(flds) FROM notes", "ATTACH 'x' AS y", "PRAGMA user_version"],
)
def test_only_select_is_authorized(statement):
    with opened(database()) as tables:
        list(tables.rows("notes", "id"))
        with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
            tables._connection.execute(statement)


OFFSET = st.integers(0, 1 << 20)


@pytest.mark.parametrize("package", [old(), new(), old(None, ("0", b"x"), media=b'{"0": "a.png"}')])
@given(changes=st.lists(st.tuples(OFFSET, st.binary(max_size=4), st.integers(0, 6)), max_size=8))
@FEW
def test_a_mutated_package_is_read_or_refused(package, changes):
    """Bytes changed, inserted or removed anywhere: only PackageError is raised."""
    data = bytearray(package)
    for offset, inserted, removed in changes:
        at = offset % (len(data) + 1)
        data[at : at + removed] = inserted
    _read_or_refuse(bytes(data))


@pytest.mark.parametrize(("make", "pack"), [(database, old), (new_database, new)])
@given(changes=st.lists(st.tuples(OFFSET, st.integers(0, 255)), min_size=1, max_size=12))
@FEW
def test_a_package_with_a_mutated_database_is_read_or_refused(make, pack, changes):
    """The zip file is whole and its checksums are right; the pages of the database are not."""
    data = bytearray(make())
    for offset, value in changes:
        data[offset % len(data)] = value
    _read_or_refuse(pack(bytes(data)))


@given(media=st.binary(max_size=60), config=st.binary(max_size=40))
@FEW
def test_noise_in_the_messages_of_the_new_format_is_read_or_refused(media, config):
    noise = f"config=x'{config.hex()}'"
    _read_or_refuse(new(new_database(f"UPDATE notetypes SET {noise}", f"UPDATE templates SET {noise}"), media=media))


TEXT = st.lists(st.sampled_from([*HTML, "a", "A::B"]).filter(str.isprintable) | st.just("\x00"), max_size=6).map(
    "".join
)


@given(fields=st.lists(TEXT, max_size=4), name=TEXT, guid=TEXT, tags=TEXT)
@FEW
def test_any_texts_in_a_sound_database_are_read_or_refused(fields, name, guid, tags):
    row = (11, guid, 7, 1_700_000_000, tags, "\x1f".join(fields))
    data = database(models={"7": MODEL | {"name": name}}, decks={"3": {"id": 3, "name": name, "desc": ""}}, notes=[row])
    contents = read_package(old(data))
    assert [list(note.fields.values()) for note in contents.notes] == [fields] * (
        len(fields) == 2 and guid.strip() != ""
    )


def _read_or_refuse(data: bytes) -> str:
    """The sentence with which a package is refused, or "" when it is read; what of it is passed over."""
    try:
        contents = read_package(data)
        assert all(isinstance(contents.media[name], bytes) for name in contents.media)
        if contents.oddities:
            return f"passed over: {contents.oddities[0].reason}"
    except PackageError as error:
        return str(error) or "an empty message"
    return ""
