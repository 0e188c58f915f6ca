/** Puts the page together: contents, panels, the reader's files, and the functions that others may call. */
import { forward, lossAndGradients } from "./mathematics/network.js";
import { bicubic, psnr } from "./mathematics/resize.js";
import { button, controls, fileButton, menu, told } from "./parts/controls.js";
import { announce, element } from "./parts/dom.js";
import { networkOf } from "./work/npz.js";
import { pageOf } from "./work/page.js";
import { framed, goTo } from "./parts/panel.js";
import { photographOf } from "./work/photographs.js";
import { currentPanel, onChange, readFragment } from "./parts/state.js";
import { PANELS } from "./panels/all.js";

const problem = document.getElementById("told");

/** Take a file that was dropped, pasted or chosen: a network or a picture. */
async function take(page, file) {
  if (file.name?.endsWith(".npz")) {
    const { name, scale } = page.adopt(await networkOf(file));
    announce(`The network ${name} ×${scale} is shown.`);
    return;
  }
  const photograph = await photographOf(file, file.name || "the picture");
  page.photographs.set("own", photograph);
  page.state.set({ picture: "own" });
  announce(`The picture ${photograph.name} is shown.`);
}

/** Files that are dropped anywhere or pasted. */
function welcome(page) {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) told(problem, () => take(page, file));
  });
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData.files;
    if (file) told(problem, () => take(page, file));
  });
}

/** The menus at the top. @returns {() => void} draws them anew */
function topOf(page) {
  const networks = () => page.networks.map(({ key, label, scale }) => [key, `${label} ×${scale}`]);
  const names = { cat: "photograph", card: "test card", own: "your own" };
  const pictures = () => [...page.photographs.keys()].sort().map((key) => [key, names[key]]);
  const network = menu(page.state, "network", "Network", networks()), picture = menu(page.state, "picture", "Picture", pictures());
  const own = fileButton("Your picture or network", "image/*,.npz", (file) => take(page, file));
  const present = button("Present", () => {
    const on = document.body.classList.toggle("presenting");
    present.setAttribute("aria-pressed", String(on));
    if (on) goTo(currentPanel() || PANELS[0].id, page);
  }, { "aria-pressed": "false", title: "One panel at a time, larger; Page Up and Page Down turn" });
  document.getElementById("top").append(controls(network, picture, own, present));
  return () => {
    network.refresh(networks());
    picture.refresh(pictures());
  };
}

/** Links to the panels; in presentation Page Up and Page Down turn them. */
function contents(page) {
  const links = PANELS.map(({ id, title }) =>
    element("a", { href: `#${id}`, onclick: (event) => { event.preventDefault(); goTo(id, page); } }, title));
  document.getElementById("contents").append(...links.map((link) => element("li", {}, link)));
  page.arrived = (id) => {
    PANELS.forEach((panel, k) => {
      if (panel.id === id) links[k].setAttribute("aria-current", "true");
      else links[k].removeAttribute("aria-current");
      document.getElementById(panel.id).classList.toggle("present", panel.id === id);
    });
  };
  document.addEventListener("keydown", (event) => {
    const step = { PageDown: 1, PageUp: -1 }[event.key];
    if (!step || !document.body.classList.contains("presenting")) return;
    event.preventDefault();
    const place = PANELS.findIndex(({ id }) => id === currentPanel()) + step;
    if (PANELS[place]) goTo(PANELS[place].id, page);
  });
}

/** The contract with checks from outside; see docs/explorer.md. */
function expose(page) {
  /** @type {any} */ (window).npsr = {
    network(name, scale) {
      const found = page.networks.find((one) => one.label === name && one.scale === scale);
      if (!found) throw new Error(`the page holds no network "${name}" for ×${scale}, but ${page.networks.map((one) => one.key).join(", ")}`);
      return found;
    },
    // In 64 bits from end to end, rounded once: a trained network's residuals are small differences of its output.
    forward(network, x, shape) {
      const made = forward(network, x, shape, Float64Array);
      return { y: Float32Array.from(made.y), shape: made.shape };
    },
    lossAndGradients(network, x, target, shape) {
      const { loss, gradients } = lossAndGradients(network, x, target, shape, Float64Array);
      return { loss, gradients: Object.fromEntries(Object.entries(gradients).map(([key, g]) => [key, Float32Array.from(g)])) };
    },
    bicubic,
    psnr,
  };
}

/** Draw panels anew one after the other, so that the page answers meanwhile. */
function drawer(panels, refreshTop) {
  const waiting = new Set();
  let running = false;
  const next = () => {
    const [panel] = waiting;
    if (!panel) {
      running = false;
      document.body.dataset.idle = "true";
      return;
    }
    waiting.delete(panel);
    panels.get(panel).render();
    setTimeout(next, 0);
  };
  return (id) => {
    for (const panel of id ? [id] : [...panels.keys()]) waiting.add(panel);
    document.body.dataset.idle = "false";
    if (!id) refreshTop();
    if (!running) setTimeout(next, 0);
    running = true;
  };
}

async function start() {
  const page = pageOf(JSON.parse(document.getElementById("data").textContent));
  expose(page);
  page.photographs.set("cat", await photographOf(`data:image/png;base64,${page.data.photograph}`, "photograph"));
  const { panel: first } = readFragment(location.hash), main = document.getElementById("main"), panels = new Map();
  for (const panel of PANELS) {
    const made = framed(panel, page);
    panels.set(panel.id, made);
    main.append(made.section);
  }
  const refreshTop = topOf(page), draw = drawer(panels, refreshTop);
  page.goTo = (id) => goTo(id, page);
  page.stateOf = (id) => panels.get(id).state;
  contents(page);
  welcome(page);
  onChange((id) => {
    if (!id) page.forget();
    draw(id);
  });
  window.addEventListener("hashchange", () => {
    const { panel, changed } = readFragment(location.hash);
    if (changed.has("")) page.forget();
    for (const id of changed.has("") ? [""] : changed) if (!id || panels.has(id)) draw(id);
    goTo(panel, page);
  });
  draw("");
  if (first) goTo(first, page);
}

start();
