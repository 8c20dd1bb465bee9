"""A new collection on any subject: it checks, builds, and Anki takes it."""

from __future__ import annotations

import io
import re
import sys
from importlib.resources import files
from pathlib import Path

import engine
import pytest
import yaml
from anki.collection import Collection
from packaging.requirements import Requirement
from program import REPOSITORY, run

from ketamine_anki.cli.init import default_title, requirement
from ketamine_anki.core.model import Collection as Model
from ketamine_anki.workspace.folder import Folder


def made(folder: Path, *options: str) -> Path:
    ran = run("init", folder, *options)
    assert (ran.code, ran.out) == (0, f"{folder}\n"), ran.err
    return folder


def head(folder: Path) -> Model:
    """What collection.yaml of a new collection says."""
    collection = Folder(folder / "decks").collection
    assert collection is not None
    return collection


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "ar", "he", "fa", "eu"])
@pytest.mark.parametrize("source", ["--source", "--no-source"])
def test_a_new_collection_passes_every_check(tmp_path: Path, language: str, source: str) -> None:
    folder = made(tmp_path / "x", "--language", language, source)
    for command in (["check"], ["fmt", "--check"], ["schema", "--check"], ["stats"]):
        ran = run(*command, folder / "decks")
        assert (ran.code, ran.out if command[0] != "stats" else "") == (0, ""), ran
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
    assert {"README.md", ".gitignore", "requirements.txt"} < texts.keys()
    assert not re.search(r"\$[A-Z]", "".join(texts.values()))
    assert ("Which gas" in texts["01-first-part.yaml"]) is (language in ("en", "eu"))
    assert "rules:\n  off: [medication]\n" in texts["collection.yaml"]
    for file in ("source.yaml", "references.yaml"):
        assert {file in texts, f"`decks/{file}`" in texts["README.md"]} == {source == "--source"}
    assert ("openstax" in "".join(texts.values())) is (source == "--source")
    assert f"language: {language}\n" in texts["collection.yaml"]


def test_it_has_the_form_that_the_cards_of_a_repository_link_to(tmp_path: Path) -> None:
    link = files("ketamine_anki.anki.notetypes").joinpath("report-link.html").read_text("utf-8")
    template, field = re.findall(r"template=([a-z.]+)&amp;([a-z]+)=", link)[0]
    form = made(tmp_path / "birds") / ".github" / "ISSUE_TEMPLATE" / template
    assert field in [part["id"] for part in yaml.safe_load(form.read_text("utf-8"))["body"]]


def test_its_deck_is_at_home_in_real_anki(tmp_path: Path, learner: Collection) -> None:
    folder = made(tmp_path / "plant-biology")
    assert run("build", folder / "decks", "-o", folder / "dist").code == 0
    log = engine.import_package(learner, folder / "dist" / "plant-biology.apkg")
    assert log == {"new": 2}
    assert {deck.name for deck in learner.decks.all_names_and_ids()} >= {"Plant Biology::01 First Part"}
    assert all(re.match(r"Plant_Biology_[0-9a-f]{8}::", tag) for tag in learner.tags.all())
    assert [face.ordinal for face in engine.rendered(learner)] == [0, 0, 1]
    assert engine.problems(learner) == []


def test_two_collections_share_no_card_and_tags_only_where_somebody_says_so(tmp_path: Path) -> None:
    heads = []
    for place, option in (("a", ()), ("b", ()), ("c", ("--tag", "Mine")), ("d", ("--tag", "Mine"))):
        ran = run("init", tmp_path / place / "deck", "--title", "Deck", *option)
        heads.append(head(tmp_path / place / "deck"))
        assert f"of the same name: yours are 'Deck' and {heads[-1].tag!r}\n" in ran.err
    assert len({head.namespace for head in heads}) == 4
    assert all(re.fullmatch("deck/[0-9a-f]{8}", head.namespace) for head in heads)
    assert heads[0].tag != heads[1].tag
    assert all(re.fullmatch("Deck_[0-9a-f]{8}", head.tag) for head in heads[:2])
    assert [head.tag for head in heads[2:]] == ["Mine", "Mine"]


def test_a_title_is_made_of_the_folders_name() -> None:
    for name, title in (("it's_mRNA", "It's MRNA"), ("CPP-and  ICP", "CPP And ICP"), ("éclairs", "Éclairs")):
        assert default_title(Path("some", name)) == title


def test_title_and_namespace_may_be_chosen(tmp_path: Path) -> None:
    title = "STAGES & TAGS: the 'new' one"
    folder = made(tmp_path / "x", "--title", title, "--namespace", "mine: 1")
    collection = head(folder)
    assert (collection.title, collection.namespace) == (title, "mine: 1")
    assert collection.tag.startswith("STAGES_and_TAGS_the_new_one_")
    assert run("check", folder / "decks").code == 0
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {title}\n")


