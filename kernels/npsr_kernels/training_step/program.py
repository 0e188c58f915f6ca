"""From stages to the program of a training step, and the tables that it refers to.

A program is forward pass, loss, backward pass. The pre-activations z of each convolution are stored, and the
backward pass replaces them by their gradients. Activations, or their points, are computed again from z
when they are needed, so all layers share one place for them.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.training_step import direct, points
from npsr_kernels.training_step.operations import COMPARE, LOAD, RECTIFY, UNRECTIFY, UNRECTIFY_ROWS
from npsr_kernels.training_step.points import Points
from npsr_kernels.training_step.stages import Stage, adjoint, ring
from npsr_kernels.training_step.writer import Map, ProgramWriter


class Place(NamedTuple):
    """Where a stage's maps lie."""

    before: Map
    """Output of the stage before, or the network's input."""
    x: Map | None
    """Input: `before`, rectified; None if the stage is computed on points."""
    z: Map
    """Output."""
    points: Points | None
    """The stage on points, if that saves work."""
    adjoint: Points | None
    """Its adjoint on points; none for the first stage."""


def write(w: ProgramWriter, stages: list[Stage]) -> None:
    """Append the whole step."""
    last = len(stages) - 1
    places = lay_out(w, stages)
    labels = w.size * w.L  # the loss's factor, the labels, the samples' squared errors
    w.size += 2 + len(stages[last].weight) * stages[last].out ** 2
    channels = stages[0].weight.shape[3]
    w.operation(LOAD, places[0].before, places[0].z, rows=stages[0].side, channels=channels, labels=labels)
    for k in range(last + 1):
        write_input(w, stages, places[k], k)
        write_output(w, stages[k], places[k])
    write_comparison(w, stages[last], places[last].z, labels)
    for k in range(last, -1, -1):
        if k < last:
            write_input(w, stages, places[k], k)
        write_weight_gradient(w, stages[k], places[k])
        if k:
            write_input_gradient(w, stages, places[k], k)


def lay_out(w: ProgramWriter, stages: list[Stage]) -> list[Place]:
    """Places of all maps. Those that a stage needs for a short time share a place with other stages'."""
    weights = [points.lay_out_weights(w, s) if points.worthwhile(s) else None for s in stages]
    maps = [
        w.map(stages[0].weight.shape[3], (stages[0].side,) * 2, around(stages[0], weights[0] is not None))
    ]
    for k, stage in enumerate(stages):
        rings = [around(adjoint(stage), weights[k] is not None)] if k else []
        if stage is not stages[-1] and weights[k + 1] is not None:
            rings.append(around(stages[k + 1], True))
        widest = max((r for r, _ in rings), default=0), max((c for _, c in rings), default=0)
        maps.append(w.map(len(stage.weight), (stage.out,) * 2, widest))
    places = []
    start = stop = w.size
    for k, (stage, weight) in enumerate(zip(stages, weights, strict=True)):
        x, of_points, turned = None, None, None
        w.size = start
        if weight is not None:
            of_points = points.lay_out(w, stage, weight)
        else:
            x = w.map(stage.weight.shape[3], (stage.side,) * 2, around(stage, False)) if k else maps[0]
        stop, w.size = max(stop, w.size), start
        if weight is not None and k:
            turned = points.lay_out(w, adjoint(stage), points.lay_out_weights(w, adjoint(stage)))
        stop = max(stop, w.size)
        places.append(Place(maps[k], x, maps[k + 1], of_points, turned))
    w.size = stop
    return places


def around(stage: Stage, by_points: bool) -> tuple[int, int]:
    """Rows and columns of zeros needed around the stage's input; points have columns of their own."""
    return (points.ring_rows(stage), 0) if by_points else (ring(stage), ring(stage))


def write_input(w: ProgramWriter, stages: list[Stage], place: Place, k: int) -> None:
    """Stage k's input from the output of the stage before."""
    slope = stages[k - 1].slope if k else None
    if k and slope is None:
        raise ValueError("a layer has slopes None, but only the last may be without a rectifier")
    if place.points:
        points.write_input(w, place.points, place.before, slope)
    elif place.x and slope is not None:
        size = {"channels": len(slope), "rows": stages[k].side, "columns": stages[k].side}
        w.operation(RECTIFY, place.x, place.before, scalars=w.add(w.scalars, slope), **size)


def write_output(w: ProgramWriter, stage: Stage, place: Place) -> None:
    """A stage's output from its input."""
    if place.points:
        points.write_products(w, place.points)
        points.write_output(w, place.points, place.z)
    elif place.x:
        direct.write_products(w, stage, place.x, place.z)


def write_comparison(w: ProgramWriter, stage: Stage, z: Map, labels: int) -> None:
    """The loss, and its gradient in the place of the output."""
    gradient = w.add(w.gradients, stage.bias)
    size = {"rows": stage.out, "columns": stage.out, "channels": len(stage.weight)}
    w.operation(COMPARE, z, z, labels=labels, gradient=gradient, **size)


def write_weight_gradient(w: ProgramWriter, stage: Stage, place: Place) -> None:
    """Gradient of a stage's weights from its input and its output's gradient."""
    if place.points:
        points.write_weight_gradient(w, place.points, place.z)
    elif place.x:
        direct.write_weight_gradient(w, stage, place.x, place.z)


def write_input_gradient(w: ProgramWriter, stages: list[Stage], place: Place, k: int) -> None:
    """Replace the output of the stage before k by its gradient, from the gradient of stage k's output."""
    before = stages[k - 1]
    assert before.slope is not None
    fields = {
        "scalars": w.add(w.scalars, before.slope),
        "gradient": w.add(w.gradients, np.concatenate([before.bias, before.slope])),
    }
    if place.adjoint:
        points.write_input(w, place.adjoint, place.z, None)
        points.write_products(w, place.adjoint)
        size = points.size(place.adjoint, len(before.slope), before.out)
        w.operation(UNRECTIFY_ROWS, place.adjoint.z, place.before, **fields, **size)
    elif place.x:
        direct.write_products(w, adjoint(stages[k]), place.z, place.x)
        size = {"channels": len(before.slope), "rows": before.out, "columns": before.out}
        w.operation(UNRECTIFY, place.x, place.before, **fields, **size)
