"""Packages are read whole, or refused with one sentence; whatever they hold."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest
from hostile_packages import CASES, DECK, database, field, many_notes, new, new_database, old, zstd_bomb
from hypothesis import given, settings
from hypothesis import strategies as st
from zstandard import compress

from ketamine_anki.anki.package_reader import PackageError, read_package
from ketamine_anki.anki.sqlite_reader import opened

MEASURE = """
import json, re, sys, time
from ketamine_anki.anki.package_reader import PackageError, read_package
for line in sys.stdin:
    name, path = json.loads(line)
    start = time.process_time()
    with open(path, "rb") as file:
        data = file.read()
    try:
        contents = read_package(data)
        said = ""
        for picture in contents.media:
            contents.media[picture]
    except PackageError as error:
        said = str(error)
    data = contents = None
    seconds = time.process_time() - start
    with open("/proc/self/status") as status:  # getrusage would tell the peak of the process that started this one
        peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1024
    print(json.dumps([name, said, seconds, peak]))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """{case: (sentence or "", seconds, peak MB so far)}, all read by one fresh process."""
    folder = tmp_path_factory.mktemp("hostile")
    asked = []
    for name, _, make in CASES:
        path = folder / f"{name}.apkg"
        path.write_bytes(make())
        asked.append(json.dumps([name, str(path)]))
    before = sorted(folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input="\n".join(asked), capture_output=True, text=True, encoding="utf-8",
        cwd=folder, env={"PYTHONPATH": ":".join(sys.path)}, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(folder.iterdir()) == before, "nothing is written"
    return {name: rest for name, *rest in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(("name", "sentence"), [case[:2] for case in CASES], ids=[case[0] for case in CASES])
def test_a_package_is_read_or_refused_with_the_stated_sentence(outcomes, name, sentence):
    said, seconds, _ = outcomes[name]
    if sentence:
        assert any(part in said for part in sentence.split("|")), said
        assert said.isprintable()
        assert len(said) < 200
    else:
        assert said == ""
    assert seconds < 1


def test_no_package_takes_over_200_mb(outcomes):
    name, (*_, peak) = max(outcomes.items(), key=lambda item: item[1][2])
    print(f"peak {peak:.0f} MB at {name}")
    assert peak < 200, name


@pytest.mark.parametrize("make", [old, new])
def test_both_forms_give_the_same_contents(make):
    contents = read_package(make())
    (note,) = contents.notes
    assert (note.guid, note.note_type, note.tags, note.deck) == ("guid-1", "Basic", ("one", "two"), "A::B")
    assert dict(note.fields) == {"Front": "front", "Back": "back"}
    assert note.mod == 1_700_000_000
    (kind,) = contents.note_types.values()
    assert (kind.id, kind.name, kind.mod, kind.is_cloze) == (7, "Basic", 5, False)
    assert kind.fields == ("Front", "Back")
    assert kind.templates == (("Card 1", "{{Front}}", "{{Back}}"),)
    assert kind.css == ".card {}"
    assert dict(contents.deck_descriptions) == {"A::B": "about"}


def test_pictures_of_both_forms_are_unpacked_when_asked_for():
    listed = field(1, field(1, b"a.png"))
    for package in (
        old(None, ("0", b"data"), media=b'{"0": "a.png"}'),
        new(None, ("0", compress(b"data")), media=listed),
    ):
        media = read_package(package).media
        assert list(media) == ["a.png"]
        assert len(media) == 1
        assert media["a.png"] == b"data"


def test_a_picture_that_is_a_bomb_is_refused_when_it_is_asked_for():
    package = new(None, ("0", zstd_bomb(64 << 20)), media=field(1, field(1, b"a.png")))
    with pytest.raises(PackageError, match="more than 10,485,760 bytes"):
        read_package(package).media["a.png"]


def test_a_card_in_a_filtered_deck_belongs_to_its_home_deck():
    filtered = old(database(decks={"3": DECK, "4": {"name": "Cram"}}, cards=[(12, 11, 4, 0, 3)]))
    assert read_package(filtered).notes[0].deck == "A::B"


def test_a_package_over_the_limit_is_refused_unread(monkeypatch):
    monkeypatch.setattr("ketamine_anki.anki.package_reader.MAX_PACKAGE_BYTES", 10)
    with pytest.raises(PackageError, match="at most 10"):
        read_package(old())


def test_a_database_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr("ketamine_anki.anki.sqlite_reader.MAX_DATABASE_SECONDS", -1.0)
    with pytest.raises(PackageError, match="takes too long"):
        read_package(old(many_notes(2000)))


def test_nothing_but_select_is_authorised():
    with opened(database()) as tables:
        list(tables.rows("notes", "id"))
        for statement in (
            "DELETE FROM notes",
            "SELECT length(flds) FROM notes",
            "ATTACH 'x' AS y",
            "PRAGMA user_version",
        ):
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                tables._connection.execute(statement)


@pytest.mark.parametrize("package", [old(), new(), old(None, ("0", b"x"), media=b'{"0": "a.png"}')])
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=4), st.integers(0, 6)), max_size=8))
@settings(max_examples=80, deadline=None)
def test_a_mutated_package_is_read_or_refused(package, changes):
    """Bytes changed, put in or left out anywhere: nothing but PackageError escapes."""
    data = bytearray(package)
    for place, put, left_out in changes:
        at = place % (len(data) + 1)
        data[at : at + left_out] = put
    _read_or_refuse(bytes(data))


@pytest.mark.parametrize(("make", "pack"), [(database, old), (new_database, new)])
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_a_package_with_a_mutated_database_is_read_or_refused(make, pack, changes):
    """The zip is whole and its checksums true; the pages of the database are not."""
    data = bytearray(make())
    for place, value in changes:
        data[place % len(data)] = value
    _read_or_refuse(pack(bytes(data)))


@given(media=st.binary(max_size=60), config=st.binary(max_size=40))
@settings(max_examples=80, deadline=None)
def test_noise_in_the_messages_of_the_new_form_is_read_or_refused(media, config):
    noise = f"x'{config.hex()}'"
    changed = new_database(f"UPDATE notetypes SET config={noise}", f"UPDATE decks SET kind={noise}")
    _read_or_refuse(new(changed, media=media))


def _read_or_refuse(data):
    try:
        contents = read_package(data)
        for name in contents.media:
            assert isinstance(contents.media[name], bytes)
    except PackageError as error:
        said = str(error)
        assert said, "a sentence"
