"""The command `preview`, and the server that reloads the page."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import os
import re
import signal
import subprocess
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import hostile_cases
import pytest
import small
from program import command, environment, run

from ketamine_anki.anki.package_reader import read_package
from ketamine_anki.cli import preview
from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.preview.server import Server, watched
from ketamine_anki.workspace.older import comparison

NOTES = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
- text: Plants give off {{c1::oxygen}} and take up {{c2::water}}.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small.write(tmp_path / "decks", NOTES)


def test_page_is_written(folder: Path, tmp_path: Path) -> None:
    ran = run("preview", folder, "-o", tmp_path / "out" / "page.html")
    assert ran == (0, f"{tmp_path / 'out' / 'page.html'}\n", "")
    html = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "2 notes, 3 cards" in html
    assert 'href="../decks/01-first.yaml"' in html


def test_findings_do_not_prevent_it(folder: Path, tmp_path: Path) -> None:
    """Broken notes of a deck that no collection knows are shown too; exit code 1."""
    broken = small.deck("- {question: 'What is <b>this</b>?', answer: '![x](no.png)', id: odd}", "Third Part")
    (folder / "03.yaml").write_text(broken, encoding="utf-8")
    ran = run("preview", folder, "-o", tmp_path / "page.html")
    assert ran.code == 1
    assert ran.out == f"{tmp_path / 'page.html'}\n"
    assert "[raw-html]" in ran.err
    assert "[unknown-deck]" in ran.err
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert html.count("no picture &#x27;no.png&#x27; in the media folder") == 2
    assert 'id="note-odd"' in html
    assert '<option value="Third Part">03 Third Part</option>' in html


def test_collection_that_cannot_be_read_gives_its_findings(folder: Path, tmp_path: Path) -> None:
    (folder / "collection.yaml").write_text("title: [", encoding="utf-8")
    ran = run("preview", folder, "-o", tmp_path / "page.html")
    assert ran.code == 1
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Nothing to show" in html
    assert "[syntax]" in ran.err
    assert "<code>syntax</code>" in html


def test_links_lead_to_the_repository_that_the_collection_names(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    text = small.COLLECTION + "repository: https://github.com/owner/name\n"
    folder = small.write(tmp_path / "some decks", NOTES, {"collection.yaml": text})
    run("preview", folder, "-o", tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "https://github.com/owner/name/blob/HEAD/some%20decks/01-first.yaml#L" in html
    run("preview", folder, "-o", tmp_path / "page.html", "--links", "vscode")
    assert "vscode://file/" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_against_another_folder(folder: Path, tmp_path: Path) -> None:
    new = small.write(tmp_path / "new", NOTES.replace("oxygen", "pure oxygen"))
    run("preview", new, "-o", tmp_path / "page.html", "--against", folder)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "0 new, 1 changed" in html
    assert "<ins>pure </ins>" in html


def test_against_the_package_of_the_same_deck_nothing_differs(
    real_decks: Path, real_package: Path, tmp_path: Path
) -> None:
    run("preview", real_decks, "-o", tmp_path / "page.html", "--against", real_package)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "against ketamine-clinical-applications.apkg: 0 new, 0 changed" in html
    assert "No longer there" not in html


def test_against_a_package(tmp_path: Path) -> None:
    """Pictures that only the package has are shown too."""
    notes = NOTES + "  picture: '![A leaf](leaf.png)'\n"
    package = small.package(small.write(tmp_path / "old", notes, {"media/leaf.png": small.PIXEL}))
    new = small.write(tmp_path / "new", NOTES.replace("oxygen", "pure oxygen"))
    run("preview", new, "-o", tmp_path / "page.html", "--against", package)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "0 new, 1 changed" in html
    assert "data:image/png;base64," in html


def test_against_a_git_revision(folder: Path, tmp_path: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    deck = folder / "01-first.yaml"
    deck.write_text(deck.read_text(encoding="utf-8").replace("oxygen", "pure oxygen"), encoding="utf-8")
    run("preview", folder, "-o", tmp_path / "page.html", "--against", "HEAD")
    assert "against HEAD: 0 new, 1 changed" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert run("preview", folder, "--against", "no-such-revision").code == 2


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ('a <b>c</b><br> <img src="x.png" alt="y">', 'a <b>c</b><br> <img src="x.png" alt="y">'),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("</template><meta http-equiv=refresh>", "&lt;/template>&lt;meta http-equiv=refresh>"),
        ('<img src="x" onerror="y">', '&lt;img src="x" onerror="y">'),
        ('<b style="x">', '&lt;b style="x">'),
        ("a < b <", "a &lt; b &lt;"),
    ],
)
def test_package_of_a_stranger_brings_no_elements_that_act(field: str, shown: str, tmp_path: Path) -> None:
    contents = read_package(small.package(small.write(tmp_path, NOTES)).read_bytes())
    note = dataclasses.replace(contents.notes[0], fields={**contents.notes[0].fields, "Answer": field})
    foreign = dataclasses.replace(contents.notes[1], fields={"Front": "a"}, guid="other")
    made = comparison("x", dataclasses.replace(contents, notes=(note, foreign))).notes
    assert list(made) == [note.guid]
    assert made[note.guid].fields[1] == shown


def test_against_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.apkg").write_bytes(b"PK")
    for old, complaint in (("empty", "no collection"), ("no.apkg", "cannot be read"), ("broken.apkg", "broken.apkg")):
        ran = run("preview", folder, "-o", tmp_path / "page.html", "--against", tmp_path / old)
        assert ran.code == 2
        assert complaint in ran.err
    assert not (tmp_path / "page.html").exists()


def test_pictures_of_a_package_are_unpacked_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "- {question: 'Which gas do plants take up?', answer: Carbon dioxide, extra: '![A leaf](leaf.png)'}"
    folder = small.write(tmp_path / "decks", note, {"media/leaf.png": small.PIXEL})
    old = small.package(folder, tmp_path / "old.apkg")
    ours = hostile_cases.png(1, 1)
    small.write(folder, note.replace("A leaf", "One leaf"), {"media/leaf.png": ours})
    against = ("preview", folder, "-o", tmp_path / "page.html", "--against", old)
    assert run(*against).err == ""
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(base64.b64encode(data).decode() in page for data in (ours, small.PIXEL))
    monkeypatch.setattr("ketamine_anki.workspace.older.MAX_MEDIA_BYTES", 10)
    ran = run(*against)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("old.apkg: its pictures together are over 10 bytes\n")
    old.write_bytes(old.read_bytes().replace(small.PIXEL, bytes(len(small.PIXEL))))
    ran = run(*against)
    assert ran.code == 2
    assert "is damaged" in ran.err
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page


def test_page_is_opened(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    run("preview", folder, "-o", tmp_path / "page.html", "--open")
    assert opened == [(tmp_path / "page.html").as_uri()]


# --- watching ---------------------------------------------------------------------------------


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[Server]:
    def make() -> str:
        return "".join(preview.look(str(folder), tmp_path, "none", None, live=True)[0])

    with watched(folder, make) as server:
        threading.Thread(target=server.run, daemon=True).start()
        yield server


class Answer(NamedTuple):
    status: int
    headers: Message
    text: str


@contextmanager
def asked(server: Server, path: str = "/", host: str = "", method: str = "GET") -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)) as connection:
        connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
        with connection.getresponse() as answer:
            yield answer


def ask(server: Server, path: str = "/", host: str = "", method: str = "GET") -> Answer:
    with asked(server, path, host, method) as answer:
        return Answer(answer.status, answer.headers, answer.read().decode("utf-8"))


def test_page_is_served_to_this_machine(server: Server) -> None:
    answer = ask(server)
    assert answer.status == 200
    assert "2 notes, 3 cards" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert server.server_address[0] == "127.0.0.1"
    assert ask(server, host=f"localhost:{server.server_port}").status == 200
    assert ask(server, method="HEAD").text == ""


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{}"])
def test_other_host_is_refused(server: Server, host: str) -> None:
    """A page elsewhere whose name is bound to 127.0.0.1 reads nothing."""
    for path in ("/", "/events"):
        answer = ask(server, path, host=host.format(server.server_port))
        assert answer.status == 421
        assert "notes" not in answer.text


@pytest.mark.parametrize("path", ["/decks", "/01-first.yaml", "/../decks/01-first.yaml", "/%2e%2e/", "/?", "*"])
def test_nothing_else_is_served(server: Server, path: str) -> None:
    assert ask(server, path).status == 404


def test_other_methods_are_refused(server: Server) -> None:
    assert ask(server, method="POST").status == 501


def test_save_reaches_the_browser_within_a_second(server: Server, folder: Path) -> None:
    ask(server)
    with asked(server, "/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.readline() == b"retry: 500\n"
        deck = folder / "01-first.yaml"
        began = time.monotonic()
        deck.write_text(deck.read_text(encoding="utf-8").replace("oxygen", "pure oxygen"), encoding="utf-8")
        stream.readline()
        assert stream.readline() == b"event: changed\n"
        assert time.monotonic() - began < 1
    assert "pure oxygen" in ask(server).text


def test_save_before_the_stream_opens_is_not_missed(server: Server, folder: Path) -> None:
    ask(server)
    deck = folder / "01-first.yaml"
    deck.write_text(deck.read_text(encoding="utf-8").replace("oxygen", "pure oxygen"), encoding="utf-8")
    while server.version == 0:
        time.sleep(0.01)
    with asked(server, "/events") as stream:
        assert [stream.readline() for _ in range(3)][-1] == b"event: changed\n"


def test_touch_without_a_change_is_no_news(server: Server, folder: Path) -> None:
    os.utime(folder / "01-first.yaml")
    server.look()
    assert server.version == 0


def test_folder_that_is_gone_for_a_moment(server: Server, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.rename(folder.with_name("away"))
    server.look()
    assert "no such folder" in capsys.readouterr().err
    folder.with_name("away").rename(folder)
    server.look()
    assert "2 notes, 3 cards" in ask(server).text


def test_port_in_use_is_one_sentence(server: Server, folder: Path) -> None:
    with pytest.raises(Failure, match="cannot listen") as failed, watched(folder, lambda: "", server.server_port):
        pass
    assert failed.value.exit_code == EXIT_IO


def test_ctrl_c_ends_it(folder: Path) -> None:
    arguments = command("preview", folder, "--watch")
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment(), encoding="utf-8") as process:
        try:
            said = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
        finally:
            process.kill()  # leaving the block waits for the process, for ever
        assert process.stderr.read().strip() == "ketamine-anki: interrupted"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/: reloads at every save; Ctrl-C ends it\n", said)


def test_watching_opens_the_browser(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(Server, "run", lambda server: opened.append(ask(server).text))
    assert run("preview", folder, "--watch", "--open").code == 0
    assert opened[0].startswith("http://127.0.0.1:")
    assert "vscode://file/" in opened[1]
