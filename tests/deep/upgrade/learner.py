"""A learner, inside one Anki engine: `python learner.py < plan.json > diary.json`.

Needs `anki` and nothing else, of any version from 2.1.54 on, so that one file serves every engine.

The plan is {"collections": folder, "learners": {name: [step, ...]}}; a step is {"do": what, "at": seconds, ...}:

    import   path, update ("newer", "always"), merge   as File > Import does; older engines know no choices
    review   ease                                      answers every card that can be answered
    search   query                                     the ids of the notes that Anki's browser finds
    edit, tag, restyle, move, suspend, flag, due, delete, delete cards, empty cards     done to all their notes
    add field, remove field, rename field, add template                                 done to all their note types

The diary is {name: [what the collection holds after each step]}. Time is the plan's: what an engine stamps with
the clock's time is set to the step's, as if the machine's clock had said so.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anki.buildinfo import version
from anki.collection import Collection

LOGS = ("new", "updated", "duplicate", "conflicting", "first_field_match", "missing_notetype", "missing_deck")
OWN_TEXT, OWN_TAG, OWN_DECK, OWN_STYLE = "my own words", "my-own-tag", "My Own Deck", "/* my own style */"
OWN_FIELD = "My Own Field"
CARD = ("did", "ord", "type", "queue", "due", "ivl", "factor", "reps", "lapses", "left", "odue", "odid", "flags")
Deed = Callable[[Collection, "dict[str, Any]"], object]  # a collection and the step -> what else the diary says


def main() -> None:
    plan = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr  # on a busy machine Anki prints that it is slow
    # steps so far -> the collection after them, and what it held after each
    lives: dict[str, tuple[Path, list[Any]]] = {}
    diary = {name: live(Path(plan["collections"]), steps, lives) for name, steps in plan["learners"].items()}
    json.dump(diary, out)


def live(folder: Path, steps: list[Any], lives: dict[str, tuple[Path, list[Any]]]) -> list[Any]:
    """What a learner's collection holds after each step; what others did in the same way before is not done again."""
    path, held = None, []
    for number, step in enumerate(steps, 1):
        done = json.dumps(steps[:number])
        if done not in lives:
            after = folder / f"{len(lives)}.anki2"
            if path:
                shutil.copy(path, after)
            lives[done] = (after, [*held, take(after, step)])
        path, held = lives[done]
    return held


def take(path: Path, step: dict[str, Any]) -> dict[str, Any]:
    """Takes one step with a collection, and tells what it holds then."""
    col = open_collection(path)
    began, schema = int(time.time()), col.db.scalar("select scm from col")
    deed = DEEDS[step["do"]](col, step)
    # What was stamped during the step gets the step's own time.
    col.db.execute("update notes set mod = ? where mod >= ?", step["at"], began)
    col.db.execute("update notetypes set mtime_secs = ? where mtime_secs >= ?", step["at"], began)
    col.close()
    col = open_collection(path)  # Anki remembers note types until it is closed
    holds = {"schema before": schema, **(deed if isinstance(deed, dict) else {}), **contents(col)}
    col.close()
    return holds


def open_collection(path: Path) -> Collection:
    col = Collection(str(path))
    if hasattr(col, "set_v3_scheduler") and not col.v3_scheduler():
        col.set_v3_scheduler(True)
    return col


def contents(col: Collection) -> dict[str, Any]:
    """Everything a learner would miss: notes with their cards by GUID, reviews, styles, time of the schema."""
    decks = {deck.id: deck.name for deck in col.decks.all_names_and_ids()}
    notes: dict[str, Any] = {}
    names = {}
    for nid, guid, mid, mod, tags, fields in col.db.all("select id, guid, mid, mod, tags, flds from notes order by id"):
        kind = col.models.get(mid)
        names[mid] = kind["name"]
        note = {
            "id": nid,
            "type": kind["name"],
            "mod": mod,
            "tags": tags.split(),
            "fields": dict(zip([field["name"] for field in kind["flds"]], fields.split("\x1f"))),  # noqa: B905 - 3.9
            "cards": {},
        }
        notes[guid] = note
        for row in col.db.all(f"select id, {', '.join(CARD)} from cards where nid = ? order by ord", nid):
            card = dict(zip(("id", *CARD), row))  # noqa: B905 - Python 3.9 has no strict
            card["deck"] = decks[card.pop("did")]
            note["cards"][str(card.pop("ord"))] = card
    return {
        "notes": notes,
        "rows": col.db.scalar("select count() from notes"),
        "reviews": col.db.all("select id, cid, ease, ivl, lastIvl, factor, type from revlog order by id"),
        "styles": {col.models.get(mid)["name"]: col.models.get(mid)["css"] for mid in names},
        "note types": sorted(col.db.list("select name from notetypes")),
        "schema": col.db.scalar("select scm from col"),
    }


# --- what learners do -------------------------------------------------------------------------


