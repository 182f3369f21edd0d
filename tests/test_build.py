from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from generated_runs import write_study
from report_samples import write_runs

from mnist_keras.errors import UserError
from mnist_keras.report import build
from mnist_keras.report.build import build_report
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study

STUDIES = ("compare-conv", "architectures")
COMMAND = "mnist-keras report --logs elsewhere"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of two seeds, one run of them unfinished, and their reports."""
    logs = tmp_path_factory.mktemp("logs")
    for name in STUDIES:
        write_runs(logs, load_study(name))
    (unfinished,) = logs.glob("architectures/lenet5-*-s1")
    (unfinished / "result.json").unlink()
    studies = [load_study(name) for name in (*STUDIES, "deep")]
    pages = build_report(studies, logs, command=COMMAND)
    expected = ["architectures/report.html", "compare-conv/report.html", "report.html"]
    assert sorted(page.relative_to(logs).as_posix() for page in pages) == expected
    assert pages[-1] == logs / "report.html"
    return logs


def _contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_row_for_every_finished_run(logs):
    with (logs / "architectures" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert len({row["run"] for row in rows}) == 7
    record = (logs / "architectures" / rows[0]["run"] / "result.json").read_text()
    assert rows[0]["test_accuracy"] in record


def test_a_study_without_runs_is_left_out(logs):
    assert not (logs / "deep").exists()
    assert "Hyperparameters of the deep network" not in (logs / "report.html").read_text()


@pytest.mark.parametrize("folder", [*STUDIES, "."])
def test_the_markdown_links_to_figures_that_are_there(logs, folder):
    links = re.findall(r"^!\[.*\]\(<(.*)>\)$", (logs / folder / "report.md").read_text(), re.M)
    assert len(links) >= 2
    for link in links:
        assert link.startswith("figures/")
        assert (logs / folder / link).read_bytes().startswith(b"\x89PNG")
        assert (logs / folder / link).with_suffix(".svg").is_file()


@pytest.mark.parametrize("folder", [*STUDIES, "."])
def test_the_page_holds_the_same_figures_as_the_markdown(logs, folder):
    page = (logs / folder / "report.html").read_text()
    markdown = (logs / folder / "report.md").read_text()
    assert (
        page.count("<figure>")
        == page.count('role="img"')
        == len(re.findall(r"^!\[", markdown, re.M))
    )


def test_the_joint_report_comes_with_copies_of_the_figures(logs):
    for name in STUDIES:
        for path in (logs / name / "figures").iterdir():
            assert (logs / "figures" / name / path.name).read_bytes() == path.read_bytes()
    assert (logs / "figures" / "all-published-accuracies.png").is_file()


def test_the_command_and_what_is_unfinished_are_named(logs):
    (unfinished,) = logs.glob("architectures/lenet5-*-s1")
    for folder in ("architectures", "."):
        for name in ("report.html", "report.md"):
            text = (logs / folder / name).read_text().replace("\\", "")
            assert COMMAND in text
            assert unfinished.name in text


def test_a_report_made_again_is_the_same(logs):
    before = _contents(logs)
    studies = [load_study(name) for name in STUDIES]
    build_report(studies, logs, command=COMMAND)
    after = _contents(logs)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []


def test_one_study_gets_no_joint_report(tmp_path):
    study = load_study("architectures")
    write_runs(tmp_path, study, seeds=1)
    pages = build_report([study], tmp_path, command=COMMAND)
    assert pages == [tmp_path / "architectures" / "report.html"]
    assert not (tmp_path / "report.html").exists()
    assert not (tmp_path / "figures").exists()


def test_runs_under_other_settings_are_not_called_missing(tmp_path):
    study = load_study("architectures")
    write_runs(tmp_path, study)
    shorter = study.override(epochs=3)
    with pytest.raises(
        UserError, match="were made with other settings; give the --data, --quick, --epochs"
    ):
        build_report([shorter], tmp_path, command=COMMAND)


def test_without_runs_it_says_so_in_one_line(tmp_path):
    with pytest.raises(UserError, match="there are no runs of shallow in") as error:
        build_report([load_study("shallow")], tmp_path, command=COMMAND)
    assert "\n" not in str(error.value)


def test_what_fails_leaves_the_last_report_whole(tmp_path, monkeypatch):
    study = load_study("architectures")
    write_runs(tmp_path, study, seeds=1)
    build_report([study], tmp_path, command=COMMAND)
    before = _contents(tmp_path)

    def fail(*_):
        raise OSError(28, "No space left on device", "report.html")

    monkeypatch.setattr(build, "write_bytes", fail)
    with pytest.raises(UserError, match=r"cannot write the report to report\.html: No space left"):
        build_report([study], tmp_path, command="another command")
    assert _contents(tmp_path) == before


def test_tensorflow_is_not_needed(logs):
    code = (
        "import sys; from pathlib import Path\n"
        "sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from mnist_keras.report.build import build_report\n"
        "from mnist_keras.studies.loading import load_study\n"
        f"studies, logs = [load_study('architectures')], Path({str(logs)!r})\n"
        "build_report(studies, logs, command='x')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_factor_of_many_values_is_drawn_as_one_sweep_and_compared_with_the_base(tmp_path):
    """Without a warning of the layout: warnings are errors here."""
    rates = [round(0.0001 * number, 4) for number in range(1, 42)]
    study = Study.model_validate(
        {
            "name": "many",
            "title": "Many values",
            "base": {"architecture": "shallow", "epochs": 2},
            "factors": [
                {"field": "learning_rate", "label": "learning rate", "values": rates},
                {"field": "batch_size", "label": "batch size", "values": [32, 64]},
            ],
        }
    )
    logs = tmp_path / "logs"
    write_study(logs, study, lambda config: 0.97)
    (page,) = build_report([study], logs, command=COMMAND)
    figures = {file.name for file in (logs / "many" / "figures").glob("*.png")}
    assert figures == {"many-learning-rate.png", "many-batch-size.png"}
    assert "The values of learning rate are too many to compare all pairs" in page.read_text()
