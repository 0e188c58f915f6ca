"""Train all networks of a budget, several at a time, each on a core, the most telling first.

The experiments then find them trained. Stopped at any moment, the same command goes on.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import ablations
import comparison
import figure3_transitions
import figure4_convergence
import figure4_settings
import rivals
from equal_training import FACTOR, Start, Training, hours, train_together
from study import Study, open_study


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is not trained yet, and say what each training took."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--together", type=int, default=os.cpu_count(), help="trainings at a time")
    options, others = parser.parse_known_args(arguments)
    study = open_study(__file__, __doc__, ("T91", "General-100", "Set5"), others)
    for starts in (from_scratch, from_factor_3):
        for training in train_together(study, starts(study), options.together):
            print(said(training), flush=True)
    os.environ["NUMBA_NUM_THREADS"] = "1"  # of the processes that are started: a core for each
    with ProcessPoolExecutor(options.together, get_context("spawn")) as pool:
        for done in as_completed([pool.submit(learn, study, *method) for method in rivals.ORDER]):
            print(done.result(), flush=True)


def said(training: Training) -> str:
    """What a training took, in a line."""
    net = training.net
    seed = net.provenance["seed"]
    return f"{net.name} ×{net.scale}, seed {seed}: {training.samples:,} in {hours(training)} h"


def learn(study: Study, method: str, n: int) -> str:
    """Learn one of the rivals, and say so."""
    known = len(study.trainings)
    rivals.learnt(study, method, n)
    took = "".join(f"{record['seconds'] / 3600:.2f} h" for record in study.trainings[known:])
    return f"{rivals.LABELS[method]} ×{n}: {took or 'in the package'}"


def from_scratch(study: Study) -> list[Start]:
    """What is trained from nothing, each once: a finished row tells something before the rest is there."""
    ordered = [*figure3_transitions.recipes(study)[::-1], *comparison.recipes(study, FACTOR)[::-1]]
    ordered += figure4_settings.recipes(study)
    starts: list[Start] = [(recipe, None) for recipe in dict.fromkeys(ordered)]
    return starts + [start for variant in ablations.variants(study).values() for start in variant]


def from_factor_3(study: Study) -> list[Start]:
    """What is trained for other factors, from networks that are trained for ×3; and, beside these, what
    Figure 4 trains from nothing.
    """
    ordered = [*figure4_convergence.recipes(study).values()]
    ordered += [recipe for n in comparison.FACTORS if n != FACTOR for recipe in comparison.recipes(study, n)]
    return [(recipe, None) for recipe in ordered]


if __name__ == "__main__":
    main()
