"""Reading ahead and writing behind: order, bounds, errors, early ends. No test waits for a clock."""

import threading

import pytest

from npsr.upscaling.overlap import read_ahead, write_behind


def test_items_arrive_in_order_from_another_thread():
    def items():
        for k in range(20):
            yield k, threading.get_ident()

    found = list(read_ahead(items(), 3))
    assert [k for k, _ in found] == list(range(20))
    assert threading.get_ident() not in {thread for _, thread in found}
    assert list(read_ahead([], 3)) == []


def test_no_more_is_read_ahead_than_allowed():
    taken = []

    def items():
        for k in range(20):
            taken.append(k)
            yield k

    ahead = read_ahead(items(), 3)
    for k in range(5):
        assert next(ahead) == k
        assert len(taken) <= k + 1 + 3
    ahead.close()
    assert len(taken) <= 8


def test_an_error_is_raised_after_the_items_before_it():
    def items():
        yield 1
        raise RuntimeError("broken")

    ahead = read_ahead(items(), 3)
    assert next(ahead) == 1
    with pytest.raises(RuntimeError, match="broken"):
        next(ahead)


def test_everything_is_written_in_order_by_another_thread():
    written = []
    with write_behind(lambda k: written.append((k, threading.get_ident())), 3) as put:
        for k in range(20):
            put(k)
    assert [k for k, _ in written] == list(range(20))
    assert threading.get_ident() not in {thread for _, thread in written}


def test_putting_waits_while_too_much_is_unwritten():
    gate, begun = threading.Semaphore(0), []

    def write(k):
        begun.append(k)
        gate.acquire()

    with write_behind(write, 2) as put:
        put(0)
        put(1)
        third = threading.Thread(target=put, args=[2])
        third.start()
        assert third.is_alive()  # it can only end when 0 is written, which waits for the gate
        for _ in range(3):
            gate.release()
        third.join()
    assert begun == [0, 1, 2]


def test_an_error_in_writing_stops_the_work_and_one_in_the_work_the_writing():
    written = []

    def write(k):
        if k > 0:
            raise OSError("full")
        written.append(k)

    with pytest.raises(OSError, match="full"), write_behind(write, 1) as put:
        for k in range(20):
            put(k)
    assert written == [0]
    with pytest.raises(KeyboardInterrupt), write_behind(written.append, 5) as put:
        put(7)
        raise KeyboardInterrupt
    assert written in ([0], [0, 7])
