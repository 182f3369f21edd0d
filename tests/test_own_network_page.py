"""docs/own-network.md, from its file of ten lines to its judged comparison."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

from command_line import run_apart

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(folder: Path, command: str) -> str:
    program, *arguments = shlex.split(command)
    assert program == "mnist-keras"
    done = run_apart(folder, *arguments)
    assert "WARNING" not in done.stderr
    return done.stdout + done.stderr


def test_the_page_leads_to_a_judged_comparison(tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "own-network.md").read_text(encoding="utf-8"))
    (code,) = (text for language, text in blocks if language == "python")
    (study,) = (text for language, text in blocks if language == "toml")
    commands = [line for language, text in blocks if language == "sh" for line in text.splitlines()]
    assert len(code.splitlines()) <= 12
    assert (ROOT / "examples" / "nets.py").read_text(encoding="utf-8") == code
    assert (ROOT / "examples" / "nets.toml").read_text(encoding="utf-8") == study
    (tmp_path / "nets.py").write_text(code)
    (tmp_path / "nets.toml").write_text(study)
    listed, trained, judged = (run(tmp_path, command) for command in commands)
    assert "--width INTEGER" in listed
    assert "[default: 64]" in listed
    assert "One hidden layer with batch normalisation." in listed
    assert re.search(r"records: logs/train/net-width=32-\S+-s0", trained)
    assert "nets.toml runs code of its own: nets.py" in judged
    with (tmp_path / "logs" / "my-net" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    tried = {(row["width"], row["dropout"], row.get("optimizer", "")) for row in rows}
    assert {("64", "0.0", ""), ("64", "0.5", ""), ("64", "0.0", "sgd"), ("16", "0.0", "")} <= tried
    report = (tmp_path / "logs" / "my-net" / "report.md").read_text()
    assert re.search(r"^\| width \| 2 \| .* \|$", report, re.MULTILINE)
    assert re.search(r"^\| adam against sgd \| test accuracy, % \| .* \|$", report, re.MULTILINE)
    (tmp_path / "nets.py").unlink()
    (tmp_path / "nets.toml").unlink()
    assert run(tmp_path, "mnist-keras report") == "logs/my-net/report.html\n"
    made = report.partition("## Make it again")[0]
    again = (tmp_path / "logs" / "my-net" / "report.md").read_text()
    assert again.partition("## Make it again")[0] == made
