"""The kernels of a training step that visit each map once: rectifiers, and Winograd's transforms.

Maps, lanes and operations are as in `kernels`. A map of points has one row for each point of each
block of rows. Point p of block b is row p·blocks + b. So the sixth point comes last, which blocks of 3 rows
do not have. Blocks of 4 rows come before blocks of 3. x is the map of points, z the map of rows.
"""

from npsr_kernels.compiling.compiled import inner
from npsr_kernels.vector.simd import (
    vadd,
    vfma,
    vload,
    vmin,
    vmul,
    vprelu,
    vsplat,
    vstore,
    vsum,
    vwhere,
    vzero,
)
from npsr_kernels.vector.winograd import POINTS, to_points, to_points_transposed, to_rows


@inner
def rectify(op, L, arena, scalars):
    """Assign x = PReLU(z), and zeros to the ring of x, whose memory other maps have used."""
    zero = vzero(arena)
    for x in range(op.x_start, op.x, L):
        vstore(arena, x, zero)
    for c in range(op.channels):
        slope = vsplat(scalars[op.scalars + c])
        for i in range(op.rows):
            x = op.x + c * op.x_channel + i * op.x_row
            z = op.z + c * op.z_channel + i * op.z_row
            for j in range(0, op.columns * L, L):
                vstore(arena, x + j, vprelu(vload(arena, z + j), slope))
            for j in range(op.columns * L, op.x_row, L):
                vstore(arena, x + j, zero)
        for x in range(op.x + c * op.x_channel + op.rows * op.x_row, op.x + (c + 1) * op.x_channel, L):
            vstore(arena, x, zero)


@inner
def unrectify(op, L, arena, scalars, gradients):
    """Replace z by its gradient, from x's gradient; add to the gradients of D biases, then of D slopes."""
    zero = vzero(arena)
    for c in range(op.channels):
        slope = vsplat(scalars[op.scalars + c])
        dbias = dslope = zero
        for i in range(op.rows):
            x = op.x + c * op.x_channel + i * op.x_row
            z = op.z + c * op.z_channel + i * op.z_row
            for j in range(0, op.columns * L, L):
                dbias, dslope = turn_back(arena, z + j, vload(arena, x + j), slope, dbias, dslope)
        gradients[op.gradient + c] += vsum(dbias)
        gradients[op.gradient + op.channels + c] += vsum(dslope)


@inner
def rectify_to_points(op, L, arena, scalars):
    """Assign the points x = Bᵀ PReLU(z) of each block of rows, and zeros to the ring of x.

    Without slopes (`scalars` −1) the points of z itself. Blocks overlap by two rows.
    """
    zero = vzero(arena)
    for x in range(op.x_start, op.x, L):
        vstore(arena, x, zero)
    point = op.blocks * op.x_row
    for c in range(op.channels):
        slope = vsplat(scalars[op.scalars + c] if op.scalars >= 0 else arena.dtype.type(1))
        for block in range(op.blocks):
            full = block < op.full
            row = op.z + c * op.z_channel + (3 * block + min(block, op.full)) * op.z_row
            x = op.x + c * op.x_channel + block * op.x_row
            for z in range(row, row + op.columns * L, L):
                d0 = vprelu(vload(arena, z), slope)
                d1 = vprelu(vload(arena, z + op.z_row), slope)
                d2 = vprelu(vload(arena, z + 2 * op.z_row), slope)
                d3 = vprelu(vload(arena, z + 3 * op.z_row), slope)
                d4 = vprelu(vload(arena, z + 4 * op.z_row), slope)
                d5 = vprelu(vload(arena, z + 5 * op.z_row), slope) if full else zero
                store_points(arena, x + z - row, point, full, to_points(d0, d1, d2, d3, d4, d5))
            for p in range(POINTS - 1 + full):
                for j in range(op.columns * L, op.x_row, L):
                    vstore(arena, x + p * point + j, zero)


