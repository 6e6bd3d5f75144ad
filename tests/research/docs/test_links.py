"""A link that leads nowhere, a page that nothing leads to, and a file that is not there are each found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.research.docs.links import anchors, links, problems


def found(root: Path, **pages: str) -> list[str]:
    """What is wrong with pages of a folder; `_` stands for a dot in a name, and README is there unless given."""
    texts = {name.replace("__", "/") + ".md": text for name, text in pages.items()}
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return problems(root, texts)


def test_pages_that_hold_together_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "picture.png").touch()
    home = "# Home\n[one](sub/page.md#two-words) ![seen](picture.png) [away](https://example.org/x#y)"
    assert found(tmp_path, README=home, sub__page="## Two words\n[up](../README.md) [here](#two-words)") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x](no.md)", "no.md, which is not there"),
        ("[x](README.md#no-such)", "README.md#no-such"),
        ("[x](#nowhere)", "README.md#nowhere"),
        ("run `python -m pipeline.no_such_module`", "no module pipeline.no_such_module"),
        ("see `pipeline/no_such.py`", "no pipeline/no_such.py"),
        ("shown by `test_that_nobody_wrote`", "no test test_that_nobody_wrote"),
    ],
)
def test_what_leads_nowhere_is_named_with_its_page(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = found(tmp_path, README=f"# Home\n{text}")
    assert problem.startswith("README.md: ")
    assert said in problem


def test_a_page_that_no_link_leads_to_is_named(tmp_path: Path) -> None:
    (problem,) = found(tmp_path, README="# Home\n[a](a.md)", a="[b](b.md)", b="", alone="[home](README.md)")
    assert problem.startswith("alone.md: ")


def test_what_stands_in_code_is_no_link(tmp_path: Path) -> None:
    assert found(tmp_path, README="`[x](no.md)`\n```\n[y](no.md)\n```\n") == []


def test_what_was_may_be_named_by_the_change_log_alone(tmp_path: Path) -> None:
    assert found(tmp_path, README="[log](CHANGELOG.md)", CHANGELOG="`python -m pipeline.gone` is gone") == []


def test_placeholders_and_patterns_name_files_too(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "a.sql").touch()
    assert found(tmp_path, README="`queries/*.sql`, `queries/NAME.sql`, `queries/`") == []
    assert len(found(tmp_path, README="`queries/*.txt`")) == 1


def test_anchors_are_those_of_github() -> None:
    text = "# Hand on: `cliptone export`\n## [A link](x.md) and more\n## Twice\n## Twice\n```\n# no heading\n```\n"
    assert anchors(text) == {"hand-on-cliptone-export", "a-link-and-more", "twice", "twice-1"}


def test_links_are_read_from_where_the_page_lies() -> None:
    text = "[a](b.md) [c](../d%20e.md#f) [g](#h) [mail](mailto:a@b.example)"
    assert list(links("x/y/z.md", text)) == [("x/y/b.md", ""), ("x/d e.md", "f"), ("x/y/z.md", "h")]
