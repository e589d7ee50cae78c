// A stack of windows and what one unit sees: see field_builder.py for the state.
import {
  big,
  button,
  choice,
  clamp,
  h,
  numberField,
  onWidth,
  range,
  say,
  setAttr,
  setText,
  show,
  watch,
} from "./common.mjs";
import { outputSize, PIXEL, slide } from "./shapes.mjs";

/** Along one axis, for the image and each layer: { units, field: { size, jump, start }, fits }. */
export function stack(size, layers) {
  let [units, field] = [size, PIXEL];
  return [
    { units, field },
    ...layers.map((layer) => {
      units = units > 0 ? outputSize(units, layer.kernel_size, layer) : 0;
      field = slide(field, layer.kernel_size, layer);
      return { units, field };
    }),
  ];
}

/** Which units each layer below passes on to unit `index` of layer `depth`, and in how many ways: levels 0…depth, maps index → paths (padding included). */
export function cone(size, layers, depth, index) {
  const levels = [new Map([[index, 1]])];
  for (let d = depth - 1; d >= 0; d -= 1) {
    const { kernel_size: k, stride, padding, dilation } = layers[d];
    const units = stack(size, layers)[d + 1].units;
    const below = new Map();
    for (const [i, paths] of levels[0]) {
      if (i < 0 || i >= units) continue; // padding is zero: nothing stands behind it
      for (const j of range(k)) {
        const at = i * stride + j * dilation - padding;
        below.set(at, (below.get(at) ?? 0) + paths);
      }
    }
    levels.unshift(below);
  }
  return levels;
}

/** Ways from each of the `size` pixels of an axis to unit `index` of layer `depth`. */
export function paths(size, layers, depth, index) {
  const [bottom] = cone(size, layers, depth, index);
  return range(size).map((i) => bottom.get(i) ?? 0);
}

/** Side of the smallest window about the middle of `counts` that holds `share` of them along this axis. */
export function holding(counts, share) {
  const total = counts.reduce((a, b) => a + b, 0);
  const middle = counts.reduce((sum, value, i) => sum + value * i, 0) / (total || 1);
  const order = range(counts.length).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || a - b);
  let held = 0;
  const inside = [];
  for (const i of order) {
    if (held >= share * total) break;
    held += counts[i];
    inside.push(i);
  }
  return inside.length ? Math.max(...inside) - Math.min(...inside) + 1 : 0;
}

const KEYS = ["size", "layers", "layer", "row", "column", "view", "presets"];
const LIMITS = { kernel_size: [1, 11], stride: [1, 4], padding: [0, 8], dilation: [1, 8] };
const FACTS = ["units", "field", "jump", "start"];
const MOST = 8;
const ROW = 46; // height of one layer in the section

