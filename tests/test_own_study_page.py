"""docs/own-study.md, from nothing to a judged study, by its own commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from command_line import run_apart

PAGE = Path(__file__).parent.parent / "docs" / "own-study.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(folder: Path, command: str) -> str:
    program, *arguments = shlex.split(command)
    assert program == "mnist-keras"
    done = run_apart(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def test_the_page_leads_to_a_judged_study(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    (claims,) = (block for language, block in blocks if language == "toml")
    (figures,) = (block for language, block in blocks if language == "csv")
    commands = [
        line for language, block in blocks if language == "sh" for line in block.split("\n")
    ]
    new, look, again, study, published, look_at_figures = filter(None, commands)
    run(tmp_path, new)
    doubts = run(tmp_path, look)
    shown = " ".join(re.search(r"\n((?:    .+\n)+)", text)[1].split())  # type: ignore[index]
    assert shown in doubts
    file = tmp_path / "widths.toml"
    begun = file.read_text()
    assert begun.count("# hidden = 128     # the default") == 1
    file.write_text(begun.replace("# hidden = 128     # the default", "hidden = 64") + claims)
    assert "nothing in it contradicts itself" in run(tmp_path, again)
    told = run(tmp_path, study)
    assert "64 hidden units are better than 16." in told
    assert (tmp_path / "logs" / "widths" / "report.html").is_file()
    (tmp_path / "course.csv").write_text(figures)
    run(tmp_path, published)
    assert "trainings 3 for one seed" in run(tmp_path, look_at_figures)
