import mmap
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from mnist_keras import accelerators, limits
from mnist_keras.accelerators import available_cores, default_jobs, has_gpu
from mnist_keras.limits import CpuMeter, MemoryMeter, cpu_limit, memory_limit_mb
from mnist_keras.training import gpu, resources
from mnist_keras.training.gpu import UNKNOWN, Gpu, computing_gpus, find_card
from mnist_keras.training.resources import Resources, ResourceSampler

PATIENCE_SECONDS = 300
TWO_CARDS = """
echo '0, GPU-a, 4, 16303, 846, 15457, 550.54, NVIDIA RTX, [N/A], Disabled, Disabled, 41'
echo '1, GPU-b, 90, 8192, 8000, 192, 550.54, NVIDIA GTX, [N/A], Disabled, Disabled, 77'
"""
FAULTS = {
    "nothing": "exit 0",
    "driver": "echo 'NVIDIA-SMI has failed because it could not reach the driver.'; exit 9",
    "stderr": "echo 'Failed to initialize NVML' >&2; exit 255",
    "no device": "echo 'No devices were found'; exit 6",
    "short line": "echo '0, GPU-a, 4'",
    "no memory": "echo '0, a, 4, 0, 0, 0, 550.54, b, c, Disabled, Disabled, 41'",
    "not text": r"printf '\377\376\n'",
    "nothing known": (
        "echo '0, a, [N/A], [N/A], [Unknown Error], [N/A], 550.54, b, c, Disabled, Disabled, 41'"
    ),
}
HANGING = "sleep 600"
CARD = Gpu("NVIDIA RTX", 0)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def is_running(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def gone(process):
    try:
        return not is_running(process)
    except psutil.NoSuchProcess:
        return True


def gpu_thread_lives():
    return any(thread.name == "sample_gpu" for thread in threading.enumerate())


def gpu_values(values):
    return values.gpu_percent, values.vram_mb, values.vram_total_mb


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts a program of that name first on PATH; the file returned gets a line a call."""

    def install(body):
        folder = tmp_path / "bin"
        folder.mkdir()
        calls = tmp_path / "calls"
        calls.touch()
        program = folder / "nvidia-smi"
        program.write_text(f"#!/bin/sh\necho $$ >> '{calls}'\n{body}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return calls

    return install


def calls_in(file):
    return len(file.read_text().splitlines())


def hanging_tree(calls):
    """The stand-in that hangs and what it started."""
    wait_until(lambda: calls_in(calls) > 0)
    program = psutil.Process(int(calls.read_text().split()[-1]))
    wait_until(program.children)
    return [program, *program.children()]


def test_the_first_card_is_reported(nvidia_smi):
    nvidia_smi(TWO_CARDS)
    with ResourceSampler(gpu=CARD) as sampler:
        wait_until(lambda: sampler.overall().mean.gpu_percent is not None)
        window = sampler.window()
    assert gpu_values(window.mean) == pytest.approx((4.0, 846.0, 16303.0))
    assert gpu_values(window.peak) == pytest.approx((4.0, 846.0, 16303.0))


TWO_RTX = TWO_CARDS.replace("GTX", "RTX")


@pytest.mark.parametrize(
    ("visible", "gpu", "cards", "load"),
    [
        (None, Gpu("NVIDIA RTX", 1), TWO_RTX, 90.0),
        ("1", CARD, TWO_RTX, 90.0),
        ("1,0", CARD, TWO_RTX, 90.0),
        ("1, 0", Gpu("NVIDIA RTX", 1), TWO_RTX, 4.0),
        ("GPU-b", CARD, TWO_RTX, 90.0),
        ("1,0", Gpu(UNKNOWN, 0), TWO_CARDS, 90.0),
        # CUDA's fastest card first, the bus's first card first: the name tells.
        (None, Gpu("NVIDIA GTX", 0), TWO_CARDS, 90.0),
        ("0,1", Gpu("NVIDIA GTX", 0), TWO_CARDS, 90.0),
        # Of one name they are in the bus's order.
        ("0", Gpu("NVIDIA RTX", 0), TWO_RTX, 4.0),
    ],
)
def test_the_card_that_tensorflow_computes_on_is_reported(
    nvidia_smi, monkeypatch, visible, gpu, cards, load
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    nvidia_smi(cards)
    with ResourceSampler(gpu=gpu) as sampler:
        wait_until(lambda: sampler.overall().mean.gpu_percent is not None)
        assert sampler.window().mean.gpu_percent == pytest.approx(load)


@pytest.mark.parametrize(
    ("visible", "gpu"),
    [
        ("MIG-5f0c", CARD),
        ("2", CARD),
        ("", CARD),
        ("GPU-", CARD),  # the beginning of both
        ("1", Gpu("NVIDIA RTX", 1)),
    ],
)
def test_a_card_that_cannot_be_told_is_not_available(nvidia_smi, monkeypatch, visible, gpu):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    calls = nvidia_smi(TWO_RTX)
    with ResourceSampler(gpu=gpu, gpu_interval=0.01) as sampler:
        wait_until(lambda: not gpu_thread_lives())
        assert gpu_values(sampler.window().mean) == (None, None, None)
    assert calls_in(calls) == resources.GPU_FAILURES_ALLOWED


def test_a_third_card_of_the_same_name_cannot_be_told(monkeypatch):
    """CUDA numbers a slow card as 0 there; which of the two fast ones it means is unknown."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    cards = [SimpleNamespace(id=n, uuid="", name=name) for n, name in enumerate(["a", "b", "b"])]
    assert find_card(Gpu("b", 0), cards) is None
    assert find_card(Gpu("b", 1), cards) is cards[1]


def test_a_driver_without_a_gpu_of_tensorflow_is_not_asked(nvidia_smi):
    calls = nvidia_smi(TWO_CARDS)
    with ResourceSampler(gpu_interval=0.01) as sampler:
        wait_until(lambda: sampler.overall().mean.cpu_percent is not None)
        assert not gpu_thread_lives()
    assert gpu_values(sampler.overall().mean) == (None, None, None)
    assert calls_in(calls) == 0


def test_a_program_called_nvidia_smi_is_no_gpu(nvidia_smi):
    """TensorFlow, in a process of its own, says what it can use."""
    nvidia_smi(TWO_CARDS)
    on_gpu = bool(computing_gpus())
    assert has_gpu() is on_gpu
    assert default_jobs() == (1 if on_gpu else available_cores())


@pytest.mark.parametrize(
    ("answer", "jobs"),
    [("pass", 1), ("raise SystemExit(1)", None), ("import no_such_module", None)],
)
def test_one_trial_at_a_time_where_tensorflow_says_that_it_has_a_gpu(
    nvidia_smi, monkeypatch, answer, jobs
):
    """No machine here has one, so another program answers in its place."""
    nvidia_smi(TWO_CARDS)
    monkeypatch.setattr(accelerators, "_ASK", answer)
    assert default_jobs() == (jobs or available_cores())


def test_a_load_that_the_card_does_not_tell_is_not_zero(nvidia_smi):
    nvidia_smi(TWO_CARDS.replace("GPU-a, 4,", "GPU-a, [N/A],"))
    with ResourceSampler(gpu=CARD) as sampler:
        wait_until(lambda: sampler.overall().mean.vram_mb is not None)
        window = sampler.window()
    assert gpu_values(window.mean) == (None, 846.0, 16303.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_means_not_available_and_ends_the_asking(nvidia_smi, capfd, fault):
    calls = nvidia_smi(FAULTS[fault])
    with ResourceSampler(gpu=CARD, gpu_interval=0.01) as sampler:
        wait_until(lambda: not gpu_thread_lives())
        window = sampler.window()
    assert calls_in(calls) == resources.GPU_FAILURES_ALLOWED
    assert gpu_values(window.mean) == gpu_values(window.peak) == (None, None, None)
    assert window.mean.ram_mb > 0
    assert capfd.readouterr() == ("", "")


def test_only_failures_in_a_row_end_the_asking(nvidia_smi, tmp_path):
    calls = nvidia_smi(f"[ $(($(wc -l < '{tmp_path}/calls') % 3)) -eq 0 ] || exit 9\n{TWO_CARDS}")
    with ResourceSampler(gpu=CARD, gpu_interval=0.01) as sampler:
        wait_until(lambda: calls_in(calls) > 3 * resources.GPU_FAILURES_ALLOWED)
        assert gpu_thread_lives()
    assert sampler.overall().mean.gpu_percent == pytest.approx(4.0)


def test_mean_and_peak_of_the_window_and_of_the_run(nvidia_smi, tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "CARRY_SECONDS", 3600)
    load = f"load=$(sed -n \"$(wc -l < '{tmp_path}/calls')p\" '{tmp_path}/loads')\n"
    answer = 'echo "0, a, $load, 1000, ${load}0, 9, 550, b, c, Disabled, Disabled, 41"'
    nvidia_smi(f'{load}[ -n "$load" ] || exit 9\n{answer}')
    (tmp_path / "loads").write_text("10\n60\n20\n")
    with ResourceSampler(gpu=CARD, gpu_interval=0.01) as sampler:
        wait_until(lambda: not gpu_thread_lives())
        first, second = sampler.window(), sampler.window()
    for usage in (first, sampler.overall()):
        assert gpu_values(usage.mean) == pytest.approx((30.0, 300.0, 1000.0))
        assert gpu_values(usage.peak) == pytest.approx((60.0, 600.0, 1000.0))
    # No reading falls into the second window: the last one stands in.
    assert gpu_values(second.mean) == gpu_values(second.peak) == pytest.approx((20, 200, 1000))


def test_a_query_that_hangs_holds_up_neither_window_nor_stop(nvidia_smi):
    calls = nvidia_smi(HANGING)
    sampler = ResourceSampler(gpu=CARD)
    sampler.start()
    tree = hanging_tree(calls)
    wait_until(lambda: sampler.overall().mean.cpu_percent is not None)
    window = sampler.window()
    assert all(is_running(process) for process in tree)
    sampler.stop()
    wait_until(lambda: all(gone(process) for process in tree))
    wait_until(lambda: not gpu_thread_lives())
    assert gpu_values(window.mean) == (None, None, None)
    assert window.mean.cpu_percent is not None
    assert calls_in(calls) == 1


def test_queries_that_hang_are_ended_and_given_up(nvidia_smi, monkeypatch):
    monkeypatch.setattr(gpu, "GPU_TIMEOUT_SECONDS", 0.3)
    calls = nvidia_smi(HANGING)
    with ResourceSampler(gpu=CARD, gpu_interval=0.01) as sampler:
        wait_until(lambda: not gpu_thread_lives())
        assert gpu_values(sampler.window().mean) == (None, None, None)
    pids = [int(line) for line in calls.read_text().split()]
    assert len(pids) <= resources.GPU_FAILURES_ALLOWED
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    children = psutil.Process().children(recursive=True)
    assert not [child for child in children if "600" in child.cmdline()]


def test_a_query_that_hangs_does_not_outlive_the_interpreter(nvidia_smi, tmp_path):
    calls = nvidia_smi(HANGING)
    program = (
        "import pathlib, time\n"
        "from mnist_keras.training.resources import ResourceSampler\n"
        f"from mnist_keras.training.gpu import Gpu\nResourceSampler(gpu={CARD}).start()\n"
        f"while not pathlib.Path({str(calls)!r}).read_text():\n    time.sleep(0.01)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    pid = int(calls.read_text())
    wait_until(lambda: not psutil.pid_exists(pid) or gone(psutil.Process(pid)))


def test_without_distutils_the_card_is_not_available(nvidia_smi, monkeypatch):
    calls = nvidia_smi(TWO_CARDS)
    monkeypatch.setitem(sys.modules, "distutils", None)
    with ResourceSampler(gpu=CARD, gpu_interval=0.01) as sampler:
        wait_until(lambda: not gpu_thread_lives())
        assert gpu_values(sampler.window().mean) == (None, None, None)
    assert calls_in(calls) == 0


def test_without_nvidia_smi_the_asking_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with ResourceSampler(gpu=CARD, gpu_interval=0.01) as sampler:
        wait_until(lambda: not gpu_thread_lives())
        wait_until(lambda: sampler.overall().mean.cpu_percent is not None)
    assert gpu_values(sampler.overall().mean) == (None, None, None)


def test_a_window_before_the_first_load_has_memory_and_no_load(monkeypatch):
    monkeypatch.setattr(resources, "FIRST_READING_SECONDS", 3600)
    with ResourceSampler(interval=3600) as sampler:
        sampler.window()
        again = sampler.window()
    assert again.mean.cpu_percent is None
    assert again.mean == again.peak
    host = psutil.virtual_memory().total / 1024**2
    assert 0 < again.mean.process_ram_mb < host
    assert 0 < again.mean.ram_mb < host


def test_a_window_shorter_than_the_interval_carries_the_last_load(monkeypatch):
    with ResourceSampler(interval=3600) as sampler:
        wait_until(lambda: sampler.overall().mean.cpu_percent is not None)
        measured, carried = sampler.window(), sampler.window()
        assert 0 <= measured.mean.cpu_percent <= 100
        assert carried.mean.cpu_percent == measured.mean.cpu_percent
        monkeypatch.setattr(resources, "CARRY_SECONDS", -1.0)
        assert sampler.window().mean.cpu_percent is None
    assert sampler.overall().mean.cpu_percent == measured.mean.cpu_percent


def test_the_process_memory_rises_with_an_allocation():
    with ResourceSampler(interval=3600) as sampler:
        wait_until(lambda: sampler.overall().mean.cpu_percent is not None)
        before = sampler.window().peak.process_ram_mb
        # What malloc gives may be memory that an earlier test has freed.
        with mmap.mmap(-1, 64 * 1024**2) as block:
            for page in range(0, len(block), mmap.PAGESIZE):
                block[page] = 1
            after = sampler.window().peak.process_ram_mb
    assert after - before == pytest.approx(64, abs=8)
    assert sampler.overall().peak.process_ram_mb >= after


@pytest.mark.parametrize("content", [None, b"", b"MemTotal: many\ncpu  x\n\xff"])
def test_what_the_system_hides_is_not_available(tmp_path, monkeypatch, capfd, content):
    if content is not None:
        for name in ("meminfo", "stat"):
            (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    with ResourceSampler(interval=0.01, root=tmp_path) as sampler:
        time.sleep(0.3)
        assert all(thread.is_alive() for thread in sampler._threads)
        assert sampler.window().mean == Resources()
    assert memory_limit_mb(tmp_path) > 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("refusal", [PermissionError(13, "Permission denied"), KeyError("cpu")])
def test_what_psutil_raises_ends_no_thread(monkeypatch, refusal):
    def refuse(*arguments, **options):
        raise refusal

    for name in ("cpu_percent", "virtual_memory", "Process"):
        monkeypatch.setattr(psutil, name, refuse)
    with ResourceSampler(interval=0.01) as sampler:
        time.sleep(0.3)
        assert all(thread.is_alive() for thread in sampler._threads)
        assert sampler.window().mean.cpu_percent is None


def test_a_sampler_serves_one_run():
    sampler = ResourceSampler()
    sampler.stop()
    sampler = ResourceSampler()
    sampler.start()
    with pytest.raises(RuntimeError, match="starts once"):
        sampler.start()
    sampler.stop()
    sampler.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sample_")]
    assert sampler.overall().mean.ram_mb > 0
    assert ResourceSampler().overall().mean == Resources()


# ------------------------------------------------------------------ limits of a container


def write_files(root, files):
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


V1 = "sys/fs/cgroup/{}/docker/abc/"
MIB = 1024**2
LIMITED = {
    "v2 in a namespace": {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/memory.max": f"{512 * MIB}\n",
        "sys/fs/cgroup/memory.current": f"{300 * MIB}\n",
        "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {100 * MIB}\n",
    },
    "v2 limited from above": {
        "proc/self/cgroup": "0::/machine.slice/job.scope\n",
        "sys/fs/cgroup/machine.slice/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/machine.slice/memory.max": f"{512 * MIB}\n",
        "sys/fs/cgroup/machine.slice/memory.current": f"{300 * MIB}\n",
        "sys/fs/cgroup/machine.slice/memory.stat": f"inactive_file {100 * MIB}\n",
        "sys/fs/cgroup/machine.slice/job.scope/cpu.max": "max 100000\n",
        "sys/fs/cgroup/machine.slice/job.scope/memory.max": "max\n",
        "sys/fs/cgroup/machine.slice/job.scope/memory.current": f"{9 * MIB}\n",
    },
    "v2 seen from another namespace": {
        "proc/self/cgroup": "0::/../job\n",
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/memory.max": f"{512 * MIB}\n",
        "sys/fs/cgroup/memory.current": f"{200 * MIB}\n",
    },
    "hybrid": {
        "proc/self/cgroup": "4:memory:/\n0::/job\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/unified/job/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/unified/job/memory.max": f"{512 * MIB}\n",
        "sys/fs/cgroup/unified/job/memory.current": f"{200 * MIB}\n",
    },
    "v1": {
        "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
        V1.format("cpu") + "cpu.cfs_quota_us": "50000\n",
        V1.format("cpu") + "cpu.cfs_period_us": "100000\n",
        V1.format("memory") + "memory.limit_in_bytes": f"{512 * MIB}\n",
        V1.format("memory") + "memory.usage_in_bytes": f"{300 * MIB}\n",
        V1.format("memory") + "memory.stat": f"inactive_file 5\ntotal_inactive_file {100 * MIB}\n",
    },
    "v1 that names the path on the host": {
        "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{512 * MIB}\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{300 * MIB}\n",
        "sys/fs/cgroup/memory/memory.stat": f"total_inactive_file {100 * MIB}\n",
    },
}
UNLIMITED = {
    "no files": {},
    "v2": {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": "max 100000\n",
        "sys/fs/cgroup/memory.max": "max\n",
    },
    "v2 above the host": {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": "999900000 100000\n",
        "sys/fs/cgroup/memory.max": f"{2**60}\n",
        "sys/fs/cgroup/memory.current": "1\n",
    },
    "v1": {
        "proc/self/cgroup": "4:memory:/\n3:cpu:/\n2:cpuset:/\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
    },
}


@pytest.mark.parametrize("files", LIMITED.values(), ids=LIMITED)
def test_a_control_group_limits(tmp_path, files):
    root = write_files(tmp_path, files)
    assert cpu_limit(root) == 0.5
    assert memory_limit_mb(root) == 512.0
    assert MemoryMeter(root).read()["ram_mb"] == 200.0


@pytest.mark.parametrize("files", UNLIMITED.values(), ids=UNLIMITED)
def test_without_a_limit_the_host_counts(tmp_path, files):
    root = write_files(tmp_path, files)
    assert cpu_limit(root) == len(limits.allowed_cpus())
    assert memory_limit_mb(root) == memory_limit_mb(tmp_path / "absent")
    assert MemoryMeter(root).read()["ram_mb"] == pytest.approx(
        psutil.virtual_memory().used / MIB, rel=0.5
    )


@pytest.mark.parametrize(
    ("groups", "usage", "unit"),
    [
        ("0::/\n", "sys/fs/cgroup/cpu.stat", "usage_usec {:.0f}000000\nuser_usec 7\n"),
        ("3:cpu,cpuacct:/\n", "sys/fs/cgroup/cpu/cpuacct.usage", "{:.0f}000000000\n"),
        ("3:cpu:/\n2:cpuacct:/x\n", "sys/fs/cgroup/cpuacct/x/cpuacct.usage", "{:.0f}000000000\n"),
    ],
)
def test_under_a_quota_the_load_is_relative_to_it(tmp_path, monkeypatch, groups, usage, unit):
    clock = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: clock[0])
    root = write_files(
        tmp_path,
        {
            "proc/self/cgroup": groups,
            "sys/fs/cgroup/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            usage: unit.format(40),
        },
    )
    meter = CpuMeter(root)
    assert meter.read() is None  # no time has passed
    clock[0] = 1010.0
    write_files(root, {usage: unit.format(43)})
    assert meter.read() == pytest.approx(60.0)  # 3 s of the 5 s that half a processor gives
    clock[0] = 1011.0
    write_files(root, {usage: unit.format(53)})
    assert meter.read() == 100.0
    Path(root / usage).unlink()
    assert meter.read() is None


@pytest.mark.parametrize(
    ("allowed", "percent"), [([0, 1, 2], 40.0), ([1, 2], 55.0), ([0], 10.0), ([7], None)]
)
def test_the_load_is_the_mean_of_the_allowed_processors(tmp_path, monkeypatch, allowed, percent):
    readings = iter([[0.0, 0.0, 0.0], [10.0, 30.0, 80.0]])
    monkeypatch.setattr(limits.psutil, "cpu_percent", lambda percpu: next(readings))
    monkeypatch.setattr(limits, "allowed_cpus", lambda: allowed)
    assert CpuMeter(tmp_path).read() == percent


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processor affinity")
def test_the_processors_that_the_thread_may_run_on_limit():
    cpu = limits.allowed_cpus()[-1]
    found = {}

    def pinned():
        os.sched_setaffinity(0, [cpu])
        meter = CpuMeter()
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass
        found.update(cpus=limits.allowed_cpus(), limit=cpu_limit(), percent=meter.read())

    thread = threading.Thread(target=pinned)
    thread.start()
    thread.join()
    assert found["cpus"] == [cpu]
    assert found["limit"] <= 1.0
    assert found["percent"] > 75


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="needs limits of a process")
def test_the_limit_on_the_address_space_counts():
    process = psutil.Process()
    before = process.rlimit(psutil.RLIMIT_AS)
    bound = int(memory_limit_mb() - 1) * MIB
    process.rlimit(psutil.RLIMIT_AS, (bound, before[1]))
    try:
        limit = memory_limit_mb()
    finally:
        process.rlimit(psutil.RLIMIT_AS, before)
    assert limit == bound / MIB
