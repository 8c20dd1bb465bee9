"""Corrections made inside the real Anki come back as edits of exactly those YAML values."""

from __future__ import annotations

import difflib
import shutil
import subprocess
from pathlib import Path

import engine
import pytest
import small
from anki.collection import Collection, ExportAnkiPackageOptions
from hostile_packages import CASES
from program import run

from ketamine_anki.anki.compile import guid
from ketamine_anki.anki.package_writer import Times
from ketamine_anki.core.alignment import Aligner
from ketamine_anki.intake.compare import words_changed

FORMS = ("old.apkg", "new.apkg", "notes.txt")
NAMESPACE = "tests/small"


def export(col: Collection, path: Path, **options: bool) -> Path:
    """What File > Export writes; the form by the name of the file."""
    if path.suffix == ".txt":
        told = {"with_html": True, "with_tags": True, "with_deck": True, "with_notetype": True, "with_guid": True}
        col.export_note_csv(out_path=str(path), limit=None, **(told | options))
        return path
    how = ExportAnkiPackageOptions(
        with_scheduling=False, with_deck_configs=False, with_media=True, legacy=path.name.startswith("old")
    )
    col.export_anki_package(out_path=str(path), options=how, limit=None)
    return path


def edit(col: Collection, note_id: str, **fields: str) -> None:
    """What the editor does: other HTML in some fields of a note."""
    (found,) = col.find_notes(f'"ID:{note_id}"')
    note = col.get_note(found)
    for name, html in fields.items():
        note[name] = html
    col.update_note(note)


def tag(col: Collection, note_id: str, add: str = "", remove: str = "") -> None:
    found = col.find_notes(f'"ID:{note_id}"')
    if add:
        col.tags.bulk_add(found, add)
    if remove:
        col.tags.bulk_remove(found, remove)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


# --- the real collection ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def contributor(real_package, tmp_path_factory):
    """The real Anki of somebody who imported the real package."""
    col = engine.open_collection(tmp_path_factory.mktemp("contributor"))
    engine.import_package(col, real_package)
    yield col
    col.close()


@pytest.mark.parametrize("form", FORMS)
def test_an_unedited_export_of_the_whole_deck_is_an_empty_diff(contributor, real_decks, tmp_path, form):
    ran = run("intake", export(contributor, tmp_path / form), real_decks)
    notes = len(contributor.find_notes(""))
    assert notes > 100
    assert (ran.code, ran.out) == (0, ""), ran.out
    assert f"{notes} of {notes} notes of the collection, 0 corrections, 0 new notes, 0 not taken over" in ran.err


