/** Panel 2: all layers with their shapes and costs; all feature maps of one. */
import { button } from "../parts/controls.js";
import { element, grouped, number, output } from "../parts/dom.js";
import { largest } from "../parts/colours.js";
import { gallery } from "../parts/grid.js";
import { formula, sup } from "../parts/mathml.js";
import { paint, picture, rgbaOf } from "../parts/picture.js";
import { enlarges, weightCount } from "../mathematics/network.js";

const notation = ({ kind, f, n, c, slopes }) => (kind === "PReLU" ? `PReLU, ${slopes} slope${slopes > 1 ? "s" : ""}` : kind === "ReLU" ? "ReLU" : `${kind}(${f}, ${n}, ${c})`);

/** Side of the input's part that one output pixel of each layer depends on, in input pixels. */
function fields(network) {
  let field = 1;
  return network.layers.map(({ kind, f, stride }) => {
    if (kind === "Conv") field += f - 1;
    if (kind === "DeConv") field += Math.ceil(f / stride) - 1;
    return field;
  });
}

/** A layer's weights and its multiplications per LR pixel. */
function cost(layer, network) {
  const weights = network.parameters[`${layer.name}.weight`]?.length ?? 0;
  if (!["Conv", "DeConv"].includes(layer.kind)) return [0, 0];
  return [weights, weights * (enlarges(network) ? 1 : network.scale ** 2)];
}

/** @type {import("../parts/panel.js").Panel} */
export const map = {
  id: "map",
  title: "Map",
  question: "What is in the network, and what passes through it?",
  lead: "Each row is a layer, in the paper's notation Conv(filter side, filters, channels). Choose one to see every feature map that it makes from the picture's middle; choose a map to see it large, and from there descend to its filter.",
  formula: () => formula('"Conv"', "(", "f", ",", "n", ",", "c", ")", '" has "', sup("f", "2"), "·", "n", "·", "c", '" weights"'),
  sources: ["npsr.networks.architectures.weight_count", "npsr.networks.architectures.multiplications"],
  predict: {
    question: "Which layer of FSRCNN(56,12,4) needs the most multiplications for each LR pixel?",
    choices: ["the first, 5 × 5", "the four mapping layers together", "the deconvolution, 9 × 9"],
    right: 1,
    because: "4 · 9 · 12 · 12 = 5184, more than the deconvolution's 81 · 56 = 4536 and than the first layer's 25 · 56 = 1400. Without shrinking 56 maps to 12, the mapping would take 4 · 9 · 56 · 56 = 112,896.",
  },
  defaults: { layer: 0, map: 0 },
  mount(body, page, state) {
    const rows = element("tbody"), maps = gallery("feature maps", (c) => state.set({ map: c })), large = picture("feature map");
    const total = output("weights"), cross = output("multiplications"), title = element("h3"), about = element("p", { class: "sum" });
    const descend = button("", () => {
      const { layer } = page.passes()[state.get("layer")], place = page.passes().filter((p) => p.layer.kind === "Conv").findIndex((p) => p.layer.name === layer.name);
      if (layer.kind === "DeConv") page.goTo("deconvolution");
      else {
        page.stateOf("convolution").set({ layer: Math.max(0, place), filter: state.get("map") });
        page.goTo("convolution");
      }
    });
    const head = ["layer", "notation", "output", "weights", "multiplications", "sees"];
    body.append(element("div", { class: "columns" },
      element("div", {},
        element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "table of layers" }, element("table", { class: "facts layers" }, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))), rows)),
        element("p", { class: "sum" }, total, " weights; ", cross, " multiplications for each LR pixel.")),
      element("div", {}, title, large.node, about, descend)), maps.node);

    const layerRow = (pass, k, network, field) => {
      const [weights, multiplications] = cost(pass.layer, network), [, C, H, W] = pass.y.shape;
      const choose = button(pass.layer.kind.endsWith("ReLU") ? `↳ ${pass.layer.kind}` : pass.layer.name, () => state.set({ layer: k, map: 0 }), { "aria-pressed": String(k === state.get("layer")) });
      return element("tr", {}, element("th", { scope: "row" }, choose),
        ...[notation(pass.layer), `${C} × ${H} × ${W}`, weights ? grouped(weights) : "", multiplications ? grouped(multiplications) : "", `${field} × ${field}`].map((text) => element("td", {}, text)));
    };
    const thumbnail = (pass, c, chosen) => {
      const [, , H, W] = pass.y.shape, plane = pass.y.data.subarray(c * H * W, (c + 1) * H * W), canvas = element("canvas", { "aria-hidden": "true" });
      paint(canvas, rgbaOf(plane, "signed"), H, W);
      return element("button", { type: "button", "aria-pressed": String(chosen), "aria-label": `map ${c}`, onclick: () => state.set({ map: c }) }, canvas, String(c));
    };
    return () => {
      const network = page.network(), passes = page.passes(), all = fields(network), k = Math.min(state.get("layer"), passes.length - 1), pass = passes[k];
      const [, C, H, W] = pass.y.shape, c = Math.min(state.get("map"), C - 1), plane = pass.y.data.subarray(c * H * W, (c + 1) * H * W);
      const held = rows.contains(document.activeElement);
      rows.replaceChildren(...passes.map((one, place) => layerRow(one, place, network, all[place])));
      if (held) rows.querySelector("[aria-pressed=true]").focus();
      maps.refresh(Array.from({ length: C }, (_, m) => thumbnail(pass, m, m === c)), c);
      total.textContent = grouped(weightCount(network));
      cross.textContent = grouped(network.layers.reduce((sum, layer) => sum + cost(layer, network)[1], 0));
      title.textContent = `${notation(pass.layer)} “${pass.layer.name}”: ${C} map${C > 1 ? "s" : ""} of ${H} × ${W}`;
      large.refresh(plane, H, W, { colouring: C === 1 ? "grey" : "signed" });
      large.caption.textContent = C === 1 ? "The output, in grey" : `Map ${c}: blue below 0, white 0, orange above; strongest ${number(largest(plane))}`;
      let [low, high, mean] = [Infinity, -Infinity, 0];
      for (const value of plane) [low, high, mean] = [Math.min(low, value), Math.max(high, value), mean + value / plane.length];
      about.textContent = `from ${number(low)} to ${number(high)}, mean ${number(mean)}`;
      descend.textContent = pass.layer.kind === "DeConv" ? "Descend to the deconvolution" : `Descend to filter ${c} of ${pass.layer.name}`;
    };
  },
};
