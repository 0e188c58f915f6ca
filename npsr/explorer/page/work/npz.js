/** Networks from .npz files: a zip of .npy arrays, and one text, "metadata", in JSON; as `npsr/weights.py` reads them. */
import { parameterShapes } from "../mathematics/network.js";

const MOST_BYTES = 16 * 2 ** 20;

/** Members of a zip archive by name. @returns {Promise<Map<string, Uint8Array>>} */
async function unzipped(buffer) {
  const view = new DataView(buffer), members = new Map();
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error("it is no zip archive");
  let place = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    if (view.getUint32(place, true) !== 0x02014b50) throw new Error("its table of contents is damaged");
    const field = (offset) => view.getUint16(place + offset, true), long = (offset) => view.getUint32(place + offset, true);
    const name = new TextDecoder().decode(new Uint8Array(buffer, place + 46, field(28)));
    if (long(24) > MOST_BYTES) throw new Error(`${name} unpacks to more than ${MOST_BYTES} bytes`);
    const start = long(42) + 30 + view.getUint16(long(42) + 26, true) + view.getUint16(long(42) + 28, true);
    members.set(name, await inflated(new Uint8Array(buffer, start, long(20)), field(10)));
    place += 46 + field(28) + field(30) + field(32);
  }
  return members;
}

async function inflated(bytes, method) {
  if (method === 0) return bytes;
  if (method !== 8) throw new Error(`it is packed by method ${method}, which is not read here`);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A NumPy array of 32- or 64-bit numbers, or a text. */
function npy(bytes) {
  if (bytes.length < 10 || bytes[0] !== 0x93 || bytes[1] !== 0x4e) throw new Error("an array in it is no .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset), long = bytes[6] > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(0, start));
  const kind = header.match(/'descr': *'([^']+)'/)?.[1] ?? "", shape = [...(header.match(/'shape': *\(([^)]*)\)/)?.[1] ?? "").matchAll(/\d+/g)].map(Number);
  if (/'fortran_order': *True/.test(header) && shape.length > 1) throw new Error("an array in it is in Fortran order");
  const data = bytes.slice(start);
  if (kind.startsWith("<U")) return { text: String.fromCodePoint(...[...new Uint32Array(data.buffer)].filter(Boolean)) };
  const Kind = { "<f4": Float32Array, "<f8": Float64Array }[kind];
  if (!Kind) throw new Error(`an array in it holds ${kind || "something unknown"}, not 32- or 64-bit numbers`);
  return { shape, data: Float32Array.from(new Kind(data.buffer)) };
}

/** Whether each layer takes the channels that the one before gives, from 1 to 1. */
function fitTogether(layers, scale) {
  let channels = 1;
  for (const [place, layer] of layers.entries()) {
    if (layer.kind === "PReLU" && ![1, channels].includes(layer.slopes)) return false;
    if (!["Conv", "DeConv"].includes(layer.kind)) continue;
    if (layer.c !== channels) return false;
    channels = layer.n;
    if (layer.kind === "DeConv" && (place !== layers.length - 1 || layer.stride !== scale)) return false;
    if (layer.kind === "Conv" && layer.f % 2 === 0) return false;
  }
  return channels === 1 && layers.length > 0;
}

/** The network that a file holds. @returns {Promise<import("../mathematics/kernels.js").Network>} */
export async function networkOf(file) {
  try {
    if (file.size > MOST_BYTES) throw new Error(`it has ${file.size} bytes, more than any network`);
    const members = await unzipped(await file.arrayBuffer());
    if (!members.has("metadata.npy")) throw new Error("it holds no metadata");
    const { name, scale, layers } = JSON.parse(npy(members.get("metadata.npy")).text);
    if (!Array.isArray(layers) || !fitTogether(layers, scale)) throw new Error("its layers do not fit together");
    const parameters = /** @type {any} */ ({});
    for (const [key, shape] of Object.entries(parameterShapes(layers))) {
      if (!members.has(`${key}.npy`)) throw new Error(`${key} is missing`);
      const array = npy(members.get(`${key}.npy`));
      if (String(array.shape) !== String(shape)) throw new Error(`${key} has shape [${array.shape}], but its layer needs [${shape}]`);
      const bad = array.data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw new Error(`number ${bad} of ${key} is ${array.data[bad]}`);
      parameters[key] = array.data;
    }
    return { name, scale, layers, parameters };
  } catch (error) {
    throw new Error(`${file.name} is not a network that can be shown: ${error.message}. Drop a .npz file that npsr has written`);
  }
}
