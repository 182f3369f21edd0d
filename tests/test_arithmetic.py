from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from mnist_keras.training import arithmetic
from mnist_keras.training.environment import computes_alike, describe_environment

LAPTOP = "flags\t\t: fpu sse4_2 avx f16c fma avx2 bmi2\n"
SERVER = "flags\t\t: fpu sse4_2 avx fma avx2 avx512f avx512_vnni\n"
OLD = "flags\t\t: fpu sse4_2 avx\n"
ARM = "Features\t: fp asimd asimddp sve\n"


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Lets the system say that it has another processor, for as long as a test runs."""

    def become(text):
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: AMD EPYC\n{text}\n")
        monkeypatch.setattr(arithmetic, "CPUINFO", tmp_path / "cpuinfo")
        arithmetic.vector_instructions.cache_clear()

    monkeypatch.delenv(arithmetic.ONEDNN_SWITCH, raising=False)
    yield become
    arithmetic.vector_instructions.cache_clear()


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        (LAPTOP, ("sse4_2", "avx", "avx2", "fma", "f16c")),
        (SERVER, ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni")),
        (ARM, ("asimd", "asimddp", "sve")),
        ("", ()),
    ],
)
def test_vector_instructions_have_a_fixed_order(processor, text, instructions):
    processor(text)
    assert arithmetic.vector_instructions() == instructions


@pytest.mark.parametrize(
    ("text", "switch"), [(LAPTOP, "1"), (SERVER, "1"), (OLD, None), (ARM, None), ("", None)]
)
def test_onednn_is_switched_on_where_it_was_measured_to_be_faster(processor, text, switch):
    processor(text)
    arithmetic.choose_onednn()
    assert os.environ.get(arithmetic.ONEDNN_SWITCH) == switch
    os.environ.pop(arithmetic.ONEDNN_SWITCH, None)


def test_the_users_own_switch_wins(processor, monkeypatch):
    processor(LAPTOP)
    monkeypatch.setenv(arithmetic.ONEDNN_SWITCH, "0")
    arithmetic.choose_onednn()
    assert os.environ[arithmetic.ONEDNN_SWITCH] == "0"


FUSED = "--xla_backend_extra_options=xla_cpu_use_multi_output_fusion"
IN_PLACE = "--xla_cpu_copy_insertion_use_region_analysis=true"
WIDE = "--xla_cpu_prefer_vector_width=512"


@pytest.mark.parametrize(
    ("text", "given", "flags"),
    [
        (LAPTOP, None, f"{FUSED} {IN_PLACE}"),
        (SERVER, None, f"{FUSED} {IN_PLACE} {WIDE}"),
        (OLD, None, None),
        (ARM, None, None),
        (SERVER, f"{FUSED} {IN_PLACE} {WIDE}", f"{FUSED} {IN_PLACE} {WIDE}"),
        (SERVER, "--xla_cpu_prefer_vector_width=128 --xla_dump_to=",
         f"--xla_cpu_prefer_vector_width=128 --xla_dump_to= {FUSED} {IN_PLACE}"),
        (SERVER, "flags.txt", "flags.txt"),
    ],
)  # fmt: skip
def test_xla_gets_flags_that_are_faster_here_and_the_users_own_win(
    processor, monkeypatch, text, given, flags
):
    processor(text)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    if given:
        monkeypatch.setenv("XLA_FLAGS", given)
    arithmetic.choose_xla_flags()
    assert os.environ.get("XLA_FLAGS") == flags
    os.environ.pop("XLA_FLAGS", None)


@pytest.mark.parametrize("switch", ["0", "1"])
def test_what_is_recorded_is_what_tensorflow_does(switch):
    program = (
        "from mnist_keras.training.environment import describe_environment as d; "
        "print(d()['onednn'], d()['variables'])"
    )
    environment = {**os.environ, arithmetic.ONEDNN_SWITCH: switch, "XLA_FLAGS": "--xla_dump_to="}
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    flags = f"--xla_dump_to= {os.environ.get('XLA_FLAGS', '')}".strip()
    assert printed == f"{switch == '1'} {{'XLA_FLAGS': '{flags}'}}\n"


def test_a_variable_too_long_for_a_record_is_told_by_its_checksum(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "-" * 200)
    assert arithmetic.deciding_variables() == {"XLA_FLAGS": "-" * 200}
    monkeypatch.setenv("XLA_FLAGS", "-" * 201)
    checksum = hashlib.sha256(b"-" * 201).hexdigest()
    assert arithmetic.deciding_variables() == {"XLA_FLAGS": f"sha256:{checksum}"}


@pytest.mark.parametrize(
    "changed",
    [
        {"onednn": not describe_environment()["onednn"]},
        {"vector_instructions": ["sse4_2", "avx"]},
        {"variables": {"ONEDNN_MAX_CPU_ISA": "AVX2"}},
        {"processor": "another"},
    ],
)
def test_another_arithmetic_does_not_compute_alike(changed):
    here = describe_environment()
    assert computes_alike(here, dict(here))
    assert not computes_alike(here, {**here, **changed})


@pytest.mark.parametrize(("text", "alike"), [(SERVER, True), (LAPTOP, False)])
def test_a_state_from_before_onednn_was_recorded_had_tensorflows_default(processor, text, alike):
    processor(text)
    older = {"tensorflow": "2.21.0", "processor": "AMD EPYC"}
    now = {
        **older,
        "vector_instructions": list(arithmetic.vector_instructions()),
        "onednn": True,
        "variables": {},
    }
    assert computes_alike(older, now) is alike