def import_package(col: Collection, step: dict[str, Any]) -> dict[str, Any]:
    request: Any = step["path"]
    try:
        from anki.import_export_pb2 import ImportAnkiPackageOptions, ImportAnkiPackageRequest
        from anki.import_export_pb2 import ImportAnkiPackageUpdateCondition as When
    except ImportError:  # before 23.10 there was nothing to choose
        if step["update"] != "newer" or step["merge"]:
            return {"impossible": "this Anki has no such choice"}
        if version == "2.1.54":  # its File > Import is the older importer, unless the preferences say otherwise
            return {"log": import_in_python(col, request)}
    else:
        conditions = {"newer": "IF_NEWER", "always": "ALWAYS"}
        when = {k: When.Value(f"IMPORT_ANKI_PACKAGE_UPDATE_CONDITION_{name}") for k, name in conditions.items()}
        options = ImportAnkiPackageOptions(
            update_notes=when[step["update"]],
            update_notetypes=when["newer"],
            merge_notetypes=step["merge"],
            with_scheduling=False,
        )
        request = ImportAnkiPackageRequest(package_path=request, options=options)
    log = col.import_anki_package(request).log
    return {"log": {kind: len(getattr(log, kind)) for kind in LOGS}}


def import_in_python(col: Collection, path: str) -> dict[str, int]:
    from anki.importing.apkg import AnkiPackageImporter
    from anki.lang import set_lang

    set_lang("en")
    importer = AnkiPackageImporter(col, path)
    importer.run()
    skipped = sum(line.startswith("[Skipped]") for line in importer.log)
    counts = {"new": importer.added, "updated": importer.updated, "duplicate": importer.dupes, "conflicting": skipped}
    return {**dict.fromkeys(LOGS, 0), **counts}


def review(col: Collection, step: dict[str, Any]) -> None:
    for number, card_id in enumerate(cards(col)):
        card = col.get_card(card_id)
        if card.queue >= 0:
            card.start_timer()
            col.sched.answerCard(card, 1 + (number + step["ease"]) % 4)


def due(col: Collection, step: dict[str, Any]) -> None:
    for number, card_id in enumerate(cards(col)):
        col.sched.set_due_date([card_id], f"{number % 60 + 1}!")


def write(col: Collection, *names: str) -> None:
    for nid in col.find_notes(""):
        note = col.get_note(nid)
        for name in names:
            note[name] = OWN_TEXT
        col.update_note(note)


def edit_types(change: Callable[[Collection, Any], object], own_field: bool = False) -> Deed:
    """Changes all note types, and writes into the field of one's own that they then have."""

    def deed(col: Collection, step: dict[str, Any]) -> None:
        for kind in note_types(col):
            change(col, kind)
            col.models.update_dict(kind)
        if own_field:
            write(col, OWN_FIELD)

    return deed


def add_template(col: Collection, step: dict[str, Any]) -> None:
    for kind in note_types(col):
        if kind["type"] == 0:  # a cloze note type has one template
            template = col.models.new_template("My Own Card")
            template["qfmt"], template["afmt"] = "Which {{Answer}}?", "{{Question}}"
            col.models.add_template(kind, template)
            col.models.update_dict(kind)


def note_types(col: Collection) -> list[Any]:
    return [col.models.get(mid) for mid in col.db.list("select distinct mid from notes")]


def cards(col: Collection) -> list[Any]:
    return col.db.list("select id from cards order by nid, ord")


DEEDS: dict[str, Deed] = {
    "import": import_package,
    "review": review,
    "search": lambda col, step: {"found": [col.get_note(nid)["ID"] for nid in col.find_notes(step["query"])]},
    "edit": lambda col, step: write(col, "Extra", "My notes"),
    "tag": lambda col, step: col.tags.bulk_add(col.find_notes(""), OWN_TAG),
    "move": lambda col, step: col.set_deck(cards(col), col.decks.id(OWN_DECK)),
    "suspend": lambda col, step: col.sched.suspend_cards(cards(col)),
    "flag": lambda col, step: col.set_user_flag_for_cards(3, cards(col)),
    "due": due,
    "delete": lambda col, step: col.remove_notes(col.find_notes("")),
    # the second and later cards of every note that has some
    "delete cards": lambda col, step: col.remove_cards_and_orphaned_notes(
        col.db.list("select id from cards where ord > 0")
    ),
    # Tools > Empty Cards
    "empty cards": lambda col, step: col.remove_cards_and_orphaned_notes(
        [card for note in col.get_empty_cards().notes for card in note.card_ids]
    ),
    "restyle": edit_types(lambda col, kind: kind.update(css=kind["css"] + OWN_STYLE)),
    "add field": edit_types(lambda col, kind: col.models.add_field(kind, col.models.new_field(OWN_FIELD)), True),
    "remove field": edit_types(lambda col, kind: col.models.remove_field(kind, kind["flds"][-1])),
    "rename field": edit_types(lambda col, kind: col.models.rename_field(kind, kind["flds"][-1], OWN_FIELD), True),
    "add template": add_template,
}

if __name__ == "__main__":
    main()
