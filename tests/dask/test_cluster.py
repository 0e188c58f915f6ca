"""Pieces of work on a cluster: each once, errors beside results, and no more threads than a worker has."""

import time

import pytest

distributed = pytest.importorskip("distributed", reason="needs npsr[dask]")

from npsr.dask.cluster import completed, connected  # noqa: E402
from npsr_kernels.compiling.threads import default_threads  # noqa: E402

DONE: list = []
"""What was done: the workers of `address` are threads of this process."""


@pytest.fixture(autouse=True)
def nothing_done():
    DONE.clear()


def add(item, shared):
    DONE.append(item)
    if item == 7:
        raise ValueError("seven")
    return item + shared


def wait(item):
    start = time.monotonic()
    time.sleep(0.02)
    DONE.append((start, time.monotonic(), default_threads()))


def test_every_piece_is_done_once_and_errors_are_given(address):
    with connected(address) as client:
        found = dict(completed(client, add, range(50), 100))
    assert sorted(DONE) == list(range(50))
    assert isinstance(error := found.pop(7), ValueError)
    assert str(error) == "seven"
    assert found == {item: item + 100 for item in range(50) if item != 7}


def test_a_worker_has_as_many_kernels_as_threads_and_each_has_one(address):
    """Two threads a worker: at most two pieces at once, each of which computes in one thread."""
    with connected(address) as client:
        list(completed(client, wait, range(12)))
    assert {threads for _, _, threads in DONE} == {1}
    together = [sum(start < at < end for start, end, _ in DONE) for at, _, _ in DONE]
    assert len(DONE) == 12
    assert max(together) < 2  # besides the one that starts


def test_who_stops_early_leaves_no_work_behind(address):
    with connected(address) as client:
        for _ in completed(client, wait, range(1000)):
            break
    time.sleep(0.2)
    assert len(DONE) < 20


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setattr("npsr.dask.cluster.PATIENCE", 0.2)
    with pytest.raises((OSError, ValueError), match="no scheduler answers at tcp://127.0.0.1:9: start one"):
        connected("tcp://127.0.0.1:9").__enter__()