def test_round_trip_through_the_real_anki(real_package, real_decks, tmp_path):
    """build, edit three notes in Anki, export in each form, intake --write: exactly three values differ
    in git diff; build, import: the learner is up to date.
    """
    col = engine.open_collection(tmp_path)
    engine.import_package(col, real_package)
    answer, question, text = (
        next(row[0] for row in col.db.execute("select flds from notes where " + where)).split("\x1f")
        for where in (
            "flds like '%cpp-equation%'",
            "flds like '%abbreviation-cpp%'",
            "flds like '%cpp-gauge-of-flow%'",
        )
    )
    edit(col, "cpp-equation", Extra=answer[4] + "<div>They are <b>means&nbsp;</b>over time.</div>")
    edit(col, "abbreviation-cpp", Question=question[0].replace("In neurocritical care", "In intensive care"))
    edit(col, "cpp-gauge-of-flow", Text=text[0].replace("steady ", "a steady "))
    results = []
    for form in FORMS:
        folder = tmp_path / form.replace(".", "-")
        shutil.copytree(real_decks, folder)
        git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "before"], check=True)
        ran = run("intake", export(col, tmp_path / form), folder, "--write")
        assert ran.code == 0, ran.out + ran.err
        diff = subprocess.run(
            [*git, "diff", "-U0", "--word-diff=porcelain"], capture_output=True, text=True, encoding="utf-8", check=True
        ).stdout
        changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        assert subprocess.run(
            [*git, "diff", "--name-only"], capture_output=True, text=True, encoding="utf-8", check=True
        ).stdout.split() == ["03-neurocritical-care.yaml"]
        assert ran.out.count("[-") + ran.out.count("{+") >= 3
        results.append((texts(folder), changed))
    col.close()
    assert results[0] == results[1] == results[2]
    _, changed = results[0]
    shown = " ".join(changed)
    assert "intensive" in shown
    assert "**means**" in shown
    assert "+a" in changed

    folder = tmp_path / "old-apkg"
    before = {made.note.id: made for made in small.compiled(real_decks)}
    edited = {made.note.id: made for made in small.compiled(folder)}
    differing = {name for name in before if before[name].compiled != edited[name].compiled}
    assert differing == {"cpp-equation", "abbreviation-cpp", "cpp-gauge-of-flow"}
    for name in differing:
        values = [
            (key, value) for key, value in before[name].note.texts() if dict(edited[name].note.texts())[key] != value
        ]
        assert len(values) == 1, name

    learner = engine.open_collection(tmp_path, "another")
    engine.import_package(learner, real_package)
    newer = {edited[name].compiled.guid: 1_700_000_500 for name in differing}
    update = small.package(folder, tmp_path / "update.apkg", Times(1_700_000_000, newer))
    assert engine.import_package(learner, update) == {"updated": 3, "duplicate": len(before) - 3}
    for name in differing:
        (found,) = learner.find_notes(f'"ID:{name}"')
        assert tuple(learner.get_note(found).fields) == edited[name].compiled.fields
    learner.close()


# --- a small collection -----------------------------------------------------------------------

DECK = """\
deck: First Part   # kept
notes:
  - id: leaf
    question: Which gas do plants take up?
    answer: Carbon dioxide
    extra: Through the leaves.
    picture: '![a leaf](leaf.png)'
    source: only-section/1
    claims: [C-1]
    tags: [Plants, Gas]
    yield: core
    skill: recall

  - id: root   # kept
    text: Roots take up {{c1::water}}.
    source: only-section/2
    claims: [C-3]
    tags: [Plants]
    yield: core
    skill: recall

  - id: pair
    question: What does CO2 stand for?
    answer: Carbon dioxide gas
    reverse:
      question: What is the formula of carbon dioxide?
      answer: CO2
    source: only-section/1
    claims: [C-1]
    tags: [Gas]
    yield: core
    skill: recall
"""


@pytest.fixture
def folder(tmp_path):
    files = {"01-first.yaml": DECK, "media/leaf.png": small.PIXEL}
    return small.write(tmp_path / "decks", files=files)


@pytest.fixture
def imported(folder, learner):
    engine.import_package(learner, small.package(folder))
    return learner


