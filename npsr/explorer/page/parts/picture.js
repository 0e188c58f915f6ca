/** Planes of pixels on a canvas; a pixel can be picked by mouse, touch and arrow keys. */
import { diverging, largest } from "./colours.js";
import { element } from "./dom.js";
import { onArrows } from "./grid.js";

/** 8-bit RGBA of a plane: "grey" from 0 to 1, or "signed" around 0 up to `most`. */
export function rgbaOf(plane, colouring, most = colouring === "signed" ? largest(plane) : 1) {
  const rgba = new Uint8ClampedArray(plane.length * 4).fill(255);
  for (let k = 0; k < plane.length; k++) {
    if (colouring === "signed") rgba.set(diverging(plane[k] / most), 4 * k);
    else rgba.fill(Math.round(Math.min(1, Math.max(0, plane[k])) * 255), 4 * k, 4 * k + 3);
  }
  return rgba;
}

/** Put pixels on a canvas at their own size; CSS enlarges it, each pixel a square. */
export function paint(canvas, rgba, rows, columns) {
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext("2d").putImageData(new ImageData(rgba, columns, rows), 0, 0);
}

/**
 * A picture under its caption. `refresh(plane, rows, columns, {colouring, most, chosen, box})`: chosen [i, j] is
 * framed, box [i, j, rows, columns] outlined. With `choose(i, j)` a pixel can be picked, with `peek(i, j)` a mouse that
 * passes over shows one for a moment; peek() ends it.
 */
export function picture(label, choose, peek) {
  const canvas = element("canvas", choose ? { tabindex: 0, role: "application", "aria-label": `${label}; arrow keys move the pixel` } : { role: "img", "aria-label": label });
  const frame = element("div", { class: "frame" }), over = element("div", { class: "canvas" }, canvas, frame), window_ = element("div", { class: "box" });
  over.append(window_);
  const caption = element("figcaption", {}, label);
  let size = [1, 1], now = [0, 0];
  const within = (i, j) => choose(Math.min(size[0] - 1, Math.max(0, i)), Math.min(size[1] - 1, Math.max(0, j)));
  if (choose) {
    const pixelAt = (event) => {
      const box = canvas.getBoundingClientRect();
      return [Math.floor(((event.clientY - box.top) / box.height) * size[0]), Math.floor(((event.clientX - box.left) / box.width) * size[1])];
    };
    canvas.addEventListener("pointerdown", (event) => within(...pixelAt(event)));
    if (peek) {
      canvas.addEventListener("pointermove", (event) => {
        if (event.pointerType === "mouse") peek(...pixelAt(event));
      });
      canvas.addEventListener("pointerleave", () => peek());
    }
    onArrows(canvas, (di, dj) => within(now[0] + di, now[1] + dj));
  }
  const place = (mark, box) => {
    mark.hidden = !box;
    if (!box) return;
    const [i, j, h, w] = box;
    Object.assign(mark.style, {
      top: `${(100 * i) / size[0]}%`, left: `${(100 * j) / size[1]}%`,
      height: `${(100 * h) / size[0]}%`, width: `${(100 * w) / size[1]}%`,
    });
  };
  return {
    node: element("figure", { class: "picture" }, over, caption),
    canvas,
    caption,
    /**
     * @param {ArrayLike<number>} plane
     * @param {number} rows
     * @param {number} columns
     * @param {{colouring?: string, most?: number, chosen?: number[], box?: number[], rgba?: Uint8ClampedArray}} view
     */
    refresh(plane, rows, columns, { colouring = "grey", most, chosen, box, rgba } = {}) {
      size = [rows, columns];
      now = chosen ?? now;
      paint(canvas, rgba ?? rgbaOf(plane, colouring, most), rows, columns);
      place(frame, chosen && [...chosen, 1, 1]);
      place(window_, box);
    },
  };
}
