"""Pictures of the cards, by name: `python tests/deep/screenshots.py contact OUT` or `… readme`.

`contact` takes every card of the deck as real Anki renders it, question and answer, and lays them
out on contact sheets, by day, by night and on a phone: they are made to be looked at. `readme` takes
the pictures of the README anew. Needs Chromium, `anki` and Pillow.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]

import browser  # noqa: E402
import engine  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from program import REPOSITORY, run  # noqa: E402
from reviewer import LOOKS, window  # noqa: E402

from ketamine_anki.text.mathml import with_mathml  # noqa: E402

PICTURES = REPOSITORY / ".github" / "images"
LARGEST = 200_000  # bytes of a picture in the README
PER_SHEET = 24


def frame(face: engine.Face, side: str, look: str, width: int) -> str:
    """One side of a card in Anki's window; MathML stands in for MathJax."""
    page = window(with_mathml(getattr(face, side)), "", face.ordinal, LOOKS[look])
    return f'<iframe width="{width}" srcdoc="{html.escape(page)}"></iframe>'


def width(look: str, desktop: int) -> int:
    """How wide a card is drawn: smaller than a real window, so that several stand side by side."""
    return 360 if "phone" in look else desktop


@contextmanager
def collection() -> Iterator[tuple[list[engine.Face], Path]]:
    """Every card of the deck, imported into real Anki, and the folder of its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        built = run("build", REPOSITORY / "decks", "-o", folder)
        if built.code:
            sys.exit(built.out + built.err)
        col = engine.open_collection(Path(folder))
        engine.import_package(col, next(Path(folder).glob("*.apkg")))
        yield engine.rendered(col), Path(col.media.dir())
        col.close()


@contextmanager
def opened(chromium: Browser, path: Path, body: str, size: tuple[int, int]) -> Iterator[Page]:
    """A page in a window; it is written beside the pictures, so that Chromium finds them. Windows in it are as high as
    their cards.
    """
    if body:
        path.write_text(f"<!DOCTYPE html><meta charset='utf-8'>{body}", encoding="utf-8")
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate(
        "() => document.querySelectorAll('iframe').forEach(each => {"
        "each.style.height = `${each.contentDocument.documentElement.offsetHeight}px`; })"
    )
    yield page
    page.close()


def sheet(faces: Sequence[engine.Face], look: str, column: int) -> str:
    """A page with windows side by side: for each card its name, its question, its answer."""
    cells = "".join(
        f"<figure><figcaption>{face.note_id} {face.ordinal + 1}</figcaption>"
        f"{frame(face, 'question', look, column)}{frame(face, 'answer', look, column)}</figure>"
        for face in faces
    )
    ground = "#111111" if "night" in look else "#c8ced4"
    return (
        f"<style>body{{margin:8px;background:{ground};columns:{column}px;column-gap:10px;width:{4 * (column + 10)}px}}"
        "figure{margin:0 0 14px;break-inside:avoid;}figcaption{font:bold 13px sans-serif;color:#777777}"
        f"iframe{{border:0;display:block;margin-bottom:3px}}</style>{cells}"
    )


def contact(chromium: Browser, out: Path, looks: Sequence[str]) -> None:
    """Writes the contact sheets."""
    out.mkdir(parents=True, exist_ok=True)
    with collection() as (faces, media):
        for look in looks:
            column = width(look, 560)
            for number, first in enumerate(range(0, len(faces), PER_SHEET), 1):
                body = sheet(faces[first : first + PER_SHEET], look, column)
                with opened(chromium, media / "sheet.html", body, (4 * (column + 10) + 16, 800)) as page:
                    page.screenshot(path=str(out / f"{look}-{number:02d}.png"), full_page=True)


# The README's pictures of cards: note, card, the windows side by side.
SHOWN = {
    "day": ("ketamine-etomidate-collapse", 0, (("question", "day"), ("answer", "day"))),
    "night": ("antidepressant-time-course", 1, (("question", "night"), ("answer", "night"))),
    "phone": ("vignette-compensated-shock", 0, (("answer", "phone"), ("answer", "phone-night"))),
}


def readme(chromium: Browser) -> None:
    """Writes the README's pictures: cards by day, by night and on a phone, and the preview page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with collection() as (faces, media):
        for name, (note_id, ordinal, windows) in SHOWN.items():
            face = next(face for face in faces if (face.note_id, face.ordinal) == (note_id, ordinal))
            frames = "".join(frame(face, side, look, width(look, 480)) for side, look in windows)
            ground = "#101418" if name == "night" else "#e4e9ed"
            body = (
                "<style>body{margin:0}main{display:inline-flex;align-items:flex-start;gap:16px;padding:16px;"
                f"background:{ground}}}iframe{{border:0;border-radius:8px;background:#fbfcfd}}</style>"
                f"<main>{frames}</main>"
            )
            with opened(chromium, media / "cards.html", body, (1200, 400)) as page:
                save(page.locator("main").screenshot(), PICTURES / f"cards-{name}.png")
        with contextlib.chdir(REPOSITORY):
            run("preview", "-o", media / "preview.html", "--links", "none")
        with opened(chromium, media / "preview.html", "", (1180, 760)) as page:
            page.select_option('select[data-filter="deck"]', "Trauma & Resuscitation")
            page.evaluate("document.querySelector('.note:not([hidden])').scrollIntoView()")
            page.evaluate("window.scrollTo(0, 0)")
            save(page.screenshot(), PICTURES / "preview.png")


def save(png: bytes, path: Path) -> None:
    """Writes a screenshot with 256 colors; stops if that is still too large for a README."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        sys.exit(f"{path}: {path.stat().st_size:,} bytes: at most {LARGEST:,}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take pictures of the cards.")
    commands = parser.add_subparsers(dest="command", required=True)
    sheets = commands.add_parser("contact", help="contact sheets of the whole deck")
    sheets.add_argument("out", type=Path)
    sheets.add_argument("--look", choices=LOOKS, action="append")
    commands.add_parser("readme", help="the README's pictures")
    arguments = parser.parse_args()
    with browser.chromium() as chromium:
        if arguments.command == "contact":
            contact(chromium, arguments.out, arguments.look or list(LOOKS))
        else:
            readme(chromium)
