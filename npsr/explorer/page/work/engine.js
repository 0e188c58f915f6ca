/** Hands work to workers, so that the page never stands still; without workers, does it in slices itself. */
import { tiles, work } from "../mathematics/jobs.js";

const MOST_WORKERS = 4;

/** A worker that runs the page's own mathematics, or null where the browser forbids it. */
function startWorker() {
  const source = `${document.getElementById("mathematics").textContent}
    onmessage = ({ data: { id, name, details } }) => {
      try { postMessage({ id, answer: modules["mathematics/jobs.js"].work(name, details) }); }
      catch (error) { postMessage({ id, problem: error.message }); }
    };`;
  try {
    return new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  } catch {
    return null;
  }
}

const crew = []; // {worker, waiting: Map of id to its promise's ends}
let ids = 0;
let forbidden = false;

function employed() {
  const most = Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2);
  if (crew.length < most && crew.every(({ waiting }) => waiting.size)) {
    const worker = startWorker(), waiting = new Map();
    if (!worker) return null;
    worker.onmessage = ({ data: { id, answer, problem } }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (problem) reject(new Error(problem));
      else resolve(answer);
    };
    worker.onerror = () => {
      forbidden = true;
      for (const { again } of waiting.values()) again();
      waiting.clear();
    };
    crew.push({ worker, waiting });
  }
  return crew.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
}

/** Do it here, after the page has had its turn. */
const here = (name, details) => new Promise((resolve) => setTimeout(resolve, 0)).then(() => work(name, details));

/** Do a job by its name. @returns {Promise<any>} */
export function ask(name, details) {
  const one = forbidden ? null : employed();
  if (!one) return here(name, details);
  return new Promise((resolve, reject) => {
    const id = ++ids;
    one.waiting.set(id, { resolve, reject, again: () => here(name, details).then(resolve, reject) });
    one.worker.postMessage({ id, name, details });
  });
}

/** Pixels of a tile's side: a small picture is one tile, which no cut makes dearer. */
const SIDE = 96;

/**
 * A plane through a network, tile by tile; `progress(share)` is told, and ends it by returning false.
 * @returns {Promise<Float32Array | null>} null if it was ended
 */
export async function enlarged(network, plane, rows, columns, progress = (share) => share >= 0) {
  const n = network.layers.at(-1).stride ?? 1, result = new Float32Array(n * rows * n * columns), parts = tiles(network, rows, columns, SIDE);
  let done = 0, going = true;
  const lanes = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2)), left = parts.values();
  const lane = async () => {
    for (const { box: [top, leftmost, height, width], from } of left) {
      if (!going) return;
      const part = new Float32Array(from[2] * from[3]);
      for (let i = 0; i < from[2]; i++) part.set(plane.subarray((from[0] + i) * columns + from[1], (from[0] + i) * columns + from[1] + from[3]), i * from[3]);
      const box = [top - from[0], leftmost - from[1], height, width];
      const made = await ask("tile", { network, plane: part, rows: from[2], columns: from[3], box });
      for (let i = 0; i < n * height; i++) result.set(made.subarray(i * n * width, (i + 1) * n * width), (n * top + i) * n * columns + n * leftmost);
      going = going && progress(++done / parts.length) !== false;
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, parts.length) }, lane));
  return going ? result : null;
}
