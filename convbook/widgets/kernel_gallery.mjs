// A gallery of kernels on small pictures: see kernel_gallery.py for the state.
import {
  big,
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
  setAttr,
  setText,
  show,
  watch,
} from "./common.mjs";

export const SIZE = 128;

/** Gabor filter k × k: a cosine of wavelength `wave` at `angle` degrees under a Gaussian, in whole numbers that add up to 0. */
export function gabor(k, angle, wave = 4, sigma = 1.6) {
  const [half, turn] = [(k - 1) / 2, (angle * Math.PI) / 180];
  const raw = range(k).map((i) =>
    range(k).map((j) => {
      const [y, x] = [i - half, j - half];
      return (
        Math.exp(-(x * x + y * y) / (2 * sigma * sigma)) *
        Math.cos((2 * Math.PI * (x * Math.cos(turn) + y * Math.sin(turn))) / wave)
      );
    }),
  );
  const bell = range(k).map((i) =>
    range(k).map((j) => Math.exp(-((i - half) ** 2 + (j - half) ** 2) / (2 * sigma * sigma))),
  );
  const ratio = raw.flat().reduce((a, b) => a + b) / bell.flat().reduce((a, b) => a + b);
  const level = raw.map((row, i) => row.map((v, j) => v - ratio * bell[i][j]));
  const peak = Math.max(...level.flat().map(Math.abs));
  const whole = (most) => level.map((row) => row.map((v) => Math.round((v / peak) * most) + 0));
  const sums = range(20).map((i) =>
    whole(i + 6)
      .flat()
      .reduce((a, b) => a + b),
  );
  return whole(sums.findIndex((total) => total === 0) + 6);
}

const square = (k, value) => range(k).map(() => Array(k).fill(value));
const outer = (v) => v.map((a) => v.map((b) => a * b));

/** name → { kernel, divisor, view }. */
export const KERNELS = {
  identity: {
    kernel: [
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ],
    divisor: 1,
    view: "clip",
  },
  box: { kernel: square(3, 1), divisor: 9, view: "clip" },
  gaussian: { kernel: outer([1, 2, 1]), divisor: 16, view: "clip" },
  gaussian5: { kernel: outer([1, 4, 6, 4, 1]), divisor: 256, view: "clip" },
  motion: {
    kernel: range(5).map((i) => range(5).map((j) => (i + j === 4 ? 1 : 0))),
    divisor: 5,
    view: "clip",
  },
  sharpen: {
    kernel: [
      [0, -1, 0],
      [-1, 5, -1],
      [0, -1, 0],
    ],
    divisor: 1,
    view: "clip",
  },
  edges: {
    kernel: [
      [-1, -1, -1],
      [-1, 8, -1],
      [-1, -1, -1],
    ],
    divisor: 1,
    view: "size",
  },
  sobel_x: {
    kernel: [
      [-1, 0, 1],
      [-2, 0, 2],
      [-1, 0, 1],
    ],
    divisor: 1,
    view: "signed",
  },
  sobel_y: {
    kernel: [
      [-1, -2, -1],
      [0, 0, 0],
      [1, 2, 1],
    ],
    divisor: 1,
    view: "signed",
  },
  emboss: {
    kernel: [
      [-2, -1, 0],
      [-1, 1, 1],
      [0, 1, 2],
    ],
    divisor: 1,
    view: "clip",
  },
  gabor_0: { kernel: gabor(5, 0), divisor: 8, view: "signed" },
  gabor_45: { kernel: gabor(5, 45), divisor: 8, view: "signed" },
};

/** The name of this kernel in the table, or null. */
export function nameOf(kernel, divisor) {
  const key = JSON.stringify([kernel, divisor]);
  return (
    Object.keys(KERNELS).find(
      (name) => JSON.stringify([KERNELS[name].kernel, KERNELS[name].divisor]) === key,
    ) ?? null
  );
}

/** Where an index outside 0…n−1 reads: an index inside, or −1 for a zero. */
export function outside(index, n, border) {
  if (index >= 0 && index < n) return index;
  if (border === "zero") return -1;
  if (border === "nearest") return clamp(index, 0, n - 1);
  const period = 2 * n - 2 || 1; // mirror: the edge pixel itself is not repeated
  const folded = ((index % period) + period) % period;
  return folded < n ? folded : period - folded;
}

