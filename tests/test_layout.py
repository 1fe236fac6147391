"""Which module may import what, and how files are named and laid out."""

import ast
import doctest
import functools
import importlib
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("pipelines", "model", "tools")

# What every script begins with, after its docstring: the repository's root
# takes the place of the script's folder, whose modules would otherwise shadow
# the standard library's and whose packages would not be found.
SCRIPT_HEAD = """\
import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""

# Imports point one way: each of these may not import those further right.
LAYERS = (
    ("pipelines.geometry", "pipelines.shards", "pipelines.reasons"),
    ("pipelines.schema",),
    ("pipelines.dicom", "pipelines.preprocess", "pipelines.labels",
     "pipelines.splits"),
    ("pipelines.plan", "pipelines.transforms"),
    ("pipelines.build_records",),
)
# Pure: neither Beam nor TensorFlow, however far one follows their imports.
PURE = ("dicom", "preprocess", "labels", "splits", "plan", "geometry",
        "shards", "reasons", "tfrecord", "recipe", "compression", "pixels",
        "breast")
# What a trainer or a prediction takes from the pipeline.
FOR_MODEL = ("geometry", "schema", "shards", "tfrecord", "reasons", "recipe",
             "progress", "files", "local_copies", "command", "console",
             "text_table")
FOR_PREDICTION = ("dicom", "pixels", "compression", "preprocess", "scan",
                  "matching", "geometry")
PREDICTION = ("model.predict", "model.predicting", "model.inference",
              "model.heatmaps")

# Test files that are not named after a module, and what tests share.
CROSSCUTTING = ("test_documents", "test_journey", "test_layout",
                "test_scripts")
# All that lies beside the packages; what Git ignores apart.
TOP_LEVEL = {
    "BUILD.md", "pipelines", "model", "tools", "tests", "requirements.txt",
    "requirements-bench.txt", "requirements-gpu.txt",
    "requirements-latest.txt", "setup.cfg",
    # What convention demands.
    "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", ".ci",
    ".gitignore", "docs"}
MAX_LINES = 350


def module_name(path):
    """As in `pipelines.labels.rows`; a package has its folder's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES
           for path in sorted((ROOT / package).rglob("*.py"))}
