from __future__ import annotations

import pytest
from command_line import run_here

from mnist_keras.architectures import BUILT_IN
from mnist_keras.config import ARCHITECTURE_NAMES, BUILT_IN_SETTINGS, OF_EVERY_RUN
from mnist_keras.errors import UserError
from mnist_keras.search.ranges import make_space, parse_range
from mnist_keras.search.space import Range

ALL = {**BUILT_IN_SETTINGS, **OF_EVERY_RUN}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning_rate=0.0001..0.01", Range("learning_rate", low=0.0001, high=0.01, log=True)),
        ("learning_rate=1e-4..1e-2", Range("learning_rate", low=0.0001, high=0.01, log=True)),
        ("epochs=3..9", Range("epochs", low=3, high=9, whole=True)),
        ("label_smoothing=0..0.3", Range("label_smoothing", low=0.0, high=0.3)),
        ("nesterov=true,false", Range("nesterov", choices=(True, False))),
        (" hidden = 64, 128 ", Range("hidden", choices=((64,), (128,)))),
        ("hidden=256x128,64x32x16", Range("hidden", choices=((256, 128), (64, 32, 16)))),
        ("hidden=64..512", Range("hidden", low=64, high=512, whole=True, log=True, widths=True)),
        ("patience=3,none", Range("patience", choices=(3, None))),
        ("padding=same,valid", Range("padding", choices=("same", "valid"))),
        ("batch_size=32", Range("batch_size", choices=(32,))),
    ],
)
def test_a_range_is_read_and_written(text, expected):
    found = parse_range(text, ALL)
    assert found == expected
    assert parse_range(str(found), ALL) == found


@pytest.mark.parametrize("architecture", ARCHITECTURE_NAMES)
def test_every_architecture_has_ranges_of_its_own(architecture):
    known = BUILT_IN[architecture]
    for grid, texts in ((False, known.search), (True, known.grid)):
        space = make_space(architecture, grid=grid)
        assert sorted(map(str, space.ranges)) == sorted(
            str(parse_range(text, ALL)) for text in texts
        )
    configs = {space.config(labels) for labels in space.grid()}
    assert len(configs) == len(space.grid())
    assert {config.architecture for config in configs} == {architecture}
    assert {config.validation for config in configs} == {"holdout"}


def test_the_grid_of_shallow_is_the_full_one_of_the_study():
    assert len(make_space("shallow", grid=True).grid()) == 3 * 4 * 3


def test_what_is_drawn_becomes_a_configuration():
    space = make_space("deep", ["hidden=64x32,128x64", "learning_rate=0.001..0.1", "patience=4"])
    config = space.config({"hidden": "128x64", "learning_rate": 0.00734567})
    assert (config.hidden, config.learning_rate, config.patience) == ((128, 64), 0.00735, 4)
    assert [one.field for one in space.varied] == ["hidden", "learning_rate"]
    assert make_space("shallow", ["hidden=8..16"]).config({"hidden": 9}).hidden == (9,)


def test_a_file_gives_ranges_and_the_command_line_goes_before_it(tmp_path):
    file = tmp_path / "ranges.toml"
    file.write_text(
        'learning_rate = "0.0001..0.01"\nhidden = [64, 128]\nbatch_size = 32\nepochs = [3, 5]\n'
    )
    space = make_space("shallow", ["hidden=16"], file)
    assert list(map(str, space.ranges)) == [
        "hidden=16", "learning_rate=0.0001..0.01", "batch_size=32", "epochs=3,5",
    ]  # fmt: skip
    assert space.longest == 5
    file.write_text("hidden = [[64, 32], [128, 64]]\n", encoding="utf-8-sig")
    assert [one.labels for one in make_space("deep", file=file).ranges] == [("64x32", "128x64")]


WRONG = {
    "hidden=": "has no values",
    "hidden": "has no values",
    "width=3": "'width' is no setting; expected one of hidden, learning_rate",
    "seed=0,1": "give it with --seed",
    "validation=holdout,test": "never on the test set",
    "architecture=deep": "a search is of one architecture",
    "data=mnist": "give it with --data",
    "hidden=x": "'x' is given; expected widths",
    "hidden=64,64": "64 appears twice",
    "hidden=64x32": "shallow takes one width",
    "hidden=0,8": "expected widths from 1",
    "learning_rate=0.1..0.01": "the first number must be the smaller one",
    "learning_rate=0..0.01": "greater than 0",
    "learning_rate=-0.1,0.1": "greater than 0",
    "learning_rate=nan,0.1": "nan",
    "learning_rate=a..b": "'a' is given; expected a number",
    "batch_size=16..1.5": "'1.5' is given; expected a whole number",
    "batch_size=16,,32": "'' is given",
    "batch_size=1..70000": "less than or equal to 60000",
    "padding=same": "'padding' is no setting",
    "precision=float32..mixed_bfloat16": "expected listed values",
    "precision=float16": "it should be",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_range_is_a_usage_error_of_one_line(text):
    outcome = run_here("search", "shallow", "--range", text)
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
    assert WRONG[text] in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("hidden = [", "not valid TOML"),
        ("", "it has no range"),
        ("hidden = { low = 1 }", "expected a list of values"),
        ("hidden = true", "expected a list of values"),
        ("hidden = []", "the list is empty"),
        ("seed = [1]", "give it with --seed"),
        ("batch_size = [1.5]", "'1.5' is given; expected a whole number"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, content, message):
    file = tmp_path / "ranges.toml"
    file.write_text(content)
    with pytest.raises(UserError, match=rf"ranges\.toml: .*{message}"):
        make_space("shallow", file=file)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--range", "hidden=8", "--range", "hidden=9"], "more than one range"),
        (["--range", "epochs=3,4", "--epochs", "5"], "as a range and as a single value"),
        (["--sampler", "grid", "--range", "learning_rate=0.1..0.2"], "a grid takes listed values"),
        (["--name", "shallow"], "is that of a study"),
        (["--name", "../x"], "expected small letters"),
        (["--sampler", "bayes"], "is not one of"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(options, message):
    outcome = run_here("search", "shallow", *options)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert message in outcome.err


def test_a_grid_that_is_too_large_is_refused():
    hidden = ",".join(map(str, range(1, 202)))
    batches = ",".join(map(str, range(1, 102)))
    with pytest.raises(UserError, match="the grid has 20301 combinations"):
        make_space("shallow", [f"hidden={hidden}", f"batch_size={batches}"]).grid()