/** Cross-correlation of one plane (size × size, row by row) with a k × k kernel, divided, at the same size. */
export function filterPlane(plane, size, kernel, divisor, border) {
  const half = (kernel.length - 1) / 2;
  const wide = size + 2 * half;
  const padded = new Float32Array(wide * wide);
  const from = range(wide).map((i) => outside(i - half, size, border));
  for (let r = 0; r < wide; r += 1) {
    if (from[r] < 0) continue;
    for (let c = 0; c < wide; c += 1)
      if (from[c] >= 0) padded[r * wide + c] = plane[from[r] * size + from[c]];
  }
  const result = new Float32Array(size * size);
  kernel.forEach((weights, i) =>
    weights.forEach((weight, j) => {
      if (weight === 0) return;
      const factor = weight / divisor;
      for (let r = 0; r < size; r += 1) {
        const start = (r + i) * wide + j;
        const line = r * size;
        for (let c = 0; c < size; c += 1) result[line + c] += factor * padded[start + c];
      }
    }),
  );
  return result;
}

/** The k × k pixels under the kernel at (row, column), border included. */
export function patchAt(plane, size, row, column, k, border) {
  const half = (k - 1) / 2;
  return range(k).map((i) =>
    range(k).map((j) => {
      const [y, x] = [outside(row + i - half, size, border), outside(column + j - half, size, border)];
      return y < 0 || x < 0 ? 0 : plane[y * size + x];
    }),
  );
}

/** How an output value becomes a grey between 0 and 255; `peak` is the largest absolute value. */
export function drawn(value, view, peak) {
  if (view === "signed") return 127.5 + (127.5 * value) / (peak || 1);
  return view === "size" ? (255 * Math.abs(value)) / (peak || 1) : clamp(value, 0, 255);
}

// ---- pictures, as colours at a point (x, y) of the unit square; each is sampled four times a pixel

const mix = (a, b, w) => a.map((v, i) => v + (b[i] - v) * clamp(w, 0, 1));
const wave = (x, y) => Math.sin(x * 91.7 + y * 47.3) * Math.sin(x * 57.1 - y * 113.9);

function scene(x, y) {
  const ridge = 0.4 + 0.1 * Math.sin(x * 7 + 1) + 0.05 * Math.sin(x * 17);
  const hill = 0.6 - 0.09 * Math.sin(x * 4 + 0.4);
  let colour = mix([92, 150, 214], [226, 232, 238], y * 2.1);
  if (Math.hypot(x - 0.8, y - 0.16) < 0.075) colour = [252, 226, 140];
  if (y > ridge)
    colour =
      y < ridge + 0.035 + 0.02 * Math.sin(x * 40)
        ? [240, 243, 247]
        : mix([104, 112, 136], [140, 148, 160], (y - ridge) * 3 + 0.3 * wave(x, y));
  if (y > hill) colour = mix([70, 128, 66], [128, 166, 84], (y - hill) * 2 + 0.35 * wave(x * 1.7, y * 1.9));
  if (y > hill + 0.02 && Math.abs(x - 0.72 - (y - 0.6) * 0.35) < 0.02 + (y - 0.6) * 0.17)
    colour = [196, 176, 142];
  const house = x > 0.2 && x < 0.52 && y > 0.47 && y < 0.76;
  if (house) {
    colour = x < 0.43 ? [226, 208, 178] : [178, 158, 132];
    if (Math.abs(y * 60 - Math.round(y * 60)) < 0.12) colour = mix(colour, [120, 100, 80], 0.35);
    if ((Math.abs(x - 0.265) < 0.032 || Math.abs(x - 0.375) < 0.032) && Math.abs(y - 0.57) < 0.045)
      colour =
        Math.min(Math.abs(x - 0.265), Math.abs(x - 0.375)) < 0.005 || Math.abs(y - 0.57) < 0.005
          ? [245, 240, 230]
          : [52, 66, 92];
    if (Math.abs(x - 0.32) < 0.032 && y > 0.65) colour = [112, 62, 40];
  }
  const roof = (y - 0.3) / 0.18;
  if (y > 0.3 && y < 0.48 && Math.abs(x - 0.36) < 0.05 + roof * 0.15)
    colour = x < 0.36 + roof * 0.07 ? [168, 58, 46] : [126, 42, 38];
  if (x > 0.43 && x < 0.48 && y > 0.28 && y < 0.4) colour = [134, 74, 62];
  const crown = Math.hypot((x - 0.86) / 0.105, (y - 0.52) / 0.15);
  if (Math.abs(x - 0.86) < 0.014 && y > 0.56 && y < 0.82) colour = [92, 64, 42];
  if (crown < 1 + 0.08 * wave(x * 2, y * 2))
    colour = mix([34, 88, 44], [96, 152, 70], 0.5 + 0.4 * wave(x * 2.3, y * 2.1) - (y - 0.5) * 2);
  return colour;
}

