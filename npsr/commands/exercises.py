"""The course: exercises that check themselves."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npsr.commands.arguments import natural, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.exercises.examining import Outcome


def add(commands: "Commands") -> None:
    """Declare the command."""
    exercises = commands.add_parser("exercises", help="a course of twelve exercises that check themselves")
    actions = exercises.add_subparsers(metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="what there is to learn, and how long it takes")
    listing.set_defaults(run=run_list)

    start = actions.add_parser("start", help="write the stubs, a Python file each; existing files are kept")
    start.add_argument("folder", type=Path, metavar="FOLDER", help="where to")
    start.set_defaults(run=run_start, notebooks=False)

    check = actions.add_parser("check", help="run them; the first wrong number of each is explained")
    check.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of your files")
    check.add_argument("numbers", nargs="*", metavar="NN", help="exercises (default all)")
    check.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="also write the report to a file; - is the standard output, with the text on the other one",
    )
    _limits(check)
    check.set_defaults(run=run_check)

    grade = actions.add_parser("grade", help="a table of scores of many folders, one a student")
    grade.add_argument(
        "submissions", type=Path, metavar="SUBMISSIONS", help="the folder of the students' folders"
    )
    grade.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.csv", help="the table")
    grade.add_argument("--jobs", type=positive, help="processes at a time (default: one a processor)")
    grade.add_argument("-f", "--force", action="store_true", help="replace an existing table")
    _limits(grade)
    grade.set_defaults(run=run_grade)

    notebook = actions.add_parser("notebook", help="write the stubs as notebooks; existing files are kept")
    notebook.add_argument("folder", type=Path, metavar="FOLDER", help="where to")
    notebook.set_defaults(run=run_start, notebooks=True)


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=natural, default=0, help="seed of the inputs (default 0)")
    parser.add_argument("--seconds", type=positive, default=15, help="of an exercise (default 15)")
    parser.add_argument("--megabytes", type=positive, default=2048, help="its memory (default 2048)")


def run_list(_: argparse.Namespace) -> int:
    """Print the exercises."""
    from npsr.exercises.course import tasks

    for task in tasks():
        print(f"{task.name:<26} {task.minutes:>3} min  explorer: {task.panel}")
        print(f"   {task.title}.\n   You learn {task.learns}")
    hours = sum(task.minutes for task in tasks()) / 60
    print(f"{hours:.0f} hours in all. Start: npsr exercises start FOLDER. The explorer: npsr explore")
    return 0


def run_start(options: argparse.Namespace) -> int:
    """Write the stubs."""
    from npsr.exercises.stubs import start

    written, existing = start(options.folder, options.notebooks)
    for path in written:
        print(path)
    if existing:
        print(f"{len(existing)} files were there already and stay as they are")
    if options.notebooks:
        print("Open one in Jupyter: its last cell checks it.")
    else:
        print("Read the first, fill in its function, then: npsr exercises check FOLDER 1")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Check a folder, and explain."""
    import json
    from contextlib import nullcontext, redirect_stdout

    from npsr.exercises.course import task, tasks
    from npsr.exercises.examining import RIGHT, examine_all
    from npsr.exercises.running import Limits
    from npsr.system.files import check_target, write_json

    if not options.folder.is_dir():
        raise NotADirectoryError(f"{options.folder} is not a folder: npsr exercises start FOLDER makes one")
    asked = (
        sorted({t.number: t for t in map(task, options.numbers)}.values(), key=lambda t: t.number) or tasks()
    )
    piped = str(options.json) == "-"
    if options.json and not piped:
        check_target(options.json, force=True)
    limits = Limits(options.seconds, options.megabytes)
    outcomes = []
    with redirect_stdout(sys.stderr) if piped else nullcontext():
        for outcome in examine_all(asked, options.folder, options.seed, limits):
            outcomes.append(outcome)
            _print_outcome(outcome)
        right = sum(outcome.status == RIGHT for outcome in outcomes)
        print(f"{right} of {len(outcomes)} right")
    if piped:
        print(json.dumps(_report(outcomes, options.seed), indent=1))
    elif options.json:
        write_json(options.json, _report(outcomes, options.seed), force=True)
    return 0 if right == len(outcomes) else 1


def run_grade(options: argparse.Namespace) -> int:
    """Grade a class."""
    import os

    from npsr.exercises.grading import grade, read_submissions, write_table
    from npsr.exercises.running import Limits
    from npsr.system.files import check_target

    check_target(options.output, options.force)
    submissions = read_submissions(options.submissions)
    limits = Limits(options.seconds, options.megabytes, confined=True)
    jobs = options.jobs or os.cpu_count() or 1
    guards: set[str] = set()

    def each(student: str, outcomes: "list[Outcome]") -> None:
        guards.update(*[outcome.guards for outcome in outcomes])
        print(f"{sum(o.score for o in outcomes):6.2f} of {len(outcomes)}  {student!r}", flush=True)

    graded = grade(submissions, options.seed, limits, jobs, each)
    write_table(options.output, submissions, graded, options.seed, options.force)
    print(f"confined: {', '.join(sorted(guards)) or 'not on this system'} (docs/course.md)\n{options.output}")
    return 0


def _print_outcome(outcome: "Outcome") -> None:
    from npsr.exercises.examining import RIGHT, explained

    print(f"{outcome.task.name:<26} {outcome.status}", flush=True)
    if outcome.status == RIGHT:
        return
    untouched = not any(verdict.what for verdict in outcome.verdicts) and outcome.score == 0
    messages = (
        [] if untouched else [explained(verdict) for verdict in outcome.verdicts if verdict.status != RIGHT]
    )
    for text in dict.fromkeys(messages):  # a file that fails as a whole fails once
        print("   " + text.replace("\n", "\n   "))
    if outcome.printed:
        print("   it printed: " + outcome.printed.rstrip().replace("\n", "\n               "))


def _report(outcomes: "list[Outcome]", seed: int) -> dict[str, Any]:
    from npsr.exercises.examining import RIGHT
    from npsr.system.version import __version__

    return {
        "npsr": __version__,
        "seed": seed,
        "right": sum(outcome.status == RIGHT for outcome in outcomes),
        "exercises": [
            {
                "number": outcome.task.number,
                "name": outcome.task.name,
                "status": outcome.status,
                "score": outcome.score,
                "functions": [vars(verdict) for verdict in outcome.verdicts],
                "printed": outcome.printed,
            }
            for outcome in outcomes
        ],
    }
