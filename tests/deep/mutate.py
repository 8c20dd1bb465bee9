"""Mutation testing, by name: `pip install mutmut==3.8.1`, then `python tests/deep/mutate.py MODULE...` breaks each
module in every way that mutmut knows, one at a time, and prints how many breaks the tests notice, and the ones
that they do not.

    python tests/deep/mutate.py release/ledger rules/cloze   # a minute or two each; without a name: all of the table

What survives is explained in tests/deep/mutation.md, or wants a test. Works on a copy; the tree is not touched. mutmut
breaks what stands inside functions: patterns and tables of words are up to notations.yaml and the manual's examples.

mutmut makes the breaks and switches one of them on. Its own `mutmut run` works here, too, but starts pytest anew for
each break, which takes ten times as long; here the tests are collected once, and a fork of that asks them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_TEXTS = ("text",)
_RULES = ("rules",)
TESTS = {
    "deckfiles/editor": ("deckfiles/test_editor.py", "intake/test_compare.py"),
    "deckfiles/pictures": ("deckfiles/test_pictures.py",),
    "intake/apply": ("intake/test_compare.py",),
    "intake/compare": ("intake/test_compare.py",),
    "release/changes": ("release/test_changes.py", "release/test_diff.py"),
    "release/ledger": ("release/test_ledger.py",),
    "release/ledger_file": ("release/test_ledger_file.py",),
    "workspace/release": ("release/test_release.py", "release/test_release_notes.py"),
    "text/render": _TEXTS,
    "text/emphasis": _TEXTS,
    "text/markdown": _TEXTS,
    "text/scanner": _TEXTS,
    "text/tex": _TEXTS,
    "anki/compile": ("anki/test_compile.py",),
    "rules/checker": _RULES,
    "rules/cloze": _RULES,
    "rules/identity": _RULES,
    "rules/interference": _RULES,
    "rules/medication": _RULES,
    "rules/provenance": _RULES,
    "rules/released": _RULES,
    "rules/view": _RULES,
    "rules/questions": _RULES,
    "rules/rule": _RULES,
    "rules/wording": _RULES,
}
_OPTIONS = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "mutate", "--hypothesis-profile=same"]
_SLOWER = 3  # times as long as without a break, and a few seconds: that is noticed, too


def mutate(module: str) -> None:
    """Prints the breaks of one module that no test notices, and how many there are."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.mutation.file_mutation import mutate_file_contents

    with tempfile.TemporaryDirectory() as made:
        tree = Path(made) / "tree"
        left = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "dist")
        shutil.copytree(REPOSITORY, tree, ignore=left)
        os.chdir(tree)
        (tree / "setup.cfg").write_text("[mutmut]\nsource_paths = ketamine_anki\n", encoding="utf-8")
        path = Path("ketamine_anki", f"{module}.py")
        broken = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
        path.write_text(broken.code, encoding="utf-8")
        name = f"ketamine_anki.{module.replace('/', '.')}".removesuffix(".__init__")
        Path("breaks.json").write_text(json.dumps([f"{name}.{each}" for each in broken.mutant_names]), encoding="utf-8")
        files = [f"tests/{each}" for each in TESTS[module]]
        there = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, (tree, tree / "tests", tree / "tests" / "deep"))),
            "MUTANT_UNDER_TEST": "",
        }
        subprocess.run([sys.executable, "-m", "pytest", *_OPTIONS, *files], env=there, check=True)
        survived = json.loads(Path("survived.json").read_text(encoding="utf-8"))
        for each in survived:
            diff = get_diff_for_mutant(each, source=broken.code, path=path).split("\n")
            print(each, *(line for line in diff[2:] if line[:1] in "-+"), sep="\n", flush=True)
        count = len(broken.mutant_names)
        print(f"{module}: {count - len(survived)} of {count} breaks noticed", flush=True)
        os.chdir(REPOSITORY)


# --- the plugin of the pytest that asks the tests ----------------------------------------------


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """The tests once without a break, then for each break until one of them fails; what noticed the last breaks is
    asked first about the next.
    """
    names = json.loads(Path("breaks.json").read_text(encoding="utf-8"))
    items = list(session.items)
    failed = _asked(items, "", seconds=0)
    assert failed == "", f"fails without a break: {failed}"
    seconds = 3 + _SLOWER * (os.times().children_user + os.times().children_system)
    survived = []
    for name in names:
        failed = _asked(items, name, seconds)
        items.sort(key=lambda item: item.nodeid != failed)
        if not failed:
            survived.append(name)
    Path("survived.json").write_text(json.dumps(survived), encoding="utf-8")
    return True


def _asked(items: list[pytest.Item], name: str, seconds: float) -> str:
    """The test that fails with a break within so many seconds of computing, or `""`; in a process of its own, which
    may end in any way.
    """
    from _pytest.runner import runtestprotocol
    from mutmut.mutation.trampoline import set_mutant_under_test

    said, say = os.pipe()
    child = os.fork()
    if child == 0:
        set_mutant_under_test(name)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        for item, after in zip(items, [*items[1:], None], strict=True):
            if any(report.failed for report in runtestprotocol(item, nextitem=after, log=False)):
                os.write(say, item.nodeid.encode())
                os._exit(1)
        os._exit(0)
    os.close(say)
    with os.fdopen(said, encoding="utf-8") as pipe:
        failed = pipe.read()
    _, status = os.waitpid(child, 0)
    return failed or ("" if status == 0 else "no test by its name")


if __name__ == "__main__":
    for module in sys.argv[1:] or TESTS:
        mutate(module)
