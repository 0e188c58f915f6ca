"""Three hosts, simulated in network namespaces: scheduler and client on one, workers on two others.

A host's mounts are its own, so a worker can be made not to see a folder. One worker has another version.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from helpers.running import environment, needs_jit, said
from PIL import Image

import npsr
from npsr.system.version import __version__

pytest.importorskip("distributed", reason="needs npsr[dask]")
ROOT = Path(__file__).parents[2]
BRIDGE, NETWORK = "npsr0", "10.77.0"
HOSTS = ("npsr-a", "npsr-b", "npsr-c")
ADDRESS = f"tcp://{NETWORK}.1:8786"


def system(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def may():
    """Whether namespaces can be made here."""
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("ip"):
        return False
    try:
        system("ip", "link", "add", BRIDGE, "type", "bridge")
        system("ip", "link", "del", BRIDGE)
    except subprocess.CalledProcessError:
        return False
    return True


pytestmark = [
    needs_jit,
    pytest.mark.cluster,
    pytest.mark.skipif(not may(), reason="needs root, iproute2 and network namespaces"),
]


@pytest.fixture
def hosts():
    """Each with an address of its own on one network."""
    with ExitStack() as stack:
        system("ip", "link", "add", BRIDGE, "type", "bridge")
        stack.callback(system, "ip", "link", "del", BRIDGE)
        system("ip", "link", "set", BRIDGE, "up")
        for number, host in enumerate(HOSTS, 1):
            system("ip", "netns", "add", host)
            stack.callback(system, "ip", "netns", "del", host)
            own, other = f"{BRIDGE}-{number}", f"{BRIDGE}-{number}-in"
            system("ip", "link", "add", own, "type", "veth", "peer", "name", other)
            stack.callback(system, "ip", "link", "del", own)  # a namespace may outlive its name for a moment
            system("ip", "link", "set", own, "master", BRIDGE, "up")
            system("ip", "link", "set", other, "netns", host)
            inside = "ip", "netns", "exec", host, "ip"
            system(*inside, "addr", "add", f"{NETWORK}.{number}/24", "dev", other)
            system(*inside, "link", "set", other, "up")
            system(*inside, "link", "set", "lo", "up")
        yield HOSTS


@pytest.fixture
def on(hosts, tmp_path):
    """Starts a process on a host; all are ended with the test."""
    with ExitStack() as stack:

        def start(host, *words, before="", **changes):
            command = ["ip", "netns", "exec", host, "sh", "-c", f'{before} exec "$@"', "sh", *map(str, words)]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            own = environment(NUMBA_NUM_THREADS="2", **changes)
            process = subprocess.Popen(command, cwd=tmp_path, env=own, **pipes)
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def scheduler(on):
    on("npsr-a", sys.executable, "-m", "dask", "scheduler", "--host", f"{NETWORK}.1", "--no-dashboard")
    return ADDRESS


def worker(on, host, **options):
    """A worker with two threads, without a nanny that would outlive the test."""
    words = "-m", "dask", "worker", ADDRESS, "--no-nanny", "--nthreads", 2, "--no-dashboard"
    return on(host, sys.executable, *words, **options)


def joined(on, count):
    """Wait until the scheduler knows so many workers."""
    code = f"from distributed import Client; Client('{ADDRESS}', timeout=60).wait_for_workers({count}, 120)"
    assert on("npsr-a", sys.executable, "-c", code).wait() == 0


@pytest.fixture
def photos(tmp_path, scene):
    (tmp_path / "photos").mkdir()
    for number in range(6):
        pixels = (scene(60, 70 + number, 3) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    return tmp_path / "photos"


def upscale(on):
    words = "upscale", "photos", "-o", "large", "-s", 2, "--scheduler", ADDRESS
    process = on("npsr-a", sys.executable, "-m", "npsr", *words)
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


def test_a_folder_by_two_workers_on_hosts_of_their_own(on, scheduler, photos):
    workers = [worker(on, host) for host in HOSTS[1:]]
    joined(on, 2)
    code, out, err = upscale(on)
    assert (code, "6 done in" in out) == (0, True), err
    for source in photos.iterdir():
        large = npsr.read_image(photos.parent / "large" / f"{source.stem}_fsrcnn_x2.png").pixels
        np.testing.assert_array_equal(large, npsr.upscale(npsr.read_image(source).pixels, 2))
    assert [process.poll() for process in workers] == [None, None]


def test_a_host_that_does_not_see_the_folder(on, scheduler, photos):
    worker(on, "npsr-b")
    worker(on, "npsr-c", before=f"mount -t tmpfs none '{photos.parent}' &&")
    joined(on, 2)
    code, _, err = upscale(on)
    assert (code, len(said(err))) == (2, 1), err
    assert f"{NETWORK}.3" in err
    assert f"does not see the folder {photos.parent}" in err


def test_a_host_with_another_version(on, scheduler, photos, tmp_path):
    shutil.copytree(ROOT / "npsr", tmp_path / "old" / "npsr", ignore=shutil.ignore_patterns("*.npz"))
    version = tmp_path / "old" / "npsr" / "system" / "version.py"
    version.write_text(version.read_text().replace(__version__, "0.0.1"))
    worker(on, "npsr-b")
    worker(on, "npsr-c", before=f"export PYTHONPATH='{tmp_path / 'old'}':$PYTHONPATH &&")
    joined(on, 2)
    code, _, err = upscale(on)
    assert (code, len(said(err))) == (2, 1), err
    assert f"has npsr 0.0.1, but this is {__version__}: install the same version on every machine" in err


def test_a_scheduler_on_a_host_that_is_gone(on, hosts, photos):
    start = time.monotonic()
    code, _, err = upscale(on)
    assert (code, len(said(err))) == (2, 1), err
    assert f"no scheduler answers at {ADDRESS}" in err
    assert time.monotonic() - start < 120