@pytest.mark.parametrize(("title", "tag", "slug"), [("日本語", "日本語", "ri-ben-yu"), ("★", "Deck", "deck")])
def test_names_in_any_script_make_tags_and_namespaces_of_their_own(tmp_path: Path, title, tag, slug) -> None:
    collection = head(made(tmp_path / title))
    assert re.fullmatch(f"{slug}/[0-9a-f]{{8}}", collection.namespace)
    assert collection.tag == f"{tag}_{collection.namespace[-8:]}"


def test_examples_in_another_language_than_the_cards_are_announced(tmp_path: Path) -> None:
    english = "its two notes and README.md are in English: there are none in 'ur' yet"
    assert [english in run("init", tmp_path / tag, "--language", tag).err for tag in ("ur", "AR_eg")] == [True, False]


def test_doses_are_held_to_the_rules_of_wards_where_they_are_asked_for(tmp_path: Path) -> None:
    assert "off" not in head(made(tmp_path / "x", "--medical")).rules


def test_on_a_terminal_init_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard = io.StringIO("A::B\nWörter\na b\nVokabeln\nDeutsch\nDE_at\nn\nn\n")
    keyboard.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", keyboard)
    err = run("init", tmp_path / "x").err
    for wrong in ("title is 'A::B'", "tag is 'a b'", "language is 'deutsch': a language tag such as en, de"):
        assert wrong in err
    collection = head(tmp_path / "x")
    assert (collection.title, collection.tag, collection.language) == ("Wörter", "Vokabeln", "de-AT")
    assert collection.sections == {}


def test_the_command_to_go_there_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "now `cd 'Deutsche Anatomie'`" in run("init", "Deutsche Anatomie").err


def test_what_cannot_be_a_collection_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for words, message in (
        ([tmp_path], "not empty ('notes.txt' is there)"),
        ([tmp_path / "notes.txt"], "exists and is not a folder"),
        ([tmp_path / "x", "--title", "a\u202eb"], "the title, tag, language or namespace cannot be used"),
        ([tmp_path / "x", "--tag", "a b"], "the title, tag, language or namespace cannot be used"),
    ):
        ran = run("init", *words)
        assert (ran.code, message in ran.err) == (2, True)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_it_is_ready_for_git_and_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workflow runs commands that exist, of the version that made the collection, and may only read."""
    (tmp_path / ".git").mkdir()  # a fresh repository is empty enough
    made(tmp_path)
    monkeypatch.chdir(tmp_path)
    workflow = yaml.load(Path(".github/workflows/check.yml").read_text(encoding="utf-8"), yaml.CBaseLoader)
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["cards"]["steps"]
    assert all(re.search(r"@[0-9a-f]{40}$", step["uses"]) for step in steps if "uses" in step)
    commands = [step["run"].split()[1:] for step in steps if step.get("run", "").startswith("ketamine-anki")]
    assert [command[0] for command in commands] == ["check", "fmt", "build", "preview"]
    for command in commands:
        ran = run(*command)
        assert ran.code == 0, (command, ran.err)
    *comments, required = Path("requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") for line in comments)
    assert Requirement(required).name == "ketamine-anki"
    hooks = yaml.load(Path(".pre-commit-config.yaml").read_text(encoding="utf-8"), yaml.CBaseLoader)
    assert [hook["additional_dependencies"] for hook in hooks["repos"][0]["hooks"]] == [[required]] * 2


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "ketamine-anki==1.2.3"),
        ('{"url": "file:///home/me/a-1.2.3-py3-none-any.whl", "archive_info": {}}', "ketamine-anki==1.2.3"),
        ('{"url": "file:///home/me/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}', "ketamine-anki==1.2.3"),
        ('{"url": "https://e.org/a.whl", "archive_info": {}}', "ketamine-anki @ https://e.org/a.whl"),
        (
            '{"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}',
            "ketamine-anki @ git+https://example.org/a.git@c0ffee",
        ),
    ],
)
def test_the_program_is_required_from_where_others_can_get_it(origin: str | None, line: str) -> None:
    """Not from a folder of this machine, and never by its name without a version."""
    assert requirement(origin, "1.2.3") == line
    assert Requirement(line).name == "ketamine-anki"


def test_the_program_knows_no_subject() -> None:
    """Nothing in the package speaks of ketamine but its own name."""
    found = []
    for path in (REPOSITORY / "ketamine_anki").rglob("*"):
        if path.suffix in (".py", ".yaml", ".md", ".html", ".css", ".json", ".js"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if re.search(r"(?i)ketamine(?![-_ ]?anki)", line):
                    found.append(f"{path.name}:{number}: {line.strip()}")
    assert found == []
