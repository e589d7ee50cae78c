// A gallery of kernels on small pictures: see kernel_gallery.py for the state.
import {
  button,
  choice,
  clamp,
  h,
  largest,
  numberGrid,
  onWidth,
  range,
  read,
  say,
  setText,
  show,
  watch,
} from "./common.mjs";
import { centred, drawn, filterPlane, KERNELS, nameOf, patchAt } from "./filters.mjs";
import { draw, PICTURES, SIZE, withGrey } from "./pictures.mjs";

const KEYS = ["kernel", "divisor", "image", "border", "view", "colour", "row", "column"];

function render({ model, el }) {
  const t = model.get("texts");
  const pictures = {};
  const picture = () =>
    (pictures[model.get("image")] ??= draw(PICTURES[model.get("image")] ? model.get("image") : "scene"));
  let results = null;
  let resultKey = "";
  let saving = null;
  let width = 700;
  const change = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    clearTimeout(saving);
    saving = setTimeout(() => model.save_changes(), 120); // the pointer moves faster than a kernel listens
  };

  // ---- choosing a kernel and a picture
  const thumbs = new Map();
  const group = `cb-${Math.random().toString(36).slice(2)}`;
  const gallery = h("div", { class: "thumbs", role: "radiogroup", "aria-label": t.kernels });
  for (const [name, { kernel, divisor, view }] of Object.entries(KERNELS)) {
    const input = h("input", {
      type: "radio",
      name: group,
      value: name,
      onchange: () => change({ kernel: structuredClone(kernel), divisor, view }),
    });
    thumbs.set(name, input);
    gallery.append(
      h("label", {}, input, h("span", {}, miniature(kernel), h("span", { text: t[`kernel_${name}`] }))),
    );
  }
  const images = choice({
    label: t.picture,
    options: Object.fromEntries([...Object.keys(PICTURES), "own"].map((key) => [key, t[`image_${key}`]])),
    onchange: (key) => (key === "own" && !pictures.own ? file.click() : change({ image: key })),
  });
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "file",
    "aria-label": t.own_label,
    tabindex: -1,
  });
  file.addEventListener("change", () => file.files[0] && open(file.files[0]));
  file.addEventListener("cancel", () => update());
  const other = button(t.own_label, () => file.click(), { text: t.own_button });
  const views = choice({
    label: t.view,
    options: { clip: t.view_clip, signed: t.view_signed, size: t.view_size },
    onchange: (view) => change({ view }),
  });
  const borders = choice({
    label: t.border,
    options: { zero: t.border_zero, nearest: t.border_nearest, mirror: t.border_mirror },
    onchange: (border) => change({ border }),
  });
  const sizes = choice({
    label: t.kernel_size,
    options: { 3: "3×3", 5: "5×5" },
    onchange: (size) => change({ kernel: centred(model.get("kernel"), Number(size)) }),
  });
  const tint = choice({
    label: t.channels,
    options: { no: t.grey, yes: t.colour },
    onchange: (key) => change({ colour: key === "yes" }),
  });

  async function open(blob) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob);
    } catch {
      setText(status, say(t.not_an_image, { name: blob.name ?? "" }));
      images.set(model.get("image"));
      return;
    }
    const canvas = h("canvas", { width: SIZE, height: SIZE });
    const scale = SIZE / Math.min(bitmap.width, bitmap.height); // the middle square
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(
      bitmap,
      (SIZE - bitmap.width * scale) / 2,
      (SIZE - bitmap.height * scale) / 2,
      bitmap.width * scale,
      bitmap.height * scale,
    );
    const { data } = context.getImageData(0, 0, SIZE, SIZE);
    pictures.own = withGrey(
      range(3).map((k) => Float32Array.from({ length: SIZE * SIZE }, (_, i) => data[4 * i + k])),
    );
    resultKey = "";
    change({ image: "own" });
    update();
  }

  // ---- the two pictures with their cursors
  const side = (label, name) => {
    const canvas = h("canvas", { width: SIZE, height: SIZE, "aria-hidden": "true" });
    const cursor = h("div", { class: "cursor", "aria-hidden": "true" });
    const shape = h("span", { class: "cb-shape" });
    const frame = h(
      "div",
      {
        class: `frame ${name}`,
        tabindex: 0,
        role: "application",
        "aria-label": `${label}: ${t.cursor_help}`,
      },
      canvas,
      cursor,
    );
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const at = (value) => clamp(Math.floor(value * SIZE), 0, SIZE - 1);
      change({
        row: at((event.clientY - box.top) / box.height),
        column: at((event.clientX - box.left) / box.width),
      });
    };
    frame.addEventListener(
      "pointermove",
      (event) => (event.pointerType === "mouse" || event.buttons) && point(event),
    );
    frame.addEventListener("pointerdown", point);
    frame.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const far = event.shiftKey ? 10 : 1;
      change({
        row: clamp(model.get("row") + far * move[0], 0, SIZE - 1),
        column: clamp(model.get("column") + far * move[1], 0, SIZE - 1),
      });
    });
    const caption = h("span", { class: "cb-hint small" });
    return {
      el: h(
        "div",
        { class: "cb-block side" },
        h("span", { class: "cb-label" }, h("b", { text: label }), " ", shape),
        frame,
        caption,
      ),
      canvas,
      cursor,
      shape,
      caption,
    };
  };
  const before = side(t.input, "before");
  const after = side(t.output, "after");

  // ---- the arithmetic
  const sums = h("div", { class: "sums" });
  const divisor = h("input", {
    class: "divisor cb-mono",
    inputmode: "text",
    maxlength: 6,
    "aria-label": t.divisor,
  });
  divisor.addEventListener("change", () => {
    const value = read(divisor.value);
    if (value) change({ divisor: value });
    else divisor.value = show(model.get("divisor"));
  });
  const total = h("span", { class: "cb-mono" });
  const answer = h("span", { class: "answer cb-mono" });
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  const last = h(
    "div",
    { class: "last" },
    total,
    h("label", {}, "÷ ", divisor),
    h("span", { text: "=" }),
    answer,
    swatch,
  );
  const status = h("p", { class: "cb-status", role: "status", "aria-live": "polite" });
  let grids = null;

  function build(k) {
    const editKernel = (r, c, value) => {
      const next = structuredClone(model.get("kernel"));
      next[r][c] = value;
      change({ kernel: next });
    };
    const make = (label, kind, onEdit) => numberGrid({ label, rows: k, columns: k, kind, onEdit });
    grids = {
      k,
      patch: make(t.patch, "input patch"),
      kernel: make(t.kernel_edit, "kernel", editKernel),
      products: make(t.products, "products"),
    };
    const part = (label, grid) =>
      h("div", { class: "cb-block" }, h("span", { class: "cb-label" }, h("b", { text: label })), grid.el);
    sums.replaceChildren(
      part(t.patch_short, grids.patch),
      h("span", { class: "sign", text: "⊙" }),
      part(t.kernel_short, grids.kernel),
      h("span", { class: "sign", text: "=" }),
      part(t.products_short, grids.products),
      last,
    );
    fit();
  }
  function fit() {
    if (!grids) return;
    const oneRow = (width - 190) / (3 * grids.k);
    const cell = oneRow < 26 ? (width - 34) / (2 * grids.k) : oneRow;
    root.style.setProperty("--cell", `${Math.floor(clamp(cell, 20, 40))}px`);
  }

  const root = h(
    "div",
    { class: "cb-widget cb-kernel-gallery", role: "group", "aria-label": t.title },
    h(
      "div",
      { class: "cb-head" },
      h("span", { class: "cb-title", text: t.title }),
      h("span", { class: "cb-hint", text: t.hint }),
    ),
    gallery,
    h("div", { class: "cb-controls" }, images.el, other, tint.el, file),
    h("div", { class: "sides" }, before.el, after.el),
    h(
      "div",
      { class: "cb-controls options" },
      labelled(t.kernel_size, sizes.el),
      labelled(t.border, borders.el),
      labelled(t.view, views.el),
    ),
    sums,
    status,
  );
  root.addEventListener("dragover", (event) => {
    event.preventDefault();
    root.classList.add("dropping");
  });
  root.addEventListener("dragleave", () => root.classList.remove("dropping"));
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    root.classList.remove("dropping");
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
  el.append(root);

  const planes = () => (model.get("colour") ? picture().rgb : [picture().grey]);

  function paint(canvas, channels) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(SIZE, SIZE);
    const [r, g, b] = channels.length === 3 ? channels : [channels[0], channels[0], channels[0]];
    for (let i = 0, at = 0; i < SIZE * SIZE; i += 1, at += 4) {
      image.data[at] = r[i];
      image.data[at + 1] = g[i];
      image.data[at + 2] = b[i];
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  function refilter() {
    const [kernel, by, border, view] = ["kernel", "divisor", "border", "view"].map((key) => model.get(key));
    const key = JSON.stringify([kernel, by, border, view, model.get("image"), model.get("colour")]);
    if (key === resultKey) return;
    resultKey = key;
    paint(before.canvas, planes());
    results = planes().map((plane) => filterPlane(plane, SIZE, kernel, by, border));
    let [low, high] = [Infinity, -Infinity];
    for (const plane of results)
      for (const value of plane) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    results.peak = Math.max(-low, high);
    paint(
      after.canvas,
      results.map((plane) => plane.map((v) => drawn(v, view, results.peak))),
    );
    setText(after.caption, say(t.span, { low: show(low, 0), high: show(high, 0) }));
    setText(before.caption, say(t.span, { low: 0, high: 255 }));
    const channels = results.length;
    setText(before.shape, `${channels}×${SIZE}×${SIZE}`);
    setText(after.shape, `${channels}×${SIZE}×${SIZE}`);
  }

  function update() {
    const [kernel, by, border, view, row, column] = [
      "kernel",
      "divisor",
      "border",
      "view",
      "row",
      "column",
    ].map((key) => model.get(key));
    const k = kernel.length;
    if (grids?.k !== k) build(k);
    refilter();
    const name = nameOf(kernel, by);
    thumbs.forEach((input, key) => (input.checked = key === name));
    images.set(model.get("image"));
    other.hidden = !pictures.own;
    views.set(view);
    borders.set(border);
    sizes.set(String(k));
    tint.set(model.get("colour") ? "yes" : "no");

    const half = (k - 1) / 2;
    const put = (node, r, c, extent) => {
      node.style.transform = "";
      node.style.left = `${(100 * c) / SIZE}%`;
      node.style.top = `${(100 * r) / SIZE}%`;
      node.style.width = node.style.height = `${(100 * extent) / SIZE}%`;
    };
    put(before.cursor, row - half, column - half, k);
    put(after.cursor, row, column, 1);

    const patch = patchAt(planes()[0], SIZE, row, column, k, border);
    const scale = largest(kernel);
    let sum = 0;
    for (const i of range(k))
      for (const j of range(k)) {
        const [value, weight] = [patch[i][j], kernel[i][j]];
        const away =
          row + i - half < 0 || column + j - half < 0 || row + i - half >= SIZE || column + j - half >= SIZE;
        sum += value * weight;
        grids.patch.put(i, j, value, { scale: 255, classes: away ? "padding" : "" });
        const cell = grids.patch.cells[i][j];
        cell.style.background = away && border === "zero" ? "" : `rgb(${value} ${value} ${value})`;
        cell.style.color = away && border === "zero" ? "" : value > 118 ? "#000" : "#fff";
        grids.kernel.put(i, j, weight, { scale });
        grids.products.put(i, j, value * weight, {
          scale: 255 * scale,
          name: `${show(value)} × ${show(weight)} = ${show(value * weight)}`,
        });
      }
    const value = results[0][row * SIZE + column];
    setText(total, `Σ = ${show(sum)}`);
    setText(answer, show(value));
    if (divisor !== document.activeElement) divisor.value = show(by);
    const seen = results.map((plane) => Math.round(drawn(plane[row * SIZE + column], view, results.peak)));
    swatch.style.background = `rgb(${(seen.length === 3 ? seen : [seen[0], seen[0], seen[0]]).join(" ")})`;
    const all = results.map((plane) => show(plane[row * SIZE + column]));
    setText(
      status,
      say(results.length === 3 ? t.sentence_colour : by === 1 ? t.sentence : t.sentence_divided, {
        row,
        column,
        count: k * k,
        sum: show(sum),
        divisor: show(by),
        value: show(value),
        grey: seen[0],
        red: all[0],
        green: all[1],
        blue: all[2],
      }),
    );
    const weights = kernel.flat().reduce((a, b) => a + b, 0) / by;
    setText(
      weightSum,
      say(Math.abs(weights) < 1e-9 ? t.sum_zero : Math.abs(weights - 1) < 1e-9 ? t.sum_one : t.sum_other, {
        sum: show(weights),
      }),
    );
  }
  const weightSum = h("p", { class: "cb-hint" });
  root.append(weightSum);

  update();
  const stops = [
    watch(model, KEYS, update),
    onWidth(root, (next) => {
      width = next;
      fit();
    }),
  ];
  return () => {
    clearTimeout(saving);
    stops.forEach((stop) => stop());
    root.remove();
  };
}

function labelled(label, node) {
  return h("div", { class: "labelled" }, h("span", { class: "cb-field-label", text: label }), node);
}

function miniature(kernel) {
  const peak = largest(kernel);
  const k = kernel.length;
  return h(
    "svg",
    { viewBox: `0 0 ${k} ${k}`, class: "mini", "aria-hidden": "true" },
    ...kernel.flatMap((row, r) =>
      row.map((v, c) =>
        h("rect", {
          x: c + 0.04,
          y: r + 0.04,
          width: 0.92,
          height: 0.92,
          class: v < 0 ? "minus" : "plus",
          style: { "--v": (Math.abs(v) / peak).toFixed(2) },
        }),
      ),
    ),
  );
}

export default { render };
