/** Panel 12: networks from files, two of them compared, and pictures of panels to take away. */
import { button, controls, fileButton, menu } from "../parts/controls.js";
import { announce, element, number, output } from "../parts/dom.js";
import { formula, sub } from "../parts/mathml.js";
import { networkOf } from "../work/npz.js";
import { picture } from "../parts/picture.js";
import { psnr, to8Bits } from "../mathematics/resize.js";

/** Offer a file for download. */
function offer(address, name) {
  element("a", { href: address, download: name }).click();
}

/** Every canvas of a panel as PNG, every chart as SVG. */
function takeAway(panel) {
  const section = document.getElementById(panel);
  const canvases = /** @type {any} */ ([...section.querySelectorAll(".picture canvas, .divided canvas")]);
  canvases.forEach((canvas, k) => offer(canvas.toDataURL("image/png"), `${panel}_${k + 1}.png`));
  [...section.querySelectorAll("svg.chart")].forEach((svg, k) => {
    const copy = /** @type {SVGElement} */ (svg.cloneNode(true)), style = getComputedStyle(document.documentElement);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("style", ["--line-a", "--line-b", "--line-c", "--line-d", "--text", "--edge", "--wrong"].map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
    copy.prepend(Object.assign(document.createElementNS(copy.namespaceURI, "style"), { textContent: "text{font:12px sans-serif;fill:var(--text)}.rule{stroke:var(--edge)}.mark{stroke:var(--wrong)}" }));
    offer(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(copy.outerHTML)}`, `${panel}_${k + 1}.svg`);
  });
}

/** Largest difference and mean of differences of every tensor that both have. */
export function compared(a, b) {
  return Object.keys(a.parameters).filter((key) => b.parameters[key]?.length === a.parameters[key].length).map((key) => {
    const p = a.parameters[key], q = b.parameters[key];
    let most = 0, sum = 0, size = 0;
    for (let k = 0; k < p.length; k++) [most, sum, size] = [Math.max(most, Math.abs(p[k] - q[k])), sum + (p[k] - q[k]) ** 2, size + p[k] ** 2];
    return { key, most, relative: Math.sqrt(sum / (size || 1)) };
  });
}

/** @type {import("../parts/panel.js").Panel} */
export const yourNetwork = {
  id: "your-network",
  title: "Your network",
  question: "What has my own network learned, and how do two differ?",
  lead: "Drop a .npz file that npsr train has written, model.npz or a checkpoint, anywhere on this page: all panels show it from then on. Two networks stand beside each other here. Nothing leaves your computer.",
  formula: () => formula('"relative difference of a tensor"', "=", "‖", sub("θ", "A"), "−", sub("θ", "B"), "‖", "/", "‖", sub("θ", "A"), "‖"),
  sources: ["npsr.models.weights.network_of"],
  predict: {
    question: "Two trainings of one recipe, with two seeds, end at the same PSNR. Are their filters alike?",
    choices: ["nearly the same", "quite different"],
    right: 1,
    because: "features can stand in any order and be scaled, and chance chose other ones. Many networks make the same picture: compare what they do, not their numbers.",
  },
  defaults: { a: "", b: "", panel: "convolution" },
  mount(body, page, state) {
    const own = fileButton("A network from a file (.npz)", ".npz", async (file) => {
      const { name, scale } = page.adopt(await networkOf(file));
      announce(`The network ${name} ×${scale} is shown.`);
    });
    const options = () => page.networks.map(({ key, label, scale }) => [key, `${label} ×${scale}`]), a = menu(state, "a", "Network A", options()), b = menu(state, "b", "Network B", options());
    const pictures = ["A", "B"].map((name) => picture(`what network ${name} makes`)), scores = ["psnr-a", "psnr-b"].map((name) => output(name)), rows = element("tbody"), note = element("p", { class: "sum" });
    const panels = menu(state, "panel", "Panel", []);
    body.append(controls(own), controls(a, b),
      element("div", { class: "columns small" }, ...pictures.map((one, k) => element("div", {}, one.node, element("p", { class: "sum" }, "PSNR ", scores[k], " dB"))),
        element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "differences of the tensors" }, note, element("table", { class: "facts" }, element("thead", {}, element("tr", {}, ...["tensor", "largest difference", "relative"].map((text) => element("th", { scope: "col" }, text)))), rows))),
      element("h3", {}, "Take a panel's pictures with you"), controls(panels, button("Save its pictures (PNG) and curves (SVG)", () => takeAway(state.get("panel")))),
      element("p", {}, "To show one panel at a time, press “Present” at the top; Page Up and Page Down turn. The address of the page holds everything that you have chosen: copy it into a slide."));
    return () => {
      const find = (key, other) => page.networks.find((one) => one.key === key) ?? other, first = find(state.get("a"), page.network()), second = find(state.get("b"), page.networks.find((one) => one !== first) ?? first);
      own.problem.textContent = "";
      a.refresh(options());
      b.refresh(options());
      a.node.querySelector("select").value = first.key;
      b.node.querySelector("select").value = second.key;
      panels.refresh([...document.querySelectorAll("section.panel")].map(({ id }) => [id, id]));
      [first, second].forEach((network, k) => {
        const { y } = page.passes(network).at(-1), [, , H, W] = y.shape, { high } = page.specimen(network);
        pictures[k].refresh(y.data, H, W);
        pictures[k].caption.textContent = `${network.name} ×${network.scale}`;
        scores[k].textContent = number(psnr(to8Bits(y.data), high, H, W, network.scale), 2);
      });
      const differences = compared(first, second);
      note.textContent = differences.length ? "" : "They have no tensor of one shape: choose two of one architecture to compare their numbers.";
      rows.replaceChildren(...differences.map(({ key, most, relative }) => element("tr", {}, element("th", { scope: "row" }, key), element("td", { class: "number" }, number(most, 4)), element("td", { class: "number" }, number(relative, 4)))));
    };
  },
};
