from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mnist_keras.config import make_config
from mnist_keras.errors import UserError

NAME = re.compile(
    r"(?P<architecture>perceptron|shallow|deep|lenet5|cnn-simple|cnn2|cnn3)"
    r"(-h(?P<hidden>\d+(x\d+)*))?"
    r"(?P<valid>-valid)?"
    r"-lr(?P<learning_rate>\d[\d.e-]*?)"
    r"-b(?P<batch_size>\d+)-e(?P<epochs>\d+)"
    r"(-p(?P<patience>\d+))?"
    r"(?P<test>-test)?(?P<bf16>-bf16)?"
    r"(-(?P<data>data-[0-9a-f]{12}))?"
    r"-s(?P<seed>\d+)"
)


WITH_A_PATTERN = ("perceptron", "shallow", "deep", "lenet5", "cnn-simple", "cnn2", "cnn3")
"""Those of the two first sources; the names of the others are longer."""


def decode(name):
    """The fields that a name tells, read without the code that wrote it."""
    parts = NAME.fullmatch(name)
    assert parts, name
    own = {}
    if parts["hidden"]:
        own["hidden"] = tuple(int(width) for width in parts["hidden"].split("x"))
    if parts["architecture"] == "lenet5":
        own["padding"] = "valid" if parts["valid"] else "same"
    return {
        "architecture": parts["architecture"],
        **own,
        "learning_rate": float(parts["learning_rate"]),
        "batch_size": int(parts["batch_size"]),
        "epochs": int(parts["epochs"]),
        "patience": int(parts["patience"]) if parts["patience"] else None,
        "validation": "test" if parts["test"] else "holdout",
        "seed": int(parts["seed"]),
        "precision": "mixed_bfloat16" if parts["bf16"] else "float32",
        "data": parts["data"] or "mnist",
    }


def all_fields(architecture):
    widths = st.integers(1, 65_536)
    own = {
        "shallow": {"hidden": st.tuples(widths)},
        "deep": {"hidden": st.lists(widths, min_size=2, max_size=20).map(tuple)},
        "lenet5": {"padding": st.sampled_from(["same", "valid"])},
    }
    return st.fixed_dictionaries(
        {
            "architecture": st.just(architecture),
            **own.get(architecture, {}),
            "learning_rate": st.floats(0, 1e6, exclude_min=True),
            "batch_size": st.integers(1, 60_000),
            "epochs": st.integers(1, 10_000),
            "patience": st.none() | st.integers(1, 10_000),
            "validation": st.sampled_from(["holdout", "test"]),
            "seed": st.integers(0, 2**32 - 1),
            "precision": st.sampled_from(["float32", "mixed_bfloat16"]),
            "data": st.just("mnist") | st.from_regex(r"data-[0-9a-f]{12}", fullmatch=True),
        }
    )


runs = st.sampled_from(WITH_A_PATTERN).flatmap(all_fields)


@settings(deadline=None)
@given(runs)
def test_the_name_tells_every_field_so_different_runs_have_different_names(fields):
    assert decode(make_config(fields).name) == fields


@settings(deadline=None)
@given(runs, st.randoms())
def test_the_same_values_make_the_same_run(fields, random):
    shuffled = list(fields.items())
    random.shuffle(shuffled)
    one, other = make_config(fields), make_config(dict(shuffled))
    assert one == other
    assert hash(one) == hash(other)
    assert (one.name, one.to_json()) == (other.name, other.to_json())


@settings(deadline=None)
@given(runs)
def test_the_name_is_a_safe_folder_name_everywhere(fields):
    name = make_config(fields).name
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", name)  # no folder differs by case alone
    assert len(name) <= 245  # file systems take 255 bytes; a replaced run adds ".replaced-N"


