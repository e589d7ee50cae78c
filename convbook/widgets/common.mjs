// What the widgets share: elements, texts, number fields, grids of numbers, announcements.
// The widgets import it by name; convbook.widgets.base puts it in place of that import.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "rect", "line", "circle", "g", "text", "polygon", "title"]);

/** An element: `on…` keys are listeners, `class`, `text`, `style` (custom properties too), the rest attributes. */
export function h(tag, options = {}, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else if (key === "style") for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** `template` with its `{names}` replaced. */
export function say(template, values = {}) {
  return (template ?? "").replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** A number as it is shown: at most `digits` decimals, a true minus sign. */
export function show(value, digits = 2) {
  const rounded = Number(value.toFixed(digits));
  return String(Object.is(rounded, -0) ? 0 : rounded).replace("-", "−");
}

/** An integer with thin spaces between thousands. */
export function big(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A number typed by the reader, or null when it is none. */
export function read(text) {
  const value = Number(text.trim().replace("−", "-").replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const range = (n) => Array.from({ length: n }, (_, i) => i);
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Set text or attribute only when it changes. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
export function setAttr(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/** Listen to several keys of the model; what comes back stops listening. */
export function watch(model, keys, listener) {
  for (const key of keys) model.on(`change:${key}`, listener);
  return () => keys.forEach((key) => model.off(`change:${key}`, listener));
}

/** Call `listener(width)` now and whenever the width of `node` changes; what comes back stops that. */
export function onWidth(node, listener) {
  let last = -1;
  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width !== last && width > 0) listener((last = width));
  });
  observer.observe(node);
  return () => observer.disconnect();
}

const ICONS = {
  first: "M4 4v12M16 4l-9 6 9 6z",
  back: "M14 4l-9 6 9 6z",
  play: "M6 3.5l10 6.5-10 6.5z",
  pause: "M6.5 4v12M13.5 4v12",
  next: "M6 4l9 6-9 6z",
  last: "M16 4v12M4 4l9 6-9 6z",
  up: "M4 13l6-7 6 7",
  down: "M4 7l6 7 6-7",
  remove: "M5 5l10 10M15 5L5 15",
};

export function icon(name) {
  return h(
    "svg",
    { viewBox: "0 0 20 20", class: "cb-icon", "aria-hidden": "true" },
    h("path", { d: ICONS[name] }),
  );
}

export function button(label, onclick, { name, text, ...rest } = {}) {
  const face = name ? icon(name) : (text ?? label);
  return h(
    "button",
    { type: "button", class: "cb-button", "aria-label": label, title: label, onclick, ...rest },
    face,
  );
}

/** An integer between `min` and `max`: a box to type in, arrows, − and +. */
export function numberField({ label, min, max, hint, onchange }) {
  const input = h("input", {
    type: "number",
    min,
    max,
    step: 1,
    inputmode: "numeric",
    "aria-label": hint ?? label,
  });
  let value = min;
  const ask = (wanted) => {
    const next = clamp(Math.round(wanted), Number(input.min), Number(input.max));
    input.value = next;
    if (Number.isFinite(next) && next !== value) onchange((value = next));
  };
  input.addEventListener("input", () => input.value !== "" && ask(Number(input.value)));
  input.addEventListener("blur", () => (input.value = value));
  const less = h(
    "button",
    { type: "button", tabindex: -1, "aria-hidden": "true", onclick: () => ask(value - 1) },
    "−",
  );
  const more = h(
    "button",
    { type: "button", tabindex: -1, "aria-hidden": "true", onclick: () => ask(value + 1) },
    "+",
  );
  const el = h(
    "div",
    { class: "cb-field", title: hint },
    h("span", { class: "cb-field-label", text: label }),
    h("div", { class: "cb-field-box" }, less, input, more),
  );
  return {
    el,
    input,
    set(next, limits = {}) {
      value = next;
      for (const [key, limit] of Object.entries(limits)) setAttr(input, key, limit);
      if (input.value !== String(next)) input.value = next;
      less.disabled = next <= Number(input.min);
      more.disabled = next >= Number(input.max);
    },
  };
}

/** One of a few choices, as radio buttons in a row; `set(key)` selects without calling back. */
export function choice({ label, options, onchange }) {
  const name = `cb-${Math.random().toString(36).slice(2)}`;
  const inputs = new Map();
  const row = h("div", { class: "cb-choice", role: "radiogroup", "aria-label": label });
  for (const [key, text] of Object.entries(options)) {
    const input = h("input", { type: "radio", name, value: key, onchange: () => onchange(key) });
    inputs.set(key, input);
    row.append(h("label", {}, input, h("span", { text })));
  }
  return {
    el: row,
    set: (key) => inputs.forEach((input, k) => (input.checked = k === key)),
    enable: (key, on) => (inputs.get(key).disabled = !on),
  };
}

/**
 * A grid of cells with one tab stop: arrows, Home and End move inside it.
 *
 * `onPick(row, column)` on a click or Enter, `onMove` on every arrow; with `onEdit(row, column, number)`
 * the cells are edited: type a number, or Enter, F2 or a second click; Escape gives up.
 */
export function numberGrid({ label, rows, columns, onMove, onPick, onEdit, kind }) {
  const el = h("div", {
    class: `cb-grid ${kind ?? ""}`,
    role: "grid",
    "aria-label": label,
    style: { "--columns": columns, "--rows": rows },
  });
  const cells = range(rows).map((r) =>
    range(columns).map((c) =>
      h("div", { class: "cb-cell", role: "gridcell", tabindex: -1, "data-at": `${r},${c}` }, h("span")),
    ),
  );
  for (const line of cells) el.append(h("div", { role: "row", class: "cb-row" }, ...line));
  const shown = new Map();
  let at = [0, 0];
  let editor = null;
  if (rows && columns) cells[0][0].tabIndex = 0;

  const moveTo = (r, c, focus = true) => {
    if (!cells[r]?.[c]) return;
    cells[at[0]][at[1]].tabIndex = -1;
    at = [r, c];
    cells[r][c].tabIndex = 0;
    if (focus) cells[r][c].focus({ preventScroll: true });
  };
  const finish = (keep) => {
    if (!editor) return;
    const { input, cell, row, column } = editor;
    editor = null;
    input.remove();
    cell.classList.remove("editing");
    const value = read(input.value);
    if (keep && value !== null) onEdit(row, column, value);
  };
  const edit = (row, column, text) => {
    finish(true);
    const cell = cells[row][column];
    const input = h("input", { class: "cb-edit", inputmode: "text", "aria-label": label, maxlength: 6 });
    input.value = text ?? shown.get(cell)?.text ?? "";
    editor = { input, cell, row, column };
    cell.classList.add("editing");
    cell.append(input);
    input.focus({ preventScroll: true });
    if (text === undefined) input.select();
    input.addEventListener("blur", () => finish(true));
  };

  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [r, c] = at;
    if (editor) {
      const down = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key !== "Escape" && down === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      finish(event.key !== "Escape");
      moveTo(clamp(r + (event.key.startsWith("Arrow") ? down : 0), 0, rows - 1), c);
      return;
    }
    const step = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      Home: [0, -columns],
      End: [0, columns],
    }[event.key];
    if (step) {
      const [row, column] = [clamp(r + step[0], 0, rows - 1), clamp(c + step[1], 0, columns - 1)];
      moveTo(row, column);
      onMove?.(row, column);
    } else if (onEdit && /^[-−+.,\d]$/.test(event.key)) edit(r, c, event.key);
    else if (onEdit && (event.key === "Enter" || event.key === "F2")) edit(r, c);
    else if (onEdit && (event.key === "Delete" || event.key === "Backspace")) onEdit(r, c, 0);
    else if (onPick && event.key === "Enter") onPick(r, c);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  el.addEventListener("click", (event) => {
    const cell = event.target.closest?.(".cb-cell");
    if (!cell || cell.classList.contains("editing")) return;
    const [r, c] = cell.dataset.at.split(",").map(Number);
    const again = r === at[0] && c === at[1] && el.dataset.picked === cell.dataset.at;
    moveTo(r, c);
    el.dataset.picked = cell.dataset.at;
    onPick?.(r, c);
    if (onEdit && again) edit(r, c);
  });
  el.addEventListener("focusout", () => !el.contains(document.activeElement) && delete el.dataset.picked);

  return {
    el,
    cells,
    moveTo,
    /** Show `value` (null: nothing yet) at (r, c); `scale` is the value drawn in full colour. */
    put(r, c, value, { scale = 1, note = "", classes = "", name = "" } = {}) {
      const cell = cells[r][c];
      const key = `${value}|${scale}|${note}|${classes}|${name}`;
      if (shown.get(cell)?.key === key) return;
      const text = value === null ? "" : show(value);
      shown.set(cell, { key, text });
      cell.className = `cb-cell ${classes} ${value < 0 ? "negative" : ""} ${cell.classList.contains("editing") ? "editing" : ""}`;
      cell.style.setProperty(
        "--v",
        value === null ? 0 : Math.min(1, Math.abs(value) / (scale || 1)).toFixed(3),
      );
      setText(cell.firstChild, text);
      setAttr(cell, "data-length", text.length > 3 && Math.min(text.length, 6));
      setAttr(cell, "data-note", note || null);
      setAttr(cell, "aria-label", name || null);
    },
  };
}

/** The largest absolute value in nested lists, at least 1. */
export function largest(values) {
  const flat = [values].flat(Infinity).filter(Number.isFinite);
  return flat.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
}
