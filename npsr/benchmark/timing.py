"""Fair timing on a noisy machine: contenders in turns, with pauses between them; medians and best times."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Run = Callable[[], Any]


@dataclass(frozen=True)
class Plan:
    """How long and how often to measure.

    Attributes
    ----------
    blocks : int
        Turns that every contender gets.
    seconds : float
        Length of a turn; at least one call is measured in it.
    most_calls : int
        Calls measured in a turn at most.
    budget : float
        Seconds after which a slow contender gets no further turn.
    pause : float
        Seconds to wait before a turn, so that idle threads of the contender before stop spinning.

    Examples
    --------
    >>> npsr.Plan(blocks=2, seconds=0.01).blocks
    2
    """

    blocks: int = 5
    seconds: float = 0.2
    most_calls: int = 40
    budget: float = 6.0
    pause: float = 0.05


@dataclass
class Timing:
    """Times of one contender in seconds, or why there are none.

    Examples
    --------
    >>> timing = npsr.Timing([0.003, 0.001, 0.002])
    >>> timing.median, timing.summary()
    (0.002, {'median_ms': 2.0, 'best_ms': 1.0, 'calls': 3})
    """

    seconds: list[float] = field(default_factory=list)
    failure: Exception | None = None

    @property
    def median(self) -> float:
        """Median in seconds."""
        return float(np.median(self.seconds))

    @property
    def best(self) -> float:
        """The shortest time in seconds."""
        return min(self.seconds)

    def summary(self) -> dict[str, Any]:
        """Median and best in milliseconds, or the failure."""
        if self.failure:
            return {"failure": f"{type(self.failure).__name__}: {self.failure}"[:300]}
        return {"median_ms": self.median * 1e3, "best_ms": self.best * 1e3, "calls": len(self.seconds)}


def interleaved(
    builders: dict[str, Callable[[], Run]], plan: Plan, check: Callable[[str, Any], None] | None = None
) -> dict[str, Timing]:
    """Time contenders in turns.

    Each turn builds the contender and deletes it afterwards. So one contender's memory and
    threads are gone while the next one runs.

    Parameters
    ----------
    builders : dict of str to callable
        Name and a function that makes the call to be timed.
    plan : Plan
        How often.
    check : callable, optional
        Takes the name and the result of the first call; raises ValueError if it is wrong, so that a
        contender that does other work is not timed.

    Returns
    -------
    dict of str to Timing
    """
    timings = {name: Timing() for name in builders}
    for _ in range(plan.blocks):
        for name, build in builders.items():
            timing = timings[name]
            if timing.failure or sum(timing.seconds) > plan.budget:
                continue
            time.sleep(plan.pause)
            try:
                run = build()
                result = run()  # never timed: the first call allocates and compiles
                if check and not timing.seconds:
                    check(name, result)
                del result
                _take_turn(run, timing, plan)
                del run
            except Exception as error:  # a peer's failure is a result, not the end of the run
                timing.failure = error
            gc.collect()
    return timings


def time_calls(calls: dict[str, Run], plan: Plan | None = None) -> dict[str, Timing]:
    """Time calls in turns; an exception of a call is raised.

    Parameters
    ----------
    calls : dict of str to callable
        Calls without arguments, by name. The first call of each turn is not timed.
    plan : Plan, optional
        How long and how often; by default about a second for each.

    Returns
    -------
    dict of str to Timing

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.random((200, 200))
    >>> calls = {"product": lambda: a @ a, "sum": lambda: a + a}
    >>> times = npsr.time_calls(calls, npsr.Plan(blocks=1, seconds=0.01))
    >>> times["sum"].best < times["product"].best
    True
    """

    def built(call: Run) -> Callable[[], Run]:
        return lambda: call

    timings = interleaved({name: built(call) for name, call in calls.items()}, plan or Plan())
    for timing in timings.values():
        if timing.failure:
            raise timing.failure
    return timings


def _take_turn(run: Run, timing: Timing, plan: Plan) -> None:
    """Time calls until the turn is over."""
    end = time.perf_counter() + plan.seconds
    for _ in range(plan.most_calls):
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        timing.seconds.append(now - start)
        if now > end:
            return