@settings(deadline=None)
@given(runs)
def test_json_gives_the_run_back(fields):
    config = make_config(fields)
    text = config.to_json()
    assert make_config(json.loads(text)) == config
    assert list(json.loads(text)) == sorted(json.loads(text))
    as_json = {n: list(v) if isinstance(v, tuple) else v for n, v in fields.items()}
    assert json.loads(text).items() >= as_json.items()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def test_the_settings_of_the_other_networks_are_in_the_name():
    fields = {"architecture": "mnist-cnn", "filters": [24, 32], "dropout": 0.0, "pooling": "each"}
    assert make_config(fields).name == (
        "mnist-cnn-h128-dropout=0.0-filters=24x32-pooling=each-lr1.0-b128-e12-s0"
    )
    assert make_config({"architecture": "mnist-cnn"}).name == "mnist-cnn-h128-lr1.0-b128-e12-s0"


def test_a_name_that_is_too_long_ends_in_a_hash(tmp_path):
    fields = {"architecture": "mnist-mlp", "hidden": [65_536] * 20, "dropout": 0.123456789}
    further = {"input_dropout": 0.123456789, "l1": 0.123456789, "l2": 0.123456789}
    names = {
        make_config({**fields, **further, "max_norm": norm, "validation": validation}).name
        for norm in (1.5, 2.5)
        for validation in ("last", "test")
    }
    assert len(names) == 4
    assert all(len(name) <= 205 for name in names)


def test_the_longest_names_can_be_made_on_disk(tmp_path):
    longest = make_config(
        {
            "architecture": "deep",
            "hidden": [65_536] * 20,
            "learning_rate": 1.2345678901234567e-300,
            "batch_size": 60_000,
            "epochs": 10_000,
            "patience": 10_000,
            "validation": "test",
            "seed": 2**32 - 1,
            "precision": "mixed_bfloat16",
            "data": "data-0123456789ab",
        }
    ).name
    (tmp_path / f"{longest}.replaced-1").mkdir()


@pytest.mark.parametrize(
    ("architecture", "name"),
    [
        ("perceptron", "perceptron-lr0.0001-b5-e10-s0"),
        ("shallow", "shallow-h128-lr0.001-b64-e15-s0"),
        ("deep", "deep-h256x128-lr0.001-b64-e15-s0"),
        ("lenet5", "lenet5-lr0.001-b64-e15-s0"),
        ("cnn-simple", "cnn-simple-lr0.001-b64-e15-s0"),
        ("cnn2", "cnn2-lr0.001-b32-e20-p5-s0"),
        ("cnn3", "cnn3-lr0.001-b32-e20-p5-s0"),
    ],
)
def test_each_architecture_has_the_defaults_of_its_source(architecture, name):
    config = make_config({"architecture": architecture})
    assert config.name == name
    assert decode(name).items() <= config.model_dump().items()
    assert (config.settings.get("padding") == "same") == (architecture == "lenet5")


def test_a_given_value_wins_over_the_default():
    assert make_config({"architecture": "shallow", "hidden": [256]}).hidden == (256,)
    assert make_config({"architecture": "cnn2", "patience": None}).patience is None
    assert make_config({"architecture": "lenet5", "padding": "valid"}).padding == "valid"


def test_only_the_notebooks_way_is_selected_on_the_test_set():
    config = make_config({"architecture": "cnn2"})
    assert not config.selected_on_test
    assert config.replace(validation="test").selected_on_test


def test_replace_gives_a_checked_copy():
    config = make_config({"architecture": "deep"})
    assert config.replace(seed=3, hidden=(64, 32)) == make_config(
        {"architecture": "deep", "seed": 3, "hidden": [64, 32]}
    )
    assert config.seed == 0
    with pytest.raises(UserError, match=r"^seed is -1; "):
        config.replace(seed=-1)


