"""The command `preview`, and the server that reloads the page."""

from __future__ import annotations

import base64
import http.client
import os
import re
import signal
import subprocess
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import small_deck
from program import Ran, command, environment, execute, run

from ketamine_anki.cli import preview
from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.preview.server import VERSION, Server

NOTES = """
- question: Which gas do plants take up?
  answer: Carbon dioxide
- text: Plants give off {{c1::oxygen}} and take up {{c2::water}}.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_deck.write(tmp_path / "decks", NOTES)


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is opened in the browser."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    return opened


def previewed(folder: Path, *options: str | Path) -> tuple[Ran, str]:
    """What the command prints, and the page that it writes."""
    path = folder.parent / "out" / "page.html"
    ran = run("preview", folder, "-o", path, *options)
    return ran, path.read_text(encoding="utf-8") if path.exists() else ""


def test_page_is_written_and_opened(folder: Path, addresses: list[str]) -> None:
    ran, html = previewed(folder, "--open")
    path = folder.parent / "out" / "page.html"
    assert (ran, addresses) == ((0, f"{path}\n", ""), [path.as_uri()])
    assert "2 notes, 3 cards" in html
    assert 'href="../decks/01-first.yaml"' in html


def test_findings_do_not_prevent_it(folder: Path) -> None:
    """Broken notes of a deck that the collection does not list are shown too; exit code 1."""
    broken = small_deck.deck("- {question: 'What is <b>this</b>?', answer: '![x](no.png)', id: odd}", "Third Part")
    (folder / "03.yaml").write_text(broken, encoding="utf-8")
    ran, html = previewed(folder)
    assert (ran.code, "[raw-html]" in ran.err, "[unknown-deck]" in ran.err) == (1, True, True)
    assert html.count("no picture &#39;no.png&#39; in the media folder") == 2
    assert 'id="note-odd"' in html
    assert '<option value="Third Part">02 Third Part</option>' in html
    (folder / "collection.yaml").write_text("title: [", encoding="utf-8")
    ran, html = previewed(folder)
    assert (ran.code, "[syntax]" in ran.err) == (1, True)
    assert "Nothing to show" in html
    assert "<code>syntax</code>" in html


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ((), "https://github.com/owner/name/blob/HEAD/some%20decks/01-first.yaml#L"),
        (("--links", "vscode"), "vscode://file/"),
    ],
)
def test_links_lead_to_the_repository_that_the_collection_names(
    tmp_path: Path, options: tuple[str, ...], address: str
) -> None:
    (tmp_path / ".git").mkdir()
    text = small_deck.COLLECTION + "repository: https://github.com/owner/name\n"
    _, html = previewed(small_deck.write(tmp_path / "some decks", NOTES, {"collection.yaml": text}), *options)
    assert f'href="{address}' in html


# --- against an older state -------------------------------------------------------------------


def old_folder(folder: Path) -> str | Path:
    return folder


def old_package(folder: Path) -> str | Path:
    return small_deck.package(folder)


def old_revision(folder: Path) -> str | Path:
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        assert execute("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words, cwd=folder).code == 0
    return "HEAD"


@pytest.mark.parametrize("old", [old_folder, old_package, old_revision])
def test_against_an_older_state(folder: Path, old: Callable[[Path], str | Path]) -> None:
    """Of a folder, a package or a git revision; what the older state alone had is shown, pictures too. Mistakes in it
    matter only where they are.
    """
    small_deck.write(folder, NOTES + "  picture: '![A leaf](leaf.png)'\n", {"media/leaf.png": small_deck.PIXEL})
    new = folder if old is old_revision else folder.with_name("new")
    new.mkdir(exist_ok=True)
    if old is not old_package:
        (folder / "02-broken.yaml").write_text("deck: 7", encoding="utf-8")
        for place in (folder, new):
            unlisted = small_deck.deck("- {id: odd, question: 'Which gas?', answer: Oxygen}", "Third Part")
            (place / "03-unlisted.yaml").write_text(unlisted, encoding="utf-8")
    name = old(folder)
    small_deck.write(new, NOTES.replace("oxygen", "pure oxygen"))
    _, html = previewed(new, "--against", name)
    assert ": 0 new, 1 changed" in html
    assert "<ins>pure </ins>" in html
    assert "data:image/png;base64," in html
    assert "No longer there" not in html


def test_against_the_package_of_the_same_deck_nothing_differs(real_decks: Path, real_package: Path) -> None:
    chunks, _ = preview.make_page(real_decks, real_decks, "none", preview.baseline(str(real_package), str(real_decks)))
    html = "".join(chunks)
    assert "against ketamine-clinical-applications.apkg: 0 new, 0 changed" in html
    assert "No longer there" not in html


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("empty", "no collection to compare with: no collection.yaml here"),
        ("no.apkg", "no.apkg: cannot be read: No such file"),
        ("broken.apkg", "broken.apkg: "),
        ("no-such-revision", "no-such-revision: no such package, folder or git revision"),
    ],
)
def test_against_nothing_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, old: str, message: str) -> None:
    monkeypatch.chdir(folder.parent)
    Path("empty").mkdir()
    Path("broken.apkg").write_bytes(b"PK")
    ran, html = previewed(folder, "--against", old)
    assert (ran.code, ran.out, html) == (2, "", "")
    assert message in ran.err


def test_pictures_of_a_package_are_unpacked_in_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "- {question: 'Which gas do plants take up?', answer: Carbon dioxide, extra: '![A leaf](leaf.png)'}"
    old = folder.parent / "old.apkg"
    small_deck.package(small_deck.write(folder, note, {"media/leaf.png": small_deck.PIXEL}), old)
    ours = small_deck.png(1, 1)
    small_deck.write(folder, note.replace("A leaf", "One leaf"), {"media/leaf.png": ours})
    ran, page = previewed(folder, "--against", old)
    assert ran.err == ""
    assert all(base64.b64encode(data).decode() in page for data in (ours, small_deck.PIXEL))
    monkeypatch.setattr("ketamine_anki.workspace.editions.MAX_MEDIA_BYTES", 10)
    ran, after = previewed(folder, "--against", old)
    assert (ran.code, ran.out, after) == (2, "", page)
    assert ran.err.endswith("old.apkg: its pictures together are over 10 bytes\n")
    old.write_bytes(old.read_bytes().replace(small_deck.PIXEL, bytes(len(small_deck.PIXEL))))
    ran, after = previewed(folder, "--against", old)
    assert (ran.code, after, "is damaged" in ran.err) == (2, page, True)


# --- watching ---------------------------------------------------------------------------------


class Watched(Server):
    """A server at work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(folder, self.page, 0)

    def page(self) -> str:
        return "".join(preview.make_page(self.folder, self.folder, "none", None, live=VERSION)[0])

    def save(self, old: str, new: str) -> None:
        small_deck.replace(self.folder / "01-first.yaml", old, new)

    def get(self, path: str = "/", host: str = "127.0.0.1:{}", method: str = "GET") -> tuple[int, str]:
        """The status of a response, and its headers and text."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=10)) as connection:
            connection.request(method, path, headers={"Host": host.format(self.server_port)})
            with connection.getresponse() as response:
                return response.status, f"{response.headers}{response.read().decode('utf-8')}"

    def version(self) -> str:
        return self.get("/version")[1].splitlines()[-1]


@pytest.fixture
def watched(folder: Path) -> Iterator[Watched]:
    with Watched(folder) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        yield server
        server.shutdown()


def test_page_is_served_to_this_machine(watched: Watched) -> None:
    assert watched.server_address[0] == "127.0.0.1"
    for host in ("127.0.0.1:{}", "localhost:{}"):
        status, text = watched.get(host=host)
        assert (status, "2 notes, 3 cards" in text) == (200, True)
        assert "Cache-Control: no-store\n" in text
        assert "X-Content-Type-Options: nosniff\n" in text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{}"])
def test_other_host_is_refused(watched: Watched, host: str) -> None:
    """A page elsewhere whose name resolves to 127.0.0.1 reads nothing."""
    for path in ("/", "/version"):
        status, text = watched.get(path, host)
        assert (status, "notes" in text) == (421, False)


@pytest.mark.parametrize("path", ["/decks", "/01-first.yaml", "/../decks/01-first.yaml", "/%2e%2e/", "/?", "*"])
def test_nothing_else_is_served(watched: Watched, path: str) -> None:
    assert watched.get(path)[0] == 404
    assert watched.get(path, method="POST")[0] == 501


def test_a_save_is_another_version(watched: Watched) -> None:
    """The page knows its own, and a touch without a change is none."""
    old = watched.version()
    assert f'"live": "{old}"' in watched.get()[1]
    os.utime(watched.folder / "01-first.yaml")
    assert watched.version() == old
    watched.save("oxygen", "pure oxygen")
    new = watched.version()
    assert new != old
    page = watched.get()[1]
    assert f'"live": "{new}"' in page
    assert "pure oxygen" in page


def test_a_page_that_cannot_be_made_stays_and_is_tried_again(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the folder is gone for a moment, and when no file has changed since."""
    away = watched.folder.rename(watched.folder.with_name("away"))
    assert "2 notes, 3 cards" in watched.get()[1]
    assert capsys.readouterr().err.startswith(f"ketamine-anki: {watched.folder}: no such folder")
    away.rename(watched.folder)
    watched.save("oxygen", "pure oxygen")
    watched.make = Path("/nowhere/at/all").read_bytes
    assert "pure oxygen" not in watched.get()[1]
    assert capsys.readouterr().err == "ketamine-anki: [Errno 2] No such file or directory: '/nowhere/at/all'\n"
    watched.make = watched.page
    assert "pure oxygen" in watched.get()[1]


def test_port_in_use_is_one_sentence(watched: Watched) -> None:
    with pytest.raises(Failure, match="cannot listen") as failed:
        Server(watched.folder, str, watched.server_port)
    assert failed.value.exit_code == EXIT_IO


def test_ctrl_c_ends_it(folder: Path) -> None:
    arguments = command("preview", folder, "--watch")
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment(), encoding="utf-8") as process:
        try:
            line = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
        finally:
            process.kill()  # leaving the block waits for the process, for ever
        assert process.stderr.read().strip() == "ketamine-anki: interrupted"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/: reloads at every save; Ctrl-C ends it\n", line)


def test_watching_opens_the_browser(folder: Path, monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    """Lines lead to the editor."""

    def serve(server: Server, poll_interval: float) -> None:
        assert "vscode://file/" in server.current()[0]

    monkeypatch.setattr(Server, "serve_forever", serve)
    ran = run("preview", folder, "--watch", "--open")
    assert (ran.code, addresses) == (0, [ran.err.partition(": reloads")[0]])
