"""What `npsr upscale` tells: how far it is, what became of each file, and all of it in the end."""

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from npsr.system.folders import one_line, passed_over

if TYPE_CHECKING:
    from collections import Counter

    from npsr.upscaling.batch import Outcome
    from npsr.upscaling.jobs import Job

SPENT_ON = ("read", "decoding", "colour", "network", "chroma", "encoding", "write")


def plan(jobs: "Sequence[Job]", passed: "Counter[str]") -> int:
    """Print what would be done; 2 if something could not."""
    for job in jobs:
        remark = f": {job.problem}" if job.problem else " (exists)" if job.done else ""
        print(one_line(f"{job.source} → {job.target}{remark}"))
    if passed:
        print(passed_over(passed))
    return 2 if any(job.problem for job in jobs) else 0


class Report:
    """Reports outcomes as they come and, at a terminal, progress in one line.

    Parameters
    ----------
    files : int
        How many there are to do.
    piped : bool
        Standard output is the picture's: everything is reported on standard error.
    verbose : bool
        Report engines too.
    """

    def __init__(self, files: int, piped: bool, verbose: bool) -> None:
        self._verbose = verbose
        self._files, self._start = files, time.perf_counter()
        self._outcomes: list[Outcome] = []
        self._stream = sys.stderr if piped else sys.stdout
        self._terminal = sys.stderr.isatty()

    def progress(self, job: "Job", share: float) -> None:
        """One line, written over."""
        if self._terminal:
            done = sum(outcome.status != "skipped" for outcome in self._outcomes)
            print(
                f"\r\033[K{done + 1}/{self._files} {one_line(str(job.source))} {share:.0%}",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def finished(self, outcome: "Outcome") -> None:
        """What was made of a file; failures are reported at the end."""
        self._outcomes.append(outcome)
        self._clear()
        if outcome.status == "skipped":
            self._print(f"{outcome.target}: exists and is kept; --force replaces it")
        elif outcome.status == "done":
            sides = f"{outcome.width}×{outcome.height}"
            frames = f", {outcome.frames} frames" if outcome.frames > 1 else ""
            engine = f", engine {outcome.engine}" if self._verbose and outcome.engine else ""
            self._print(f"{outcome.target}: {sides}{frames} in {outcome.seconds:.2f} s{engine}")
            for note in outcome.notes:
                self._print(f"{outcome.target}: {note}")

    def sum_up(self, split: dict[str, float], passed: "Counter[str]", options: argparse.Namespace) -> int:
        """Report failures, counts and times; write the summary; return the exit code."""
        self._clear()
        seconds = time.perf_counter() - self._start
        counts = {
            status: sum(outcome.status == status for outcome in self._outcomes)
            for status in ("done", "skipped", "failed")
        }
        if self._verbose:
            parts = "  ".join(f"{name} {split[name]:.2f} s" for name in SPENT_ON if name in split)
            self._print(f"{parts}  together {seconds:.2f} s")
        if len(self._outcomes) > 1:
            counted = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
            self._print(f"{counted} in {seconds:.1f} s")
        if passed:
            self._print(passed_over(passed))
        for outcome in self._outcomes:
            if outcome.status == "failed":
                print(one_line(f"npsr: error: {outcome.message}"), file=sys.stderr)
        if options.json:
            self._write({**counts, "passed_over": dict(passed)}, split, seconds, options)
        if any(outcome.defect for outcome in self._outcomes):
            return 3
        return 2 if counts["failed"] else 0

    def _write(
        self, counts: dict[str, Any], split: dict[str, float], seconds: float, options: argparse.Namespace
    ) -> None:
        from npsr.system.files import write_json

        files: list[dict[str, Any]] = []
        for outcome in self._outcomes:
            facts = dataclasses.asdict(outcome)
            paths = {"source": str(outcome.source), "target": str(outcome.target)}
            files.append({"told": facts.pop("notes"), **facts, **paths})
        summary = {**counts, "seconds": seconds, "split": split, "model": options.model, "files": files}
        write_json(options.json, summary, options.force)

    def _clear(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _print(self, line: str) -> None:
        print(one_line(line), file=self._stream, flush=True)
