"""Mutation testing, by name: `python tests/mutate.py MODULE COUNT TESTS...` breaks a module in COUNT ways, one at a
time, runs the tests each time, and prints which breaks nobody noticed.

    python tests/mutate.py ketamine_anki/markup.py 60 tests/test_render.py tests/test_bad.py

A break is: a comparison, `and`/`or`, `not`, a number, `+`/`-`, a condition or a returned value turned into
another. They are drawn at random, always the same ones. Works on a copy; the tree is not touched.
"""

from __future__ import annotations

import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_OTHER = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was broken, the source with it) of every break of a module."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for what in _breaks(node):
            broken = copy.deepcopy(tree)
            target = next(n for at, n in enumerate(ast.walk(broken)) if at == number)
            _break(target, what)
            yield (
                getattr(node, "lineno", 0),
                f"{what}: {ast.unparse(node)[:70]}",
                ast.unparse(ast.fix_missing_locations(broken)),
            )


def _breaks(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OTHER:
        return ["compare"]
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in _OTHER:
        return ["operator"]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ["not"]
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return ["condition"]
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        return ["return"]
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return ["number"]
    return []


def _break(node: ast.AST, what: str) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = _OTHER[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp | ast.BinOp):
        node.op = _OTHER[type(node.op)]()
    elif isinstance(node, ast.UnaryOp):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        node.test = ast.Constant(False)
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(None)
    elif isinstance(node, ast.Constant):
        node.value += 1


def main(module: str, count: int, tests: list[str]) -> int:
    source = (REPOSITORY / module).read_text(encoding="utf-8")
    found = list(mutants(source))
    drawn = random.Random(1).sample(found, min(count, len(found)))
    survived = []
    with tempfile.TemporaryDirectory() as made:
        tree = Path(made) / "tree"
        shutil.copytree(REPOSITORY, tree, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*_cache", "dist"))
        ask = [sys.executable, "-m", "pytest", "--no-cov", "-q", "-x", "-p", "no:cacheprovider", *tests]
        for line, what, broken in [(0, "nothing", source), *sorted(drawn)]:
            (tree / module).write_text(broken, encoding="utf-8")
            try:
                done = subprocess.run(ask, cwd=tree, capture_output=True, timeout=300, check=False).returncode
            except subprocess.TimeoutExpired:
                done = 1
            if what == "nothing":
                assert done == 0, "the tests fail without a break"
            elif done == 0:
                survived.append(f"{module}:{line}: {what}")
                print(survived[-1], flush=True)
    killed = len(drawn) - len(survived)
    print(
        f"{module}: {killed} of {len(drawn)} breaks noticed ({100 * killed // max(len(drawn), 1)} %),"
        f" of {len(found)} possible"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