def test_a_run_cannot_be_changed():
    with pytest.raises(ValidationError):
        make_config({"architecture": "cnn2"}).seed = 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"architecture": "cnn4"}, r"architecture is 'cnn4'; .* be 'perceptron', .* or .*"),
        ({"architecture": None}, r"architecture is None; it should be a valid string"),
        ({"architecture": ["cnn2"]}, r"architecture is \['cnn2'\]; it should be a valid string"),
        ({}, r"architecture is missing; give it a value"),
        ({"learning_rate": 0}, r"learning_rate is 0; it should be greater than 0"),
        ({"learning_rate": -1e-3}, r"learning_rate is -0\.001; it should be greater than 0"),
        ({"learning_rate": float("nan")}, r"learning_rate is nan; it should be .*"),
        ({"learning_rate": float("inf")}, r"learning_rate is inf; it should be .*"),
        ({"learning_rate": 2e6}, r"learning_rate is 2000000\.0; .* less than or equal to 1000000"),
        ({"learning_rate": "fast"}, r"learning_rate is 'fast'; it should be a valid number.*"),
        ({"batch_size": 0}, r"batch_size is 0; .* greater than or equal to 1"),
        ({"batch_size": 60_001}, r"batch_size is 60001; .* less than or equal to 60000"),
        ({"batch_size": 32.5}, r"batch_size is 32\.5; it should be a valid integer.*"),
        ({"epochs": 0}, r"epochs is 0; .* greater than or equal to 1"),
        ({"epochs": None}, r"epochs is None; it should be a valid integer"),
        ({"patience": 0}, r"patience is 0; .* greater than or equal to 1"),
        ({"validation": "none"}, r"validation is 'none'; .* 'holdout', 'last' or 'test'"),
        ({"seed": -1}, r"seed is -1; .* greater than or equal to 0"),
        ({"seed": 2**32}, r"seed is 4294967296; .* less than 4294967296"),
        (
            {"precision": "float16"},
            r"precision is 'float16'; .* or 'mixed_bfloat16'; did you mean float32\?",
        ),
        (
            {"data": "../mnist"},
            r"data is '\.\./mnist'; it should be mnist, or the identity of a data set .*",
        ),
        (
            {"data": "mnist\n"},
            r"data is 'mnist\\n'; it should be mnist, or the identity of a data set .*",
        ),
        ({"architecture": "lenet5", "padding": "full"}, r"padding is 'full'; .* 'same' or 'valid'"),
        ({"padding": "same"}, r"padding is no setting of shallow; expected one of .*, hidden, .*"),
        ({"hidden": [64, 32]}, r"hidden is \[64, 32\]; shallow takes one width"),
        ({"hidden": []}, r"hidden is \[\]; shallow takes one width"),
        ({"hidden": [0]}, r"hidden is \[0\]; expected widths from 1 to 65536"),
        ({"hidden": [65_537]}, r"hidden is \[65537\]; expected widths from 1 to 65536"),
        ({"hidden": "x"}, r"hidden is 'x'; it should be a valid tuple"),
        ({"hidden": ["x"]}, r"hidden\.0 is 'x'; it should be a valid integer.*"),
        ({"architecture": "deep", "hidden": [64]}, r"hidden is \[64\]; deep takes two or more .*"),
        ({"architecture": "deep", "hidden": [64] * 21}, r"hidden is \[64, .*; .* at most 20 .*"),
        (
            {"architecture": "cnn2", "hidden": [64]},
            r"hidden is no setting of cnn2; expected .*",
        ),
        ({"architecture": "lenet5", "padding": None}, r"padding is None; it should be .*"),
        ({"dropout": 0.5}, r"dropout is no setting of shallow; .* architecture, hidden, .*, data"),
        ({"drop\nout": 0.5}, r"drop out is no setting of shallow; expected one of .*"),
    ],
)
def test_an_error_is_one_line_with_field_value_and_expectation(fields, expected):
    if fields:
        fields = {"architecture": "shallow", **fields}
    with pytest.raises(UserError) as raised:
        make_config(fields)
    assert re.fullmatch(expected, str(raised.value))  # . matches no line break


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(UserError) as raised:
        make_config({"architecture": "cnn2", "seed": -1, "epochs": 0, "colour": "red"})
    assert len(str(raised.value).splitlines()) == 1
    for field in ("seed is -1; ", "epochs is 0; ", "colour is no setting of cnn2; "):
        assert field in str(raised.value)
