/** Panel 1: a picture enlarged in four ways, under a divider. */
import { button, controls, menu, slider } from "../parts/controls.js";
import { element, number, output } from "../parts/dom.js";
import { enlargedPicture } from "../work/enlargement.js";
import { formula, fraction, row, sub, sum, sup } from "../parts/mathml.js";
import { paint, rgbaOf } from "../parts/picture.js";

const METHODS = [["nearest", "nearest pixel"], ["bicubic", "bicubic"], ["network", "network"], ["original", "original"], ["difference", "network − original"]];

/** Decibels of every method in a table. */
function scores() {
  const cells = ["nearest", "bicubic", "network"].map((method) => [method, output(`psnr-${method}`)]);
  const node = element("table", { class: "facts" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "enlarged by"), element("th", { scope: "col", class: "number" }, "PSNR in dB"))),
    element("tbody", {}, ...cells.map(([method, cell]) => element("tr", {}, element("th", { scope: "row" }, method), element("td", { class: "number" }, cell)))));
  return { node, refresh: (decibels) => cells.forEach(([method, cell]) => { cell.textContent = method in decibels ? number(decibels[method], 2) : "no original"; }) };
}

/** Two canvases, of which the upper is cut at the divider. */
function divided(state) {
  const under = element("canvas", { role: "img", "aria-label": "right of the divider" }), over = element("canvas", { role: "img", "aria-label": "left of the divider" });
  const edge = element("div", { class: "edge" }), node = element("div", { class: "divided" }, under, over, edge);
  const follow = (event) => {
    if (!event.buttons && event.type !== "pointerdown") return;
    const box = node.getBoundingClientRect();
    state.set({ divider: Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width))) });
  };
  for (const event of ["pointerdown", "pointermove"]) node.addEventListener(event, follow);
  return { node, under, over, place(share) {
    over.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    edge.style.left = `${share}%`;
  } };
}

/** Save a canvas as a PNG file. */
function save(canvas, name) {
  canvas.toBlob((blob) => {
    const address = URL.createObjectURL(blob);
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
}

/** @type {import("../parts/panel.js").Panel} */
export const enlarge = {
  id: "enlarge",
  title: "Enlarge",
  question: "What does a network see in a small picture that interpolation does not?",
  lead: "The picture is reduced by MATLAB's bicubic and enlarged again; drag the divider, or move it with the arrow keys. Brightness (luma) goes through the network, colour through bicubic. PSNR says how near the result comes to the original: 3 dB more is half the squared error.",
  formula: () => formula('"PSNR"', "=", "10", sub('" log"', "10"), '" "', fraction(row(sup("255", "2"), "·", "H", "W"), row(sum("i,j"), sup(row("(", sub("y", "ij"), "−", sub("t", "ij"), ")"), "2")))),
  sources: ["npsr.evaluation.protocol.low_resolution", "npsr.evaluation.metrics.psnr"],
  predict: {
    question: "Where will the network's picture differ most from bicubic's?",
    choices: ["in smooth areas", "along edges and fine lines", "everywhere alike"],
    right: 1,
    because: "smooth areas are nearly exact with any interpolation. What the reduction took away are fast changes, and those stand at edges. Choose “network − original” to see what is still missing.",
  },
  defaults: { left: "bicubic", right: "network", divider: 50, task: "reduce" },
  mount(body, page, state) {
    const task = menu(state, "task", "The picture is", [["reduce", "reduced, then enlarged"], ["enlarge", "enlarged as it is"]]);
    const left = menu(state, "left", "Left", METHODS), right = menu(state, "right", "Right", METHODS);
    const divider = slider(state, "divider", "Divider", { min: 0, max: 100, show: (v) => `${v} %` });
    const view = divided(state), table = scores(), bar = element("progress", { max: 1, value: 0, "aria-label": "tiles done" });
    const told = element("p", { role: "status" }), time = output("seconds"), fast = element("p", {}, "The network took ", time, " in a worker of this browser.");
    let made = null, wanted = "";
    const keep = button("Save the network's picture", () => {
      const canvas = element("canvas");
      paint(canvas, made.pictures.network, made.rows, made.columns);
      save(canvas, `${page.photograph().name.replace(/\.\w+$/, "").replaceAll(" ", "_")}_${page.network().label}_x${page.network().scale}.png`);
    });
    divider.node.querySelector("input").classList.add("divider");
    body.append(controls(task, left, right, keep), element("div", { class: "columns" }, element("div", {}, view.node, divider.node), element("div", {}, table.node, fast, bar, told)));

    const pixels = (method) => {
      if (method === "difference" && made.luma.original)
        return rgbaOf(made.luma.network.map((value, k) => value - made.luma.original[k]), "signed", 0.25);
      return made.pictures[method] ?? made.pictures.network;
    };
    const show = () => {
      if (!made) return;
      paint(view.under, pixels(state.get("right")), made.rows, made.columns);
      paint(view.over, pixels(state.get("left")), made.rows, made.columns);
      table.refresh(made.decibels);
      time.textContent = `${number(made.seconds, 2)} s`;
      keep.disabled = false;
    };
    const work = async (key) => {
      keep.disabled = true;
      bar.value = 0;
      told.textContent = "At work …";
      try {
        const result = await enlargedPicture(page.network(), page.photograph(), state.get("task") === "reduce", (share) => {
          bar.value = share;
          return key === wanted;
        });
        if (!result || key !== wanted) return;
        made = result;
        told.textContent = `Done: ${made.columns} × ${made.rows} pixels.`;
        body.dataset.done = key;
        show();
      } catch (error) {
        told.textContent = `It could not be enlarged: ${error.message}`;
      }
    };
    return () => {
      for (const control of [task, left, right, divider]) control.refresh();
      view.place(state.get("divider"));
      const photograph = page.photograph(), key = [page.network().key, photograph.name, photograph.rgba.length, state.get("task")].join(" ");
      if (key === wanted && made) show();
      if (key === wanted) return;
      wanted = key;
      made = null;
      work(key);
    };
  },
};
