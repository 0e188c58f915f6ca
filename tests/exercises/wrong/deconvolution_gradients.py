"""Wrong submissions of exercise 5."""

from exercises.wrong.styles import L, V

WRONG = [
    (L, "+= weight[c, d, u, v] * g", "+= weight[c, d, f - 1 - u, f - 1 - v] * g", "dx: the filter is turned"),
    (L, "dx[n, c, h, w] += ", "dx[n, c, h, w] = ", "single tap"),
    (L, "g = dy[n, d, stride * h + u, stride * w + v]", "g = dy[n, d, h + u, w + v]", "stride is ignored"),
    (L, "return dx, dweight, dbias", "return dx, dweight / N, dbias", "dweight: The mean over the samples"),
    (L, "return dx, dweight, dbias", "return dx, dweight, dbias / N", "dbias: The mean over the samples"),
    (
        L,
        "return dx, dweight, dbias",
        "return dx, dweight.swapaxes(0, 1), dbias",
        "channels are exchanged|off|axes",
    ),
    (L, "return dx, dweight, dbias", "return dx, dweight.swapaxes(2, 3), dbias", "rows and columns"),
    (L, "return dx, dweight, dbias", "return dweight, dx, dbias", "order"),
    (L, "return dx, dweight, dbias", "return dx, dweight, 0 * dbias", "dbias: it is 0"),
    (L, "return dx, dweight, dbias", "return dx, dweight, dy.mean((0, 2, 3))", "dbias: the mean over pixels"),
    (
        L,
        "return dx, dweight, dbias",
        "return dx, dweight, dy[:, :, : stride * H, : stride * W].sum((0, 2, 3))",
        "only the cut part",
    ),
    (L, "+= x[n, c, h, w] * g", "= x[n, c, h, w] * g", "only the last input pixel|dweight"),
    (L, "+= x[n, c, h, w] * g", "+= x[0, c, h, w] * g", "two samples|dweight"),
    (L, "dweight = np.zeros_like(weight)", "dweight = weight", "works in place"),
    (L, "dtype=x.dtype", "dtype=float", "float64 leaks"),
    (V, "dy.sum(axis=(0, 2, 3))", "dy.sum(axis=(2, 3))", "dbias: the sum over the samples"),
    (V, "dy.sum(axis=(0, 2, 3))", "dy[0].sum(axis=(1, 2))", "dbias: the sum over the samples"),
    (V, "weight[:, :, u, v]", "weight[:, :, v, u]", "dx: rows and columns"),
    (V, "dx += ", "dx = ", "dx: a single tap"),
    (L, "return dx, dweight, dbias", "return dx, dweight, np.clip(dbias, -1e6, 1e6)", "must be linear"),
    (L, "return dx, dweight, dbias", "return dx.round(5), dweight, dbias", "rounded"),
    (L, "range(N)", "range(min(N, 3))", "four samples"),
    (V, "+ 1 : s, v", "+ 1 : min(s, 3), v", "raised|four samples"),
]