TESTS = {module_name(path): path
         for path in sorted((ROOT / "tests").rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"))
         for name, path in {**MODULES, **TESTS}.items()}
SCRIPTS = {name: path for name, path in MODULES.items() if
           '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8")}


def imported(nodes):
    """Names that import statements among the nodes name."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            for alias in node.names:
                joined = f"{node.module}.{alias.name}"
                yield joined if joined in TREES else node.module


def is_only_for_types(node):
    return (isinstance(node, ast.If) and
            "TYPE_CHECKING" in ast.unparse(node.test))


def nodes(parent, into_functions):
    """The nodes below one, those that only a type checker reads left out."""
    for node in ast.iter_child_nodes(parent):
        if is_only_for_types(node):
            continue
        if isinstance(node, ast.FunctionDef) and not into_functions:
            continue
        yield node
        yield from nodes(node, into_functions)


@functools.cache
def anywhere(name):
    """All that a module imports, within functions too."""
    return set(imported(nodes(TREES[name], into_functions=True)))


@functools.cache
def at_top(name):
    """What importing a module imports."""
    return set(imported(nodes(TREES[name], into_functions=False)))


def within(name, package):
    return name == package or name.startswith(package + ".")


def ours(names):
    return {name for name in names if name in MODULES}


def reachable(name, imports_of):
    """All modules, ours and others, that a module leads to."""
    found, waiting = set(), [name]
    while waiting:
        for other in imports_of(waiting.pop()) - found:
            found.add(other)
            if other in MODULES:
                waiting.append(other)
    return found


def violations(names, imports_of, forbidden):
    return sorted(f"{name} imports {other}" for name in names
                  for other in imports_of(name)
                  if any(within(other, package) for package in forbidden))


def modules_within(package):
    return [name for name in MODULES if within(name, package)]


def test_imports_have_no_cycle():
    cycles = [name for name in MODULES if name in reachable(
        name, lambda other: ours(anywhere(other)))]
    assert cycles == []


@pytest.mark.parametrize("level", range(len(LAYERS)))
def test_imports_point_one_way(level):
    higher = [name for layer in LAYERS[level + 1:] for name in layer]
    for package in LAYERS[level]:
        assert violations(
            modules_within(package),
            lambda name: reachable(name, lambda n: ours(anywhere(n))),
            higher) == []


def test_pipelines_imports_neither_model_nor_tools():
    assert violations(modules_within("pipelines"), anywhere,
                      ["model", "tools", "tests"]) == []


def test_model_takes_only_the_contract_from_pipelines():
    assert violations(modules_within("model"), anywhere,
                      ["tools", "tests"]) == []
    for name in modules_within("model"):
        allowed = {f"pipelines.{module}" for module in FOR_MODEL + (
            FOR_PREDICTION if name in PREDICTION else ())}
        taken = {other for other in anywhere(name)
                 if within(other, "pipelines")}
        assert taken <= allowed, name


def test_tools_import_no_tests():
    assert violations(modules_within("tools"), anywhere, ["tests"]) == []


def test_pipelines_import_no_tensorflow_at_the_top():
    assert violations(
        modules_within("pipelines"), lambda name: reachable(name, at_top),
        ["tensorflow", "tensorflow_io", "keras"]) == []


@pytest.mark.parametrize("pure", PURE)
def test_pure_module_leads_to_neither_beam_nor_tensorflow(pure):
    def imports_of(name):
        # The tf.io spec is the one place that names TensorFlow: for trainers.
        return at_top(name) if name == "pipelines.schema" else anywhere(name)

    assert violations(
        modules_within(f"pipelines.{pure}"),
        lambda name: reachable(name, imports_of),
        ["apache_beam", "tensorflow", "tensorflow_io", "keras"]) == []


def test_pure_modules_are_there():
    missing = [name for name in PURE if not modules_within(f"pipelines.{name}")]
    assert missing == []


def test_importing_pure_modules_loads_neither_beam_nor_tensorflow():
    names = [name for pure in PURE
             for name in modules_within(f"pipelines.{pure}")]
    code = (f"import {', '.join(names)}, sys\n"
            "print([name for name in ('apache_beam', 'tensorflow', 'keras')"
            " if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    assert result.stdout == "[]\n", result.stderr


def test_only_tests_import_scripts():
    assert violations(MODULES, anywhere, SCRIPTS) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_begins_as_all_do(name):
    tree = TREES[name]
    assert ast.get_docstring(tree), "a script opens with its docstring"
    source = SCRIPTS[name].read_text(encoding="utf-8")
    after = "".join(source.splitlines(keepends=True)[tree.body[0].end_lineno:])
    assert after.startswith(f"\n{SCRIPT_HEAD}\n")


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_s_docstring_has_a_command_to_paste(name):
    path = SCRIPTS[name].relative_to(ROOT).as_posix()
    assert f"python {path}" in ast.get_docstring(TREES[name])


@pytest.mark.parametrize("name", SCRIPTS)
def test_readme_mentions_script(name):
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README.md yet")
    assert (SCRIPTS[name].relative_to(ROOT).as_posix() in
            readme.read_text(encoding="utf-8"))


def test_top_level_is_as_prescribed_and_docs_are_notebooks():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    paths = [pathlib.PurePath(path) for path in listed.stdout.split("\0")
             if path]
    assert {path.parts[0] for path in paths} <= TOP_LEVEL
    docs = [path for path in paths if path.parts[0] == "docs"]
    assert {path.suffix for path in docs} <= {".ipynb"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path for path in docs if path.as_posix() not in readme] == []


def test_scripts_lie_directly_in_their_package():
    assert [name for name in SCRIPTS if name.count(".") != 1] == []


@pytest.mark.parametrize("name", {**MODULES, **TESTS})
def test_name_shadows_nothing(name):
    package, _, rest = name.partition(".")
    for part in rest.split("."):
        assert part not in sys.stdlib_module_names
        assert part not in (*PACKAGES, "tests")


def test_every_folder_is_a_package():
    folders = {path.parent for path in {**MODULES, **TESTS}.values()}
    missing = [folder for folder in folders
               if not (folder / "__init__.py").exists()]
    assert missing == []


def test_test_files_are_named_after_modules():
    """As in test_rows, test_labels_rows or, for an aspect, test_rows_xlsx."""
    known = set()
    for name in MODULES:
        parts = name.split(".")[1:]
        known |= {"_".join(parts[start:]) for start in range(len(parts))}

    def is_known(subject):
        words = subject.split("_")
        return any("_".join(words[:end]) in known
                   for end in range(1, len(words) + 1))

    unknown = [test for test in TESTS if test.startswith("tests.test_") and
               test.removeprefix("tests.") not in CROSSCUTTING and
               not is_known(test.removeprefix("tests.test_"))]
    assert unknown == []


def test_helpers_of_tests_are_used():
    helpers = {name for name in TESTS
               if not name.startswith("tests.test_") and
               name not in ("tests", "tests.conftest")}
    used = set().union(*map(anywhere, TESTS))
    assert helpers <= used


@pytest.mark.parametrize("name", {**MODULES, **TESTS})
def test_module_is_short(name):
    lines = {**MODULES, **TESTS}[name].read_text(encoding="utf-8").count("\n")
    # A table of cases may be long.
    assert lines <= MAX_LINES or name.startswith("tests.")


@pytest.mark.parametrize("name", MODULES)
def test_module_has_a_docstring(name):
    source = MODULES[name].read_text(encoding="utf-8")
    assert ast.get_docstring(TREES[name]) or not source


@pytest.mark.parametrize("name", [
    name for name, path in MODULES.items()
    if re.search(r"^ *>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)])
def test_examples_in_docstrings_are_true(name):
    if name not in SCRIPTS:
        result = doctest.testmod(importlib.import_module(name))
        assert result.attempted and not result.failed
        return
    # Two scripts that define the same flag cannot share a process.
    code = ("import doctest, importlib, sys; sys.exit(doctest.testmod("
            f"importlib.import_module({name!r})).failed)")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    assert result.returncode == 0, result.stdout