function shapes(x, y) {
  if (Math.hypot(x - 0.27, y - 0.28) < 0.17) return [228, 92, 72];
  if (x > 0.56 && x < 0.88 && y > 0.12 && y < 0.44) return [66, 118, 196];
  if (y > 0.56 && y < 0.88 && Math.abs(x - 0.27) < (y - 0.56) * 0.58) return [82, 164, 104];
  const [u, v] = [x - 0.72, y - 0.72];
  const angle = ((Math.atan2(v, u) * 180) / Math.PI + 360) % 360;
  if (Math.hypot(u, v) < 0.2 && angle % 30 < 10) return [40, 40, 48];
  return [238, 236, 228];
}

const segment = (x, y, x0, y0, x1, y1) => {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const t = clamp(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1);
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
};
const arc = (x, y, cx, cy, r, from, to) => {
  const angle = ((Math.atan2(y - cy, x - cx) * 180) / Math.PI + 360) % 360;
  return from <= to
    ? angle >= from && angle <= to
      ? Math.abs(Math.hypot(x - cx, y - cy) - r)
      : 9
    : angle >= from || angle <= to
      ? Math.abs(Math.hypot(x - cx, y - cy) - r)
      : 9;
};

function digits(x, y) {
  const strokes = [
    arc(x, y, 0.25, 0.26, 0.12, 0, 360), // 0
    segment(x, y, 0.66, 0.18, 0.76, 0.11),
    segment(x, y, 0.76, 0.11, 0.76, 0.42), // 1
    segment(x, y, 0.12, 0.6, 0.38, 0.6),
    segment(x, y, 0.38, 0.6, 0.22, 0.9), // 7
    arc(x, y, 0.75, 0.66, 0.075, 200, 90),
    arc(x, y, 0.75, 0.82, 0.085, 270, 160), // 3
  ];
  const near = Math.min(...strokes);
  const ink = clamp((0.034 - near) / 0.012, 0, 1);
  return [20 + 225 * ink, 20 + 225 * ink, 24 + 221 * ink];
}

function rings(x, y) {
  const r2 = (x - 0.5) ** 2 + (y - 0.5) ** 2;
  const v = 127.5 + 120 * Math.cos(130 * r2) * clamp((0.5 - Math.sqrt(r2)) * 14, 0, 1);
  return [v, v, v];
}

export const PICTURES = { scene, shapes, digits, rings };

/** Three planes (red, green, blue) and their grey, of a picture drawn by code. */
export function draw(name, size = SIZE) {
  const rgb = range(3).map(() => new Float32Array(size * size));
  const paint = PICTURES[name];
  for (let r = 0; r < size; r += 1)
    for (let c = 0; c < size; c += 1) {
      for (const [dx, dy] of [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ])
        paint((c + dx) / size, (r + dy) / size).forEach((v, k) => (rgb[k][r * size + c] += v / 4));
    }
  return withGrey(rgb);
}

/** Whole pixel values, and the grey that the eye would give them. */
export function withGrey(rgb) {
  const planes = rgb.map((plane) => plane.map((v) => Math.round(clamp(v, 0, 255))));
  return {
    rgb: planes,
    grey: planes[0].map((r, i) => Math.round(0.299 * r + 0.587 * planes[1][i] + 0.114 * planes[2][i])),
  };
}

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

/** A kernel set in the middle of another size. */
export function centred(kernel, size) {
  const shift = (size - kernel.length) / 2;
  return range(size).map((r) => range(size).map((c) => kernel[r - shift]?.[c - shift] ?? 0));
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