@inner
def unrectify_rows(op, L, arena, scalars, gradients):
    """As `unrectify`, but from the points of x's gradient."""
    zero = vzero(arena)
    for c in range(op.channels):
        slope = vsplat(scalars[op.scalars + c])
        dbias = dslope = zero
        for block in range(op.blocks):
            full = block < op.full
            row = op.z + c * op.z_channel + (3 * block + min(block, op.full)) * op.z_row
            x = op.x + c * op.x_channel + block * op.x_row
            for z in range(row, row + op.columns * L, L):
                y0, y1, y2, y3 = rows_at(arena, x + z - row, op.blocks * op.x_row, full)
                dbias, dslope = turn_back(arena, z, y0, slope, dbias, dslope)
                dbias, dslope = turn_back(arena, z + op.z_row, y1, slope, dbias, dslope)
                dbias, dslope = turn_back(arena, z + 2 * op.z_row, y2, slope, dbias, dslope)
                if full:
                    dbias, dslope = turn_back(arena, z + 3 * op.z_row, y3, slope, dbias, dslope)
        gradients[op.gradient + c] += vsum(dbias)
        gradients[op.gradient + op.channels + c] += vsum(dslope)


@inner
def points_to_rows(op, L, arena):
    """Assign each block of rows z = Aᵀ x."""
    for c in range(op.channels):
        for block in range(op.blocks):
            full = block < op.full
            row = op.z + c * op.z_channel + (3 * block + min(block, op.full)) * op.z_row
            x = op.x + c * op.x_channel + block * op.x_row
            for z in range(row, row + op.columns * L, L):
                y0, y1, y2, y3 = rows_at(arena, x + z - row, op.blocks * op.x_row, full)
                vstore(arena, z, y0)
                vstore(arena, z + op.z_row, y1)
                vstore(arena, z + 2 * op.z_row, y2)
                if full:
                    vstore(arena, z + 3 * op.z_row, y3)


@inner
def rows_to_points_transposed(op, L, arena):
    """Assign the points x = A z of each block of rows."""
    point = op.blocks * op.x_row
    for c in range(op.channels):
        for block in range(op.blocks):
            full = block < op.full
            row = op.z + c * op.z_channel + (3 * block + min(block, op.full)) * op.z_row
            x = op.x + c * op.x_channel + block * op.x_row
            for z in range(row, row + op.columns * L, L):
                y0, y1 = vload(arena, z), vload(arena, z + op.z_row)
                y2 = vload(arena, z + 2 * op.z_row)
                y3 = vload(arena, z + 3 * op.z_row) if full else vzero(arena)
                store_points(arena, x + z - row, point, full, to_points_transposed(y0, y1, y2, y3))


@inner
def turn_back(arena, z, dx, slope, dbias, dslope):
    """Replace vector z by its gradient, from that of x = PReLU(z); return the sums with its part added."""
    v = vload(arena, z)
    dz = vwhere(v, dx, vmul(slope, dx))
    vstore(arena, z, dz)
    return vadd(dbias, dz), vfma(dx, vmin(v, vzero(arena)), dslope)


@inner
def store_points(arena, x, point, full, points):
    """Assign 6 points, or 5."""
    p0, p1, p2, p3, p4, p5 = points
    vstore(arena, x, p0)
    vstore(arena, x + point, p1)
    vstore(arena, x + 2 * point, p2)
    vstore(arena, x + 3 * point, p3)
    vstore(arena, x + 4 * point, p4)
    if full:
        vstore(arena, x + 5 * point, p5)


@inner
def rows_at(arena, x, point, full):
    """Rows Aᵀ x of 6 points, or of 5."""
    m0, m1, m2 = vload(arena, x), vload(arena, x + point), vload(arena, x + 2 * point)
    m3, m4 = vload(arena, x + 3 * point), vload(arena, x + 4 * point)
    m5 = vload(arena, x + 5 * point) if full else vzero(arena)
    return to_rows(m0, m1, m2, m3, m4, m5)
