"""Mutation testing, by name: `pip install mutmut`, then `python tests/mutate.py MODULE...` breaks each module in every
way that mutmut knows, one at a time, and prints how many breaks the tests notice, and the ones that they do not.

    python tests/mutate.py ledger rules/medication      # without a name: all of the table below, an hour or more

What survives is explained in tests/mutation.md, or wants a test. Works on a copy; the tree is not touched. mutmut
breaks what stands inside functions; patterns and tables of words are up to the examples of the manual.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_TEXTS = ("test_render.py", "test_tex.py")
_RULES = ("test_findings.py", "test_rule_examples.py")
TESTS = {
    "ledger": ("test_ledger.py",),
    "render": _TEXTS,
    "markup": _TEXTS,
    "tex": ("test_tex.py", "test_render.py"),
    "rules/__init__": _RULES,
    "rules/cloze": _RULES,
    "rules/identity": _RULES,
    "rules/interference": (*_RULES, "test_interference.py"),
    "rules/medication": _RULES,
    "rules/provenance": _RULES,
    "rules/released": _RULES,
    "rules/rule": _RULES,
    "rules/verbatim": (*_RULES, "test_verbatim.py"),
    "rules/wording": _RULES,
}
_CONFIG = """
[tool.mutmut]
source_paths = ["ketamine_anki"]
only_mutate = ["ketamine_anki/{module}.py"]
also_copy = ["decks", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
pytest_add_cli_args = ["-o", "addopts=", "-p", "no:cacheprovider", "--tb=no", "--hypothesis-profile=same"]
pytest_add_cli_args_test_selection = {tests}
timeout_constant = 3.0
timeout_multiplier = 5.0
track_dependencies = false
use_git_change_detection = false
"""


def mutate(module: str) -> None:
    """Prints the survivors of one module, and its score."""
    with tempfile.TemporaryDirectory() as made:
        tree = Path(made) / "tree"
        shutil.copytree(
            REPOSITORY, tree, ignore=shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", "dist")
        )
        config = _CONFIG.format(module=module, tests=json.dumps([f"tests/{name}" for name in TESTS[module]]))
        with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(config)
        _mutmut(tree, "run", "--max-children", "1")
        meta = json.loads((tree / f"mutants/ketamine_anki/{module}.py.meta").read_text(encoding="utf-8"))
        ended: dict[str, int | None] = meta["exit_code_by_key"]
        survived = [name for name, code in ended.items() if code in _UNSEEN]
        for name in survived:
            print(_mutmut(tree, "show", name), flush=True)
        told = Counter(_UNSEEN.get(code, "killed") for code in ended.values())
        print(f"{module}: {told['killed']} of {len(ended)} killed {dict(told)}", flush=True)


_UNSEEN = {0: "survived", 33: "no tests", 34: "skipped", None: "not run"}  # mutmut's exit codes


def _mutmut(tree: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "mutmut", *arguments], cwd=tree, capture_output=True, check=False)
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        sys.exit(said[-4000:] + done.stderr.decode("utf-8", "replace")[-4000:])
    return said


if __name__ == "__main__":
    for name in sys.argv[1:] or TESTS:
        mutate(name)