def lines_changed(before: str, after: str) -> list[str]:
    """`-line` and `+line`, as in a diff without context."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]


CORRECTIONS = [
    (
        "leaf",
        {"Answer": "Carbon <b>dioxide</b>"},
        "leaf: answer\n    Carbon [-dioxide-]{+**dioxide**+}",
        ["-    answer: Carbon dioxide", "+    answer: Carbon **dioxide**"],
    ),
    (
        "leaf",
        {"Extra": "Through: the leaves"},
        "[-Through-]{+Through:+} the",
        ["-    extra: Through the leaves.", "+    extra: 'Through: the leaves'"],
    ),
    ("leaf", {"Extra": ""}, "[-Through the leaves.-]", ["-    extra: Through the leaves."]),
    (
        "root",
        {"Text": "Roots take up {{c1::water::liquid}} and {{c2::salts}}."},
        "{+",
        [
            "-    text: Roots take up {{c1::water}}.",
            "+    text: Roots take up {{c1::water::liquid}} and {{c2::salts}}.",
        ],
    ),
    (
        "root",
        {"Extra": "From the soil<br>mostly."},
        "{+From",
        ["+    extra: |-", "+      From the soil", "+      mostly."],
    ),
    (
        "pair",
        {"ReverseQuestion": "What is its formula?"},
        "reverse.question",
        ["-      question: What is the formula of carbon dioxide?", "+      question: What is its formula?"],
    ),
]


@pytest.mark.parametrize(("note", "fields", "shown", "diff"), CORRECTIONS)
def test_a_correction_edits_its_value_and_nothing_else(folder, imported, tmp_path, note, fields, shown, diff):
    edit(imported, note, **fields)
    exported = export(imported, tmp_path / "new.apkg")
    looked = run("intake", exported, folder)
    assert looked.code == 1
    assert shown in looked.out
    assert texts(folder)["01-first.yaml"] == DECK, "without --write nothing is written"
    assert run("intake", exported, folder, "--write").code == 0
    changed = lines_changed(DECK, texts(folder)["01-first.yaml"])
    assert [line for line in changed if not line.startswith("@@")] == diff
    assert run("intake", exported, folder).code == 0, "nothing is left to do"


NOT_TAKEN = [
    ("leaf", {"Answer": "<u>Carbon</u> dioxide"}, "leaf: Answer <u>, underline has no place in a card"),
    ("leaf", {"Answer": " "}, "leaf: Answer was emptied: to remove a note, retire it"),
    ("leaf", {"Source": "elsewhere"}, "leaf: Source is computed from 'source' and 'cites': edit those"),
    ("leaf", {"Spare1": "mine"}, "leaf: Spare1 is a spare field"),
    ("leaf", {"ReverseQuestion": "Back?", "ReverseAnswer": "x"}, "add or delete the 'reverse' block by hand"),
    ("pair", {"ReverseQuestion": "", "ReverseAnswer": ""}, "add or delete the 'reverse' block by hand"),
    ("leaf", {"Picture": '<img src="paste-1.png" alt="x">'}, "not in the media folder"),
    ("root", {"Text": "Roots take up water."}, "no cloze deletion"),
]


@pytest.mark.parametrize(("note", "fields", "reason"), NOT_TAKEN)
def test_what_cannot_be_taken_over_is_listed_and_nothing_is_written(folder, imported, tmp_path, note, fields, reason):
    edit(imported, note, **fields)
    ran = run("intake", export(imported, tmp_path / "old.apkg"), folder, "--write")
    assert ran.code == 1
    assert reason in ran.out
    assert texts(folder)["01-first.yaml"] == DECK


def test_concept_tags_come_back_and_no_others(folder, imported, tmp_path):
    tag(imported, "leaf", add="Small::Concept::Leaf Small::Yield::2-Supporting mine marked leech")
    tag(imported, "leaf", remove="Small::Concept::Gas Small::Skill::1-Recall")
    tag(imported, "pair", remove="Small::Concept::Gas")
    ran = run("intake", export(imported, tmp_path / "notes.txt"), folder, "--write")
    assert "Plants, [-Gas-]{+Leaf+}" in ran.out
    left = [line for line in ran.out.splitlines() if line.startswith("not taken over")]
    assert [line.split(" ")[3:6] for line in left] == [
        ["leaf:", "tag", "mine"],
        ["leaf:", "tag", "Small::Yield::2-Supporting"],
        ["leaf:", "tag", "Small::Skill::1-Recall"],
        ["pair:", "tags", "were"],
    ]
    changed = lines_changed(DECK, texts(folder)["01-first.yaml"])
    assert changed[1:] == ["-    tags: [Plants, Gas]", "+    tags: [Plants, Leaf]"]


def test_a_new_note_becomes_an_entry_that_check_refuses_until_it_is_filled_in(folder, imported, tmp_path):
    kind = imported.models.by_name("Small Deck: cloze")
    note = imported.new_note(kind)
    note["Text"] = "Leaves give off {{c1::oxygen}} <b>by day</b>."
    note["Extra"] = "<u>x</u>"
    note.tags = ["Small::Concept::Gas", "mine"]
    imported.add_note(note, imported.decks.id("Small Deck::01 First Part"))
    basic = imported.new_note(imported.models.by_name("Basic"))
    basic.fields = ["What do the roots hold?", "The plant"]
    imported.add_note(basic, imported.decks.id("Small Deck"))
    other = imported.new_note(imported.models.by_name("Basic"))
    other.fields = ["Not about plants?", "Yes"]
    imported.add_note(other, imported.decks.id("Elsewhere"))
    ran = run("intake", export(imported, tmp_path / "new.apkg"), folder, "--write")
    assert "1 note of other decks ignored" in ran.err
    assert "new note roots-hold: copy it into a deck file\n  - id: roots-hold" in ran.out
    assert "not taken over: leaves-give-off-oxygen-day: extra <u>" in ran.out
    after = texts(folder)["01-first.yaml"]
    assert after == DECK + (
        "\n  - id: leaves-give-off-oxygen-day\n    text: Leaves give off {{c1::oxygen}} **by day**.\n"
        "    evidence: [TODO]\n    source: TODO\n    tags: [Gas]\n    yield: TODO\n    skill: TODO\n"
    )
    refused = run("check", folder)
    assert refused.code == 1
    assert "yield is 'TODO'" in refused.out
    assert "skill is 'TODO'" in refused.out


def test_notes_of_a_text_export_without_names_of_fields_become_entries(folder, tmp_path):
    rows = (
        "#separator:comma\n#html:true\n#guid column:1\n#deck column:2\n"
        'new-guid,Small Deck::02 Second Part,"What, then, do ""roots"" hold?",The plant,third\n'
    )
    (tmp_path / "mine.csv").write_text(rows, encoding="utf-8")
    ran = run("intake", tmp_path / "mine.csv", folder)
    assert ran.code == 1
    assert 'question: What, then, do "roots" hold?\n    answer: The plant\n' in ran.out
    assert "a further field has no place in a note: third" in ran.out


def test_a_half_filled_new_note_says_todo_where_something_is_missing(folder, tmp_path):
    row = [
        "new-guid",
        "Small Deck: question and answer",
        "Small Deck::01 First Part",
        "Why is a leaf green?",
        "",
        "Back?",
    ]
    text = "#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n" + "\t".join(row) + "\n"
    (tmp_path / "notes.txt").write_text(text, encoding="utf-8")
    out = run("intake", tmp_path / "notes.txt", folder).out
    assert "  - id: leaf-green\n    question: Why is a leaf green?\n    answer: TODO\n    reverse:\n" in out
    assert "      question: Back?\n      answer: TODO\n    evidence: [TODO]\n    source: TODO\n" in out


def test_a_field_that_the_note_type_does_not_have_is_listed(folder, tmp_path):
    row = [guid(NAMESPACE, "root"), "Roots take up {{c1::water}}.", *[""] * 9, "mine"]
    text = "#html:true\n#guid column:1\n" + "\t".join(row) + "\n"
    (tmp_path / "notes.txt").write_text(text, encoding="utf-8")
    assert (
        "not taken over: root: column 11 is not a field of this note type"
        in run("intake", tmp_path / "notes.txt", folder).out
    )


def test_a_file_in_canonical_form_stays_in_it(folder, imported, tmp_path):
    assert run("fmt", folder).code == 0
    edit(imported, "leaf", Answer="It's: so", Extra="word " * 40 + "end", Caveat="new<br>lines", Picture="")
    edit(imported, "root", Text="Roots take up {{c1::water}} # 2.")
    ran = run("intake", export(imported, tmp_path / "new.apkg"), folder, "--write")
    assert ran.code == 0, ran.out
    assert "5 corrections" in ran.err
    assert run("fmt", "--check", folder).code == 0


def test_with_base_only_what_the_contributor_changed_counts(folder, imported, tmp_path):
    base = export(imported, tmp_path / "base.apkg")
    deck = folder / "01-first.yaml"
    deck.write_text(DECK.replace("Through the leaves.", "Through pores.").replace("up?", "in?"), encoding="utf-8")
    edit(imported, "leaf", Answer="CO2", Extra="Through the green leaves.")
    exported = export(imported, tmp_path / "new.apkg")
    ran = run("intake", exported, folder, "--base", base, "--write")
    assert "leaf: Extra was changed in the collection too: merge by hand" in ran.out
    assert "answer: CO2" in deck.read_text(encoding="utf-8")
    assert "take in?" in deck.read_text(encoding="utf-8")
    assert "question" not in ran.out


def test_a_retired_note_is_left_alone(folder, imported, tmp_path):
    deck = folder / "01-first.yaml"
    retired = DECK.replace(
        "    skill: recall\n\n  - id: root",
        "    skill: recall\n    retired: {version: 2.0.0, reason: Old.}\n\n  - id: root",
    )
    deck.write_text(retired, encoding="utf-8")
    edit(imported, "leaf", Answer="changed")
    ran = run("intake", export(imported, tmp_path / "new.apkg"), folder)
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(("change", "kept"), [("\r\n", "crlf"), ("\ufeff", "mark")])
def test_line_ends_of_windows_and_byte_order_marks_stay(folder, imported, tmp_path, change, kept):
    deck = folder / "01-first.yaml"
    before = DECK.replace("\n", "\r\n") if kept == "crlf" else "\ufeff" + DECK
    deck.write_bytes(before.encode())
    edit(imported, "leaf", Answer="CO2")
    assert run("intake", export(imported, tmp_path / "new.apkg"), folder, "--write").code == 0
    assert deck.read_bytes().decode() == before.replace("answer: Carbon dioxide", "answer: CO2", 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\n    source: only-section/1\n", "\r\n    source: only-section/1\n", "mixes line ends"),
        ("    answer: Carbon dioxide\n", "    'answer': Carbon dioxide\n", "written in a way that is not edited"),
    ],
)
def test_a_file_that_cannot_be_edited_exactly_is_left_as_it_is(folder, imported, tmp_path, old, new, said):
    deck = folder / "01-first.yaml"
    deck.write_bytes(DECK.replace(old, new, 1).encode())
    before = deck.read_bytes()
    edit(imported, "leaf", Answer="CO2")
    ran = run("intake", export(imported, tmp_path / "new.apkg"), folder, "--write")
    assert ran.code == 1
    assert said in ran.err
    assert ran.err.rstrip().endswith("nothing was written")
    assert deck.read_bytes() == before


def test_a_note_in_braces_is_edited_too(folder, imported, tmp_path):
    deck = folder / "01-first.yaml"
    flow = (
        "deck: First Part\nnotes:\n  - {id: root, source: only-section/2, claims: [C-3], tags: [Plants], yield: core,\n"
        "     text: 'Roots take up {{c1::water}}.', skill: recall}\n"
    )
    deck.write_text(flow, encoding="utf-8")
    edit(imported, "root", Text="Roots take up {{c1::salts}}, too.")
    ran = run("intake", export(imported, tmp_path / "new.apkg"), folder, "--write")
    assert "not taken over" not in ran.out
    assert flow.replace("{{c1::water}}.", "{{c1::salts}}, too.") in deck.read_text(encoding="utf-8")


def test_a_collection_that_cannot_be_read_comes_first(folder, imported, tmp_path):
    (folder / "01-first.yaml").write_text(DECK.replace("answer:", "anwser:", 1), encoding="utf-8")
    ran = run("intake", export(imported, tmp_path / "new.apkg"), folder)
    assert ran.code == 1
    assert "unknown key 'anwser'" in ran.out


TEXT_FILES = [
    (b"\xff\xfe\x00", "neither an .apkg nor a text file"),
    (b"", "without HTML"),
    (b"#html:false\n#guid column:1\nx\ty\n", "without HTML"),
    (b"#html:true\nx\ty\n", "no GUIDs"),
    (b'#html:true\n#guid column:1\n"x\ty\n', "not a text export"),
    (b"#html:true\n#guid column:1\n" + b"x" * 200_000, "not a text export"),
    (b"#html:true\n#guid column:1\nx\ty\n\nx\tz\n", "two notes have the GUID 'x'"),
    (b"#a:\n" * 101, "over 100 lines at its start begin with '#'"),
    (b"#html:true\n#guid column:1\n" + b"\tq" * 50, "a line has 51 columns: at most 50"),
    (b"#html:true\n#guid column:1\n#tags column:2\nx\t" + b"t " * 501, "a note has 501 tags: at most 500"),
    (b'#separator:"\n#html:true\n#guid column:1\nx\ty\n', "#separator is not one"),
]


@pytest.mark.parametrize(("data", "sentence"), TEXT_FILES)
def test_a_text_file_that_is_no_export_is_refused_with_one_sentence(folder, tmp_path, data, sentence):
    (tmp_path / "notes.txt").write_bytes(data)
    ran = run("intake", tmp_path / "notes.txt", folder)
    assert (ran.code, ran.out) == (1, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_a_text_export_over_the_limits_is_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_bytes(b"#html:true\n#guid column:1\nx\ty\nz\ty\n")
    with monkeypatch.context() as patch:
        patch.setattr("ketamine_anki.anki.text_export.MAX_PACKAGED_NOTES", 1)
        assert "over 1 notes" in run("intake", tmp_path / "notes.txt", folder).err
        patch.setattr("ketamine_anki.anki.text_export.MAX_EXPORT_BYTES", 10)
        assert "at most 10" in run("intake", tmp_path / "notes.txt", folder).err


def test_a_file_that_cannot_be_read_is_a_wrong_use(folder, tmp_path):
    for name in ("missing.apkg", "."):
        ran = run("intake", tmp_path / name, folder)
        assert ran.code == 2
        assert ran.err.count("\n") == 1


def test_an_export_in_which_too_much_is_edited_is_refused_with_one_sentence(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("ketamine_anki.intake.compare.MAX_EDITED_SIGNS", 3 * (21 + 20))
    text = "#html:true\n#guid column:1\n#deck column:2\n" + "".join(f"g{n}\tSmall Deck\tq{n}?\t\n" for n in range(3))
    (tmp_path / "notes.txt").write_text(text, encoding="utf-8")
    assert run("intake", tmp_path / "notes.txt", folder).out.count("new note ") == 3
    (tmp_path / "notes.txt").write_text(text.replace("q2?", "q2???"), encoding="utf-8")
    ran = run("intake", tmp_path / "notes.txt", folder)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith("too much of it is new or edited for one run: export fewer notes, such as one subdeck\n")


# --- hostile packages -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sentence", "make"), CASES, ids=[case[0] for case in CASES])
def test_a_hostile_package_writes_nothing_and_is_refused_with_one_sentence(folder, tmp_path, name, sentence, make):
    (tmp_path / "hostile.apkg").write_bytes(make())
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))
    ran = run("intake", tmp_path / "hostile.apkg", folder, "--write")
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before
    assert ran.code in (0, 1)
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert ("notes of the collection" in ran.err) == (sentence == "")


def test_words_changed_shows_what_went_and_what_came():
    assert words_changed("the left side", "the right side", Aligner()) == "the [-left-]{+right+} side"
    assert words_changed("a b", "b", Aligner()) == "[-a-] b"
    assert words_changed("", "new words", Aligner()) == "{+new words+}"
