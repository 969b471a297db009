"""The README tells the truth: its platform tables are the registry's, its commands and files exist, its demo output is complete."""

from __future__ import annotations

import re

import pytest

from airbooks.commands import tables
from airbooks.paths import REPOSITORY
from airbooks.platforms import registry

README = (REPOSITORY / "README.md").read_text("utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text("utf-8")


def between(name: str) -> str:
    return README.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0].strip()


def test_the_platform_tables_are_those_of_the_registry() -> None:
    assert between("platforms") == tables([registry.spec(slug) for slug in registry.slugs()])


@pytest.mark.parametrize("slug", registry.slugs())
def test_a_platform_says_which_client_it_was_verified_with_where_one_is_tested(slug: str) -> None:
    says = any(each.endswith(" on the simulator") for each in registry.spec(slug).verified_against)
    assert says is (REPOSITORY / f"tests/contracts/test_{slug}_client.py").exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_every_make_target_it_names_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:include|plugins|tests|dags)/[\w./]+)`", README))))
def test_every_file_it_names_exists(path: str) -> None:
    assert (REPOSITORY / path).exists()


def test_the_demo_output_ends_as_a_demo_does() -> None:
    last = between("demo output").splitlines()[-2]
    counts = r"documents=\d+ delivered=\d+ exceptions=\d+ duplicates=0 lost=0 platforms=\d+"
    money = r"payments=\d+ matched=\d+ reviews=\d+ unreconciled=0"
    assert re.fullmatch(rf"demo: ok {counts} {money} seconds=\d+", last)
