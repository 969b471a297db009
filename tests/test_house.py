"""The rules of the house that no type checker knows: what Airflow may see, who may import whom, what must not stand in the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from airflow._shared.module_loading import find_path_from_directory
from tests.in_airflow import PLUGINS, REPOSITORY, ask

from airbooks.platforms import registry

PACKAGE = PLUGINS / "airbooks"
ROOMS = PACKAGE / "platforms"

# -- what Airflow sees -------------------------------------------------------------------------------------------------------------------

LOAD_PLUGINS = """
import json, sys
from airflow import plugins_manager
info = plugins_manager.get_plugin_info(["name", "source"])
ours = {}
for name, module in list(sys.modules.items()):
    file = getattr(module, "__file__", None) or ""
    if file.startswith(PLUGINS):
        ours.setdefault(file[len(PLUGINS) + 1:], []).append(name)
shadowed = [name for name in sys.modules if "." not in name and name in sys.stdlib_module_names
            and (getattr(sys.modules[name], "__file__", None) or "").startswith(PLUGINS)]
print(json.dumps({"plugins": [(each["name"], str(each["source"])) for each in info if each["name"] == "airbooks"],
                  "errors": plugins_manager.get_import_errors(), "ours": ours, "shadowed": shadowed}))
""".replace("PLUGINS", repr(str(PLUGINS)))


@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_airflow_scans_one_file_in_plugins(syntax: str) -> None:
    found = {Path(path) for path in find_path_from_directory(str(PLUGINS), ".airflowignore", syntax)}
    assert {path for path in found if path.suffix == ".py"} == {PLUGINS / "airbooks_plugin.py"}


@pytest.mark.parametrize("installed", [False, True], ids=["as a folder", "installed"])
def test_the_plugin_is_registered_once_and_every_module_has_one_name(tmp_path: Path, installed: bool) -> None:
    seen = ask(LOAD_PLUGINS, tmp_path, installed=installed)
    assert len(seen["plugins"]) == 1
    assert seen["errors"] == {}
    assert seen["shadowed"] == []
    for file, names in seen["ours"].items():
        dotted = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert names == [dotted], file


# -- who may import whom -----------------------------------------------------------------------------------------------------------------


def test_the_import_rules_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        env={"PYTHONPATH": str(PLUGINS)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("airbooks", exclude_type_checking_imports=False, cache_dir=None)


@pytest.mark.parametrize("slug", registry.slugs())
def test_a_platform_imports_no_other_platform(slug: str, imports: grimp.ImportGraph) -> None:
    others = {f"airbooks.platforms.{each}" for each in registry.slugs() if each != slug}
    room = f"airbooks.platforms.{slug}"
    targets = {target for module in {room, *imports.find_descendants(room)} for target in imports.find_modules_directly_imported_by(module)}
    assert not {target for target in targets for other in others if target == other or target.startswith(f"{other}.")}


@pytest.mark.parametrize("slug", registry.slugs())
def test_nothing_but_its_own_room_knows_a_platform(slug: str, imports: grimp.ImportGraph) -> None:
    room = f"airbooks.platforms.{slug}"
    users = {user for module in {room, *imports.find_descendants(room)} for user in imports.find_modules_that_directly_import(module)}
    assert {user for user in users if user != room and not user.startswith(f"{room}.")} == set()


# -- what must not stand in the tree -----------------------------------------------------------------------------------------------------

TEXT = {".py", ".toml", ".md", ".yaml", ".yml", ".sql", ".html", ".css", ".js", ".cfg", ".sh", ".txt", ""}
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/(work|root|home/\w+)/",
    "a folder outside the repository": r"(?<![\w./-])shared/",
    "unfinished work": r"\b(TODO|FIXME|XXX:|NotImplementedError)\b",
    "a test that does not run": r"pytest\.(skip|xfail|importorskip)|mark\.(skip|skipif|xfail)",
    "a working session": r"\b(this|last|previous|next|other) session\b(?!'s)",
}


def sources() -> Iterator[Path]:
    top = (path for path in REPOSITORY.iterdir() if path.is_file() and not path.name.startswith(".env") and path.name != "LICENSE")
    inside = (path for name in ("dags", "plugins", "include", "tests", ".ci") for path in (REPOSITORY / name).rglob("*") if path.is_file())
    for path in (*top, *inside):
        if path.suffix in TEXT and "__pycache__" not in path.parts and path != Path(__file__):
            yield path


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_stands_in_the_tree_that_users_cannot_use(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def money_modules() -> Iterator[Path]:
    """Everything that computes or carries amounts: canonical, validation, and the rooms without their simulators."""
    yield from (PACKAGE / "canonical").glob("*.py")
    yield from (PACKAGE / "validation").glob("*.py")
    yield from ROOMS.glob("*/*.py")


def binary_floats(path: Path) -> Iterator[int]:
    """The lines where something becomes a float (seconds are written as such; amounts would have to be converted)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield node.lineno


def test_no_amount_becomes_a_binary_float() -> None:
    assert [f"{path.relative_to(REPOSITORY)}:{line}" for path in money_modules() for line in binary_floats(path)] == []


def test_files_stay_short_enough_to_read() -> None:
    for path in (*PLUGINS.rglob("*.py"), *(REPOSITORY / "dags").glob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > 400:
            warnings.warn(f"{path.relative_to(REPOSITORY)} has {lines} lines", stacklevel=1)