function render({ model, el }) {
  const t = model.get("texts");
  let width = 700;
  let saving = null;
  const change = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    clearTimeout(saving);
    saving = setTimeout(() => model.save_changes(), 120);
  };
  const layers = () => model.get("layers");
  const depth = () =>
    model.get("layer") < 0 ? layers().length : Math.min(model.get("layer"), layers().length);

  /** The unit shown, with what it needs of the stack; null where the stack does not fit. */
  function current() {
    const levels = stack(model.get("size"), layers());
    const at = depth();
    const { units, field } = levels[at];
    if (units < 1) return { levels, at, units, field, broken: levels.findIndex((level) => level.units < 1) };
    const pick = (value) => (value < 0 ? Math.floor((units - 1) / 2) : Math.min(value, units - 1));
    return {
      levels,
      at,
      units,
      field,
      row: pick(model.get("row")),
      column: pick(model.get("column")),
      broken: -1,
    };
  }

  // ---- controls
  const presets = h("select", {
    class: "cb-select",
    "aria-label": t.stack,
    onchange: () => {
      const chosen = model.get("presets")[presets.value];
      if (chosen) change({ layers: chosen, layer: -1, row: -1, column: -1 });
    },
  });
  const size = numberField({
    label: t.size,
    hint: t.size_hint,
    min: 1,
    max: 64,
    onchange: (value) => change({ size: value, row: -1, column: -1 }),
  });
  const add = (layer, text) =>
    button(text, () => change({ layers: [...layers(), layer], layer: -1, row: -1, column: -1 }), { text });
  const addConv = add({ kernel_size: 3, stride: 1, padding: 1, dilation: 1 }, t.add_conv);
  const addPool = add({ kernel_size: 2, stride: 2, padding: 0, dilation: 1 }, t.add_pool);
  const view = choice({
    label: t.view,
    options: { paths: t.view_paths, field: t.view_field },
    onchange: (value) => change({ view: value }),
  });

  // ---- the section: one row of units a layer, the image at the bottom
  const section = h("svg", { class: "section", "aria-hidden": "true" });
  const list = h("div", { class: "list", role: "list", "aria-label": t.layers });
  const status = h("p", { class: "cb-status", role: "status", "aria-live": "polite" });
  const square = (name, label, move) => {
    const heat = h("canvas", { width: 1, height: 1, "aria-hidden": "true" });
    const outline = h("div", { class: "outline", "aria-hidden": "true" });
    const core = h("div", { class: "core", "aria-hidden": "true" });
    const image = h("div", { class: "image", "aria-hidden": "true" }, heat);
    const frame = h(
      "div",
      { class: `plane ${name}`, ...(move ? { tabindex: 0, role: "application", "aria-label": label } : {}) },
      image,
      outline,
      core,
    );
    const title = h("span", { class: "cb-label" });
    return { el: h("div", { class: "cb-block" }, title, frame), heat, outline, core, image, frame, title };
  };
  const unitPlane = square("units", t.units_label, true);
  const pixelPlane = square("pixels", t.pixels_label, false);
  unitPlane.frame.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const now = current();
    if (event.ctrlKey || event.metaKey || event.altKey || now.broken >= 0) return;
    if (move)
      change({
        row: clamp(now.row + move[0], 0, now.units - 1),
        column: clamp(now.column + move[1], 0, now.units - 1),
      });
    else if (event.key === "PageUp" || event.key === "PageDown")
      showLayer(clamp(now.at + (event.key === "PageUp" ? 1 : -1), 0, layers().length));
    else return;
    event.preventDefault();
  });
  const choose = (event) => {
    const now = current();
    if (now.broken >= 0) return;
    const box = unitPlane.image.getBoundingClientRect();
    const at = (value) => clamp(Math.floor(value * now.units), 0, now.units - 1);
    change({
      row: at((event.clientY - box.top) / box.height),
      column: at((event.clientX - box.left) / box.width),
    });
  };
  unitPlane.frame.addEventListener("pointerdown", choose);
  unitPlane.frame.addEventListener("pointermove", (event) => event.buttons && choose(event));
  const showLayer = (layer) => change({ layer, row: -1, column: -1 });

  const root = h(
    "div",
    { class: "cb-widget cb-field-builder", role: "group", "aria-label": t.title },
    h(
      "div",
      { class: "cb-head" },
      h("span", { class: "cb-title", text: t.title }),
      h("span", { class: "cb-hint", text: t.hint }),
    ),
    h(
      "div",
      { class: "cb-controls" },
      h("div", { class: "cb-field wide" }, h("span", { class: "cb-field-label", text: t.stack }), presets),
      size.el,
      addConv,
      addPool,
    ),
    list,
    section,
    status,
    h("div", { class: "cb-controls" }, view.el),
    h(
      "div",
      { class: "planes" },
      unitPlane.el,
      h("span", { class: "sign", "aria-hidden": "true", text: "→" }),
      pixelPlane.el,
    ),
    h(
      "ul",
      { class: "legend" },
      ...["unit", "field", "paths", "core", "padding"].map((key) =>
        h("li", {}, h("span", { class: `key ${key}-key`, "aria-hidden": "true" }), t[`key_${key}`]),
      ),
    ),
  );
  el.append(root);

  // ---- the list of layers
  let entries = [];
  const group = `cb-${Math.random().toString(36).slice(2)}`;
  function buildList() {
    const head = h(
      "div",
      { class: "entry head", "aria-hidden": "true" },
      h("span", { text: t.shown }),
      ...Object.keys(LIMITS).map((key) => h("span", { text: t[key] })),
      ...FACTS.map((key) => h("span", { class: "fact", title: t[`${key}_hint`], text: t[key] })),
      h("span"),
    );
    entries = layers().map((_, i) => {
      const radio = h("input", { type: "radio", name: group, onchange: () => showLayer(i + 1) });
      const fields = Object.entries(LIMITS).map(([key, [min, max]]) => [
        key,
        numberField({
          label: t[key],
          hint: say(t.of_layer, { what: t[key], layer: i + 1 }),
          min,
          max,
          onchange: (value) =>
            change({
              layers: layers().map((layer, j) => (j === i ? { ...layer, [key]: value } : layer)),
              row: -1,
              column: -1,
            }),
        }),
      ]);
      const facts = FACTS.map((key) =>
        h("span", { class: "fact cb-mono", "data-label": t[key], title: t[`${key}_hint`] }),
      );
      const remove = button(
        say(t.remove, { layer: i + 1 }),
        () => {
          change({ layers: layers().filter((_, j) => j !== i), layer: -1, row: -1, column: -1 });
          (entries[Math.min(i, entries.length - 1)]?.radio ?? addConv).focus();
        },
        { name: "remove", "data-line": "" },
      );
      const row = h(
        "div",
        { class: "entry", role: "listitem" },
        h("label", { class: "pick" }, radio, h("span", { text: say(t.layer, { layer: i + 1 }) })),
        ...fields.map(([, field]) => field.el),
        ...facts,
        remove,
      );
      return { row, radio, fields, facts };
    });
    list.replaceChildren(head, ...entries.map((entry) => entry.row));
  }

  // ---- the section
  let drawn = "";
  let squares = [];
  let fans = [];
  let scale = 1;
  let margin = 0;
  let gutter = 0; // room for the labels, beside the units where the page is wide, above them where it is not
  const x = (pixels) => gutter + (pixels + margin) * scale;
  const y = (level, count) => (gutter ? 18 : 26) + (count - 1 - level) * ROW;

  function buildSection(now) {
    const count = now.levels.length;
    const pixels = model.get("size");
    const overhang = now.levels.map(({ units, field }) =>
      units > 0 ? Math.max(-field.start, field.start + (units - 1) * field.jump + field.size - pixels) : 0,
    );
    margin = clamp(Math.max(0, ...overhang.slice(-1)), 0, pixels / 2) + 0.5;
    const room = Math.max(200, width);
    gutter = room > 560 ? 124 : 0;
    scale = (room - gutter) / (pixels + 2 * margin);
    const high = y(0, count) + 24;
    setAttr(section, "viewBox", `0 0 ${room} ${high}`);
    setAttr(section, "width", room);
    setAttr(section, "height", high);
    fans = range(count - 1).map(() => h("path", { class: "fan" }));
    squares = now.levels.map(({ units, field }, level) => {
      const side = clamp(scale * Math.min(field.jump, 2) * 0.78, 2, 15);
      const ring = layers()[level]?.padding ?? 0;
      const boxes = new Map();
      if (units > 0)
        for (let i = -ring; i < units + ring; i += 1) {
          const centre = x(field.start + i * field.jump + field.size / 2);
          if (centre < gutter || centre > room) continue;
          const outsideMap = i < 0 || i >= units;
          boxes.set(
            i,
            h("rect", {
              class: `unit ${outsideMap ? "ring" : ""}`,
              x: (centre - side / 2).toFixed(1),
              y: (y(level, count) - side / 2).toFixed(1),
              width: side.toFixed(1),
              height: side.toFixed(1),
              rx: Math.min(2, side / 5),
              onclick: outsideMap ? null : () => change({ layer: level, row: i, column: i }),
            }),
          );
        }
      return boxes;
    });
    const labels = now.levels.flatMap(({ units, field }, level) => {
      const name = level === 0 ? t.level_image : say(t.layer, { layer: level });
      const facts =
        level === 0
          ? say(t.level_pixels, { size: pixels })
          : units > 0
            ? say(t.level, { field: field.size, jump: field.jump })
            : t.no_fit_short;
      const line = (text, dy, kind) =>
        h("text", { class: `level ${kind}`, x: 8, y: y(level, count) + dy, text });
      return gutter ? [line(name, -3, "strong"), line(facts, 11, "")] : [line(`${name}: ${facts}`, -12, "")];
    });
    section.replaceChildren(...fans, ...squares.flatMap((boxes) => [...boxes.values()]), ...labels);
  }

  function light(now) {
    const count = now.levels.length;
    const chain = now.broken >= 0 ? [] : cone(model.get("size"), layers(), now.at, now.column);
    squares.forEach((boxes, level) => {
      const lit = chain[level];
      const most = lit ? Math.max(...lit.values()) : 1;
      for (const [i, box] of boxes) {
        const ways = level <= now.at ? (lit?.get(i) ?? 0) : 0;
        setAttr(box, "data-lit", ways ? (level === now.at ? "self" : level === 0 ? "pixel" : "yes") : null);
        box.style.setProperty("--v", ways ? (0.25 + (0.75 * ways) / most).toFixed(2) : 0);
      }
    });
    fans.forEach((fan, level) => {
      let path = "";
      if (chain.length && level < now.at) {
        const { kernel_size: k, stride, padding, dilation } = layers()[level];
        const [below, above] = [now.levels[level].field, now.levels[level + 1].field];
        for (const i of chain[level + 1].keys()) {
          if (i < 0 || i >= now.levels[level + 1].units) continue;
          const top = x(above.start + i * above.jump + above.size / 2);
          for (const j of k > 1 ? [0, k - 1] : [0]) {
            const at = i * stride + j * dilation - padding;
            path += `M${top.toFixed(1)} ${y(level + 1, count) + 7}L${x(below.start + at * below.jump + below.size / 2).toFixed(1)} ${y(level, count) - 7}`;
          }
        }
      }
      setAttr(fan, "d", path || null);
    });
  }

  // ---- the two planes
  function planes(now) {
    const pixels = model.get("size");
    const place = (node, first, extent, total, frame) => {
      const part = (value) => `${(100 * value) / total}%`;
      node.style.left = part(first[1] + frame);
      node.style.top = part(first[0] + frame);
      node.style.width = part(extent[1]);
      node.style.height = part(extent[0]);
    };
    unitPlane.frame.style.setProperty("--cells", Math.max(1, now.units));
    pixelPlane.frame.style.setProperty("--cells", pixels);
    const ok = now.broken < 0;
    for (const node of [unitPlane.outline, pixelPlane.outline, pixelPlane.core]) node.hidden = !ok;
    unitPlane.core.hidden = true;
    setText(
      unitPlane.title,
      ok ? (now.at ? say(t.plane_units, { layer: now.at, units: now.units }) : t.plane_image) : t.plane_none,
    );
    setText(pixelPlane.title, say(t.plane_pixels, { size: pixels }));
    place(unitPlane.image, [0, 0], [1, 1], 1, 0);
    const frame = margin;
    const total = pixels + 2 * frame;
    place(pixelPlane.image, [0, 0], [pixels, pixels], total, frame);
    if (!ok) return null;
    place(unitPlane.outline, [now.row, now.column], [1, 1], now.units, 0);
    const first = [now.row, now.column].map((i) => now.field.start + i * now.field.jump);
    place(pixelPlane.outline, first, [now.field.size, now.field.size], total, frame);
    const [down, across] = [now.row, now.column].map((i) => paths(pixels, layers(), now.at, i));
    paintHeat(down, across);
    const [high, wide] = [holding(down, Math.sqrt(0.95)), holding(across, Math.sqrt(0.95))];
    const centre = (counts) =>
      counts.reduce((sum, value, i) => sum + value * (i + 0.5), 0) / counts.reduce((a, b) => a + b, 0);
    const corner = [centre(down) - high / 2, centre(across) - wide / 2].map(Math.round);
    place(pixelPlane.core, corner, [high, wide], total, frame);
    pixelPlane.core.hidden = model.get("view") !== "paths";
    return { first, down, across, high, wide };
  }

  function paintHeat(down, across) {
    const pixels = down.length;
    const canvas = pixelPlane.heat;
    if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
    const context = canvas.getContext("2d");
    const image = context.createImageData(pixels, pixels);
    const [r, g, b] = rgb(getComputedStyle(root).getPropertyValue("--w-gradient"));
    const most = Math.max(...down) * Math.max(...across) || 1;
    const flat = model.get("view") === "field";
    for (let i = 0; i < pixels; i += 1)
      for (let j = 0; j < pixels; j += 1) {
        const ways = down[i] * across[j];
        image.data.set([r, g, b, ways ? (flat ? 130 : 22 + 233 * (ways / most)) : 0], 4 * (i * pixels + j));
      }
    context.putImageData(image, 0, 0);
  }

  function update() {
    const now = current();
    const key = layers().length;
    if (entries.length !== key || !list.children.length) buildList();
    const nextDrawn = JSON.stringify([layers(), model.get("size"), width]);
    if (nextDrawn !== drawn) {
      drawn = nextDrawn;
      buildSection(now);
    }
    light(now);
    const seen = planes(now);
    entries.forEach(({ row, radio, fields, facts }, i) => {
      const { units, field } = now.levels[i + 1];
      for (const [name, box] of fields) box.set(layers()[i][name]);
      radio.checked = i + 1 === now.at;
      row.classList.toggle("shown", i + 1 === now.at);
      [units, field.size, field.jump, field.start].forEach((value, k) =>
        setText(facts[k], units > 0 ? show(value) : "–"),
      );
    });
    size.set(model.get("size"));
    view.set(model.get("view"));
    addConv.disabled = addPool.disabled = layers().length >= MOST;
    const names = Object.keys(model.get("presets"));
    if (presets.options.length !== names.length + 1)
      presets.replaceChildren(
        ...[...names, ""].map((name) =>
          h("option", { value: name, text: name ? (t[`preset_${name}`] ?? name) : t.own }),
        ),
      );
    presets.value =
      names.find((name) => JSON.stringify(model.get("presets")[name]) === JSON.stringify(layers())) ?? "";
    status.classList.toggle("wrong", now.broken >= 0);
    setText(status, sentence(t, now, seen, model.get("size")));
  }

  update();
  const repaint = new MutationObserver(update); // the heat map is the one thing that style sheets cannot recolour
  repaint.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  repaint.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const stops = [
    watch(model, KEYS, update),
    onWidth(root, (next) => {
      width = next;
      update();
    }),
  ];
  return () => {
    clearTimeout(saving);
    repaint.disconnect();
    stops.forEach((stop) => stop());
    root.remove();
  };
}

/** Red, green and blue of a colour written #rrggbb. */
export function rgb(colour) {
  const value = Number.parseInt(colour.trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The state in a few sentences. */
export function sentence(t, now, seen, size) {
  if (now.broken >= 0) return say(t.no_fit, { layer: now.broken });
  if (now.at === 0) return say(t.image_unit, { row: now.row, column: now.column });
  const { first, down, across, high, wide } = seen;
  const last = first.map((value) => value + now.field.size - 1);
  const over = first.some((value) => value < 0) || last.some((value) => value >= size);
  const most = Math.max(...down) * Math.max(...across);
  const least = Math.min(...down.filter(Boolean)) * Math.min(...across.filter(Boolean));
  const words = [
    say(t.sees, {
      row: now.row,
      column: now.column,
      layer: now.at,
      top: show(first[0]),
      bottom: show(last[0]),
      left: show(first[1]),
      right: show(last[1]),
      field: now.field.size,
    }),
  ];
  if (over) words.push(t.over);
  words.push(say(t.ways, { most: big(most), least: big(least), high, wide }));
  return words.join(" ");
}

export default { render };
