/** Numbers in cells: coloured, printed, walked by arrow keys. */
import { cellColours, largest } from "./colours.js";
import { element, number } from "./dom.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Call `move(rows, columns)` for arrow keys, and with Home and End for leaps. */
export function onArrows(node, move) {
  node.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move(...step);
  });
}

/**
 * Buttons with pictures, one of them pressed, walked by arrow keys: one stop for Tab, however many there are.
 * `refresh(buttons, place)` takes new ones; choose(place) is called for the one that is walked to.
 */
export function gallery(label, choose) {
  const node = element("div", { class: "maps", role: "group", "aria-label": `${label}; arrow keys choose` });
  let now = 0;
  onArrows(node, (down, across) => {
    const all = [...node.children], inRow = all.filter((one) => one.offsetTop === all[0].offsetTop).length;
    const next = now + across + down * inRow;
    if (next >= 0 && next < all.length) choose(next);
  });
  return {
    node,
    refresh(buttons, place) {
      const focus = node.contains(document.activeElement);
      now = place;
      buttons.forEach((one, k) => { one.tabIndex = k === place ? 0 : -1; });
      node.replaceChildren(...buttons);
      if (focus) buttons[place].focus();
    },
  };
}

/**
 * A grid of numbers. `refresh({rows, columns, value, marked, chosen, note})` draws it anew: value(i, j) a number,
 * marked(i, j) a class or "", chosen [i, j]. With `choose(i, j)` cells can be picked by mouse, touch and arrow keys.
 */
export function grid(label, choose = null, digits = 2) {
  const table = element("table", { class: "grid", role: choose ? "grid" : "table", "aria-label": label });
  let cells = [], columnsNow = 0, now = [0, 0];
  const walk = (di, dj) => {
    const rows = cells.length / columnsNow;
    const i = Math.min(rows - 1, Math.max(0, now[0] + di)), j = Math.min(columnsNow - 1, Math.max(0, now[1] + dj));
    choose(i, j);
    cells[i * columnsNow + j]?.focus();
  };
  if (choose) onArrows(table, walk);

  const caption = element("caption");

  function rebuild(rows, columns) {
    cells = [];
    columnsNow = columns;
    table.style.setProperty("--columns", columns);
    table.replaceChildren(
      caption,
      element("tbody", { role: "presentation" }, ...Array.from({ length: rows }, (_, i) =>
        element("tr", { role: "row" }, ...Array.from({ length: columns }, (_, j) => {
          const cell = element("td", { role: choose ? "gridcell" : "cell" });
          if (choose) cell.addEventListener("click", () => choose(i, j));
          cells.push(cell);
          return cell;
        })))),
    );
  }

  /**
   * @param {{rows: number, columns: number, value: (i: number, j: number) => number | null,
   *   marked?: (i: number, j: number) => string, chosen?: number[], most?: number}} view
   */
  function refresh({ rows, columns, value, marked = () => "", chosen, most }) {
    if (cells.length !== rows * columns || columns !== columnsNow) rebuild(rows, columns);
    now = chosen ?? now;
    const values = cells.map((_, k) => value(Math.floor(k / columns), k % columns));
    const top = most ?? largest(values.filter(Number.isFinite)), power = top < 0.1 || top >= 100 ? Math.floor(Math.log10(top)) : 0;
    const unit = top > 1e-9 ? 10 ** power : 1;
    caption.textContent = unit === 1 ? "" : `times ${unit >= 1 ? unit : unit.toFixed(-power)}`;
    cells.forEach((cell, k) => {
      const i = Math.floor(k / columns), j = k % columns, here = chosen && i === chosen[0] && j === chosen[1];
      const { background, color } = cellColours((values[k] ?? 0) / top);
      cell.style.background = values[k] === null ? "transparent" : background;
      cell.style.color = color;
      cell.textContent = values[k] === null ? "" : number(values[k] / unit, digits).replace(/^(−?)0\./, "$1.");
      cell.className = [marked(i, j), here ? "chosen" : ""].join(" ").trim();
      if (choose) {
        cell.tabIndex = (chosen ? here : k === 0) ? 0 : -1;
        cell.setAttribute("aria-selected", here ? "true" : "false");
      }
    });
  }
  return { node: table, refresh };
}
