// Step through a convolution: see conv_stepper.py for the state.
import {
  button,
  choice,
  clamp,
  h,
  icon,
  largest,
  numberField,
  numberGrid,
  onWidth,
  range,
  say,
  setAttr,
  setText,
  show,
  calm,
  watch,
} from "./common.mjs";
import {
  convolve,
  newPlane,
  newSlice,
  place,
  products,
  readPositions,
  resized,
  resizedKernel,
  sum,
  used,
} from "./convolution.mjs";
import { outputSize, samePadding } from "./shapes.mjs";

const KEYS = ["input", "kernel", "bias", "stride", "padding", "dilation", "flip", "position"];

function render({ model, el }) {
  const t = model.get("texts");
  const state = () => Object.fromEntries(KEYS.map((key) => [key, model.get(key)]));
  let view = null; // grids of the current shapes
  let timer = null;
  let width = 700;

  // ---- controls
  const change = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    const s = state();
    const fits =
      outputSize(s.input[0].length, s.kernel[0][0].length, s) &&
      outputSize(s.input[0][0].length, s.kernel[0][0][0].length, s);
    if (fits) model.save_changes(); // Python never sees sizes that it would refuse
  };
  const resizeInput = (size) =>
    change({ input: model.get("input").map((plane) => resized(plane, size, size)) });
  const resizeKernel = (size) =>
    change({
      kernel: model.get("kernel").map((filter) => filter.map((slice) => resizedKernel(slice, size))),
    });
  const setChannels = (count) => {
    const { input, kernel } = state();
    change({
      input: range(count).map((c) => input[c] ?? newPlane(c, input[0].length, input[0][0].length)),
      kernel: kernel.map((filter, f) =>
        range(count).map((c) => filter[c] ?? newSlice(f, c, filter[0].length)),
      ),
    });
  };
  const setFilters = (count) => {
    const { kernel, bias } = state();
    change({
      kernel: range(count).map((f) => kernel[f] ?? kernel[0].map((slice, c) => newSlice(f, c, slice.length))),
      bias: range(count).map((f) => bias[f] ?? 1),
      position: Math.min(model.get("position"), count * lastSizes().each),
    });
  };
  const field = (name, min, max, onchange) =>
    numberField({ label: t[name], hint: t[`${name}_hint`] ?? t[name], min, max, onchange });
  const fields = {
    size: field("size", 1, 9, resizeInput),
    channels: field("channels", 1, 3, setChannels),
    filters: field("filters", 1, 2, setFilters),
    kernel_size: field("kernel_size", 1, 5, resizeKernel),
    stride: field("stride", 1, 4, (stride) => change({ stride })),
    padding: field("padding", 0, 3, (padding) => change({ padding })),
    dilation: field("dilation", 1, 3, (dilation) => change({ dilation })),
  };
  const border = choice({
    label: t.padding,
    options: { valid: t.valid, same: t.same },
    onchange: (key) => {
      const { kernel, dilation } = state();
      change({ padding: key === "valid" ? 0 : samePadding(kernel[0][0].length, dilation) });
    },
  });
  const mode = choice({
    label: t.mode,
    options: { no: t.correlation, yes: t.convolution },
    onchange: (key) => change({ flip: key === "yes" }),
  });

  // ---- going through the output
  const lastSizes = () => {
    const { input, kernel, ...rest } = state();
    const rows = outputSize(input[0].length, kernel[0][0].length, rest);
    const columns = outputSize(input[0][0].length, kernel[0][0][0].length, rest);
    return { rows, columns, each: rows * columns, all: rows * columns * kernel.length };
  };
  const go = (position) => {
    const next = clamp(position, 0, lastSizes().all);
    if (next !== model.get("position")) change({ position: next });
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    update();
  };
  const toggle = () => {
    if (timer) return stop();
    if (model.get("position") >= lastSizes().all) go(0);
    timer = setInterval(
      () => (model.get("position") >= lastSizes().all ? stop() : go(model.get("position") + 1)),
      calm() ? 1400 : 800,
    );
    go(model.get("position") + 1);
    update();
  };
  const step = (by) => () => {
    if (timer) stop();
    go(model.get("position") + by);
  };
  const play = button(t.play, toggle, { name: "play", class: "cb-button main" });
  const buttons = {
    first: button(
      t.first,
      () => {
        if (timer) stop();
        go(0);
      },
      { name: "first" },
    ),
    back: button(t.back, step(-1), { name: "back" }),
    next: button(t.next, step(1), { name: "next" }),
    last: button(
      t.last,
      () => {
        if (timer) stop();
        go(Infinity);
      },
      { name: "last" },
    ),
  };
  const count = h("span", { class: "cb-hint cb-mono" });
  const transport = h(
    "div",
    { class: "transport", role: "toolbar", "aria-label": t.transport },
    buttons.first,
    buttons.back,
    play,
    buttons.next,
    buttons.last,
    count,
  );
  transport.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by)();
  });

  const stage = h("div", { class: "stage" });
  const status = h("p", { class: "cb-status", role: "status" });
  const formula = h("p", { class: "cb-formula" });
  const note = h("p", { class: "cb-hint note" });
  const root = h(
    "div",
    { class: "cb-widget cb-conv-stepper", role: "group", "aria-label": t.title },
    h(
      "div",
      { class: "cb-head" },
      h("span", { class: "cb-title", text: t.title }),
      h("span", { class: "cb-hint", text: t.hint }),
    ),
    h(
      "div",
      { class: "cb-controls" },
      fields.size.el,
      fields.channels.el,
      fields.filters.el,
      fields.kernel_size.el,
      fields.stride.el,
      fields.padding.el,
      fields.dilation.el,
    ),
    h("div", { class: "cb-controls" }, border.el, mode.el),
    stage,
    transport,
    status,
    formula,
    note,
  );
  el.append(root);

  /** Build the grids for the current shapes; numbers come from `update`. */
  function build() {
    const s = state();
    const { rows, columns } = lastSizes();
    const [high, wide] = [s.input[0].length + 2 * s.padding, s.input[0][0].length + 2 * s.padding];
    const [kh, kw] = [s.kernel[0][0].length, s.kernel[0][0][0].length];
    const editInput = (channel) => (r, c, value) => {
      const [y, x] = [r - s.padding, c - s.padding];
      const next = structuredClone(model.get("input"));
      if (next[channel][y]?.[x] === undefined) return;
      next[channel][y][x] = value;
      change({ input: next });
    };
    const editKernel = (channel) => (r, c, value) => {
      const next = structuredClone(model.get("kernel"));
      const [i, j] = model.get("flip") ? [kh - 1 - r, kw - 1 - c] : [r, c];
      next[filterShown()][channel][i][j] = value;
      change({ kernel: next });
    };
    const name = (key, values) => say(t[key], values);
    const channels = s.input.map((_, c) => {
      const input = numberGrid({
        label: name("input_label", { channel: c + 1 }),
        rows: high,
        columns: wide,
        onEdit: editInput(c),
        kind: "input",
      });
      const frame = h("div", { class: "window", "aria-hidden": "true" });
      input.el.append(frame);
      const kernel = numberGrid({
        label: name("kernel_label", { channel: c + 1 }),
        rows: kh,
        columns: kw,
        onEdit: editKernel(c),
        kind: "kernel",
      });
      const product = numberGrid({
        label: name("products_label", { channel: c + 1 }),
        rows: kh,
        columns: kw,
        kind: "products",
      });
      const partial = h("span", { class: "partial cb-mono" });
      const el = h(
        "div",
        { class: "channel" },
        block(
          c === 0 ? t.input : "",
          input.el,
          h("span", {
            class: "cb-shape",
            text: c === 0 ? `${s.input.length}×${high - 2 * s.padding}×${wide - 2 * s.padding}` : "",
          }),
          name("channel", { channel: c + 1 }),
          s.input.length > 1,
        ),
        h("span", { class: "sign", "aria-hidden": "true", text: "⊙" }),
        block(c === 0 ? "kernel" : "", kernel.el, null, "", false),
        h("span", { class: "sign", "aria-hidden": "true", text: "=" }),
        h(
          "div",
          { class: "cb-block" },
          c === 0 ? h("span", { class: "cb-label", text: t.products }) : null,
          product.el,
          partial,
        ),
      );
      return { el, input, frame, kernel, product, partial };
    });
    const kernelLabel = channels[0].el.children[2].querySelector(".cb-label");
    const outputs = s.kernel.map((_, f) => {
      const grid = numberGrid({
        label: name("output_label", { filter: f + 1 }),
        rows,
        columns,
        kind: "output",
        onMove: (r, c) => {
          if (timer) stop();
          go(1 + (f * rows + r) * columns + c);
        },
        onPick: (r, c) => {
          if (timer) stop();
          go(1 + (f * rows + r) * columns + c);
        },
      });
      grid.el.addEventListener("keydown", (event) => {
        if (event.key === " ") {
          event.preventDefault();
          toggle();
        }
      });
      const bias = h("input", {
        class: "bias cb-mono",
        inputmode: "text",
        maxlength: 6,
        "aria-label": name("bias_label", { filter: f + 1 }),
      });
      bias.addEventListener("change", () => {
        const value = Number(bias.value.replace("−", "-"));
        if (!Number.isFinite(value) || bias.value.trim() === "") return update();
        change({ bias: model.get("bias").map((b, i) => (i === f ? value : b)) });
      });
      const el = h(
        "div",
        { class: "cb-block" },
        h(
          "span",
          { class: "cb-label" },
          h("b", { text: s.kernel.length > 1 ? name("output_of", { filter: f + 1 }) : t.output }),
          " ",
          h("span", { class: "cb-shape", text: f === 0 ? `${s.kernel.length}×${rows}×${columns}` : "" }),
        ),
        grid.el,
        h("label", { class: "biasline" }, h("span", { text: `+ ${t.bias} ` }), bias),
      );
      return { el, grid, bias };
    });
    const column = h("div", { class: "outputs" }, ...outputs.map((o) => o.el));
    const arrow = h("span", { class: "sign arrow", "aria-hidden": "true", text: "→" });
    stage.replaceChildren(h("div", { class: "channels" }, ...channels.map((c) => c.el)), arrow, column);
    view = { key: shapeKey(s), rows, columns, high, wide, kh, kw, channels, outputs, kernelLabel };
  }
  function block(label, grid, shape, below, showBelow) {
    return h(
      "div",
      { class: "cb-block" },
      label ? h("span", { class: "cb-label" }, h("b", { text: label }), " ", shape) : null,
      grid,
      showBelow ? h("span", { class: "cb-hint small", text: below }) : null,
    );
  }
  const filterShown = () => place(Math.max(1, model.get("position")), view.rows, view.columns)?.filter ?? 0;
  const shapeKey = (s) =>
    [
      s.input.length,
      s.input[0].length,
      s.input[0][0].length,
      s.kernel.length,
      s.kernel[0][0].length,
      s.kernel[0][0][0].length,
      s.padding,
      s.stride,
      s.dilation,
    ].join();

  /** Cells as large as the width allows, in the first layout in which they are not too small. */
  function fit() {
    if (!view) return;
    const { wide, kw, columns } = view;
    const layouts = {
      row: [wide + 2 * kw + Math.max(columns, 2), 110, 25],
      stacked: [wide + 2 * kw, 64, 22],
      side: [wide + kw, 48, 22],
      tall: [Math.max(wide, 2 * kw + 2, columns), 8, 0],
    };
    const cell = ([units, gaps]) => (width - gaps) / units;
    const name = Object.keys(layouts).find((key) => cell(layouts[key]) >= layouts[key][2]);
    stage.dataset.layout = name;
    let size = Math.floor(clamp(cell(layouts[name]), 18, [42, 34, 29][view.channels.length - 1]));
    do
      root.style.setProperty("--cell", `${size}px`); // labels may need more room than their grids
    while (stage.scrollWidth > stage.clientWidth && (size -= 1) >= 18);
  }

  function update() {
    const s = state();
    const rebuilt = !view || view.key !== shapeKey(s);
    if (rebuilt) build();
    const { rows, columns, all } = lastSizes();
    const position = Math.min(s.position, all);
    const at = place(position, rows, columns);
    const shown = place(Math.max(1, position), rows, columns);
    const f = shown?.filter ?? 0;
    const result = convolve(s.input, s.kernel, s.bias, s);
    const terms = at && products(s.input, s.kernel[f], at.row, at.column, s);
    const scale = { input: largest(s.input), kernel: largest(s.kernel), output: largest(result) };
    const reads = {
      rows: readPositions(s.input[0].length, view.kh, s),
      columns: readPositions(s.input[0][0].length, view.kw, s),
    };

    view.channels.forEach(({ input, frame, kernel, product, partial }, c) => {
      const slice = used(s.kernel[f][c], s.flip);
      for (const r of range(view.high))
        for (const q of range(view.wide)) {
          const [y, x] = [r - s.padding, q - s.padding];
          const value = s.input[c][y]?.[x];
          const [i, j] = at
            ? [(r - at.row * s.stride) / s.dilation, (q - at.column * s.stride) / s.dilation]
            : [-1, -1];
          const weight = Number.isInteger(i) && Number.isInteger(j) && slice[i]?.[j];
          const on = typeof weight === "number";
          const unread = all > 0 && !(reads.rows[r] && reads.columns[q]);
          const classes = `${value === undefined ? "padding" : ""} ${on ? "on" : ""} ${unread ? "unread" : ""}`;
          const cellName =
            value === undefined ? t.padding_cell : unread ? say(t.unread_cell, { value: show(value) }) : "";
          input.put(r, q, value ?? 0, {
            scale: scale.input,
            classes,
            note: on ? `×${show(weight)}` : "",
            name: cellName,
          });
        }
      frame.hidden = !at;
      if (at) {
        const extent = (k) => (k - 1) * s.dilation + 1;
        frame.style.transform = `translate(calc(${at.column * s.stride} * var(--cell)), calc(${at.row * s.stride} * var(--cell)))`;
        frame.style.width = `calc(${extent(view.kw)} * var(--cell) + 4px)`;
        frame.style.height = `calc(${extent(view.kh)} * var(--cell) + 4px)`;
      }
      for (const i of range(view.kh))
        for (const j of range(view.kw)) {
          kernel.put(i, j, slice[i][j], { scale: scale.kernel });
          product.put(i, j, terms ? terms[c][i][j].product : null, {
            scale: scale.input * scale.kernel,
            name: terms
              ? `${show(terms[c][i][j].value)} × ${show(terms[c][i][j].weight)} = ${show(terms[c][i][j].product)}`
              : "",
          });
        }
      setText(partial, terms ? `Σ = ${show(sum(terms[c].flat().map((p) => p.product)))}` : "Σ");
    });
    view.outputs.forEach(({ grid, bias, el }, g) => {
      el.classList.toggle("current", at !== null && g === f);
      for (const r of range(rows))
        for (const c of range(columns)) {
          const index = (g * rows + r) * columns + c + 1;
          const done = index <= position;
          grid.put(r, c, done ? result[g][r][c] : null, {
            scale: scale.output,
            classes: index === position ? "now" : done ? "" : "todo",
            name: done ? "" : t.todo_cell,
          });
        }
      if (at && g === f && !grid.el.contains(document.activeElement)) grid.moveTo(at.row, at.column, false);
      if (bias !== document.activeElement) bias.value = show(s.bias[g]);
    });
    setText(
      view.kernelLabel,
      `${s.kernel.length > 1 ? say(t.kernel_of, { filter: f + 1 }) : t.kernel}${s.flip ? ` ${t.turned}` : ""}`,
    );

    const k = view.kh;
    fields.size.set(s.input[0].length);
    fields.channels.set(s.input.length);
    fields.filters.set(s.kernel.length);
    fields.kernel_size.set(k);
    for (const key of ["stride", "padding", "dilation"]) fields[key].set(s[key]);
    const same = samePadding(k, s.dilation);
    border.enable("same", same !== null && same <= 3);
    border.set(s.padding === 0 ? "valid" : s.padding === same ? "same" : null);
    mode.set(s.flip ? "yes" : "no");

    // ---- words
    const moving = timer !== null;
    setAttr(status, "aria-live", moving ? "off" : "polite");
    status.classList.toggle("wrong", all === 0);
    setText(status, sentence(t, s, at, terms, result, { rows, columns, all }));
    const axes = [
      [s.input[0].length, k],
      [s.input[0][0].length, view.kw],
    ];
    const square = axes[0].join() === axes[1].join();
    setText(
      formula,
      square
        ? sizeFormula(t.output_size, t, ...axes[0], s)
        : [t.output_rows, t.output_columns].map((name, i) => sizeFormula(name, t, ...axes[i], s)).join("\n"),
    );
    const messages = s.padding > 0 ? [t.hatched] : [];
    if (k % 2 === 0)
      messages.push(
        say(t.even, {
          k,
          n: s.input[0].length,
          low: outputSize(s.input[0].length, k, { padding: (k / 2 - 1) * s.dilation, dilation: s.dilation }),
          high: outputSize(s.input[0].length, k, { padding: (k / 2) * s.dilation, dilation: s.dilation }),
        }),
      );
    if (all > 0) messages.push(...unreadWords(t, [reads.rows, reads.columns]));
    setText(note, messages.join(" "));
    note.hidden = messages.length === 0;
    setText(count, say(t.count, { position, all }));
    for (const key of ["first", "back"]) buttons[key].disabled = position === 0;
    for (const key of ["next", "last"]) buttons[key].disabled = position >= all;
    play.disabled = all === 0;
    play.replaceChildren(icon(moving ? "pause" : "play"));
    setAttr(play, "aria-label", moving ? t.pause : t.play);
    setAttr(play, "title", moving ? t.pause : t.play);
    if (rebuilt) fit();
  }

  update();
  const stops = [
    watch(model, KEYS, update),
    onWidth(root, (next) => {
      width = next;
      fit();
    }),
  ];
  return () => {
    clearInterval(timer);
    stops.forEach((stopListening) => stopListening());
    root.remove();
  };
}

/** The state in one sentence. */
export function sentence(t, s, at, terms, result, { rows, columns, all }) {
  if (all === 0)
    return say(t.no_fit, {
      reach: (s.kernel[0][0].length - 1) * s.dilation + 1,
      room: s.input[0].length + 2 * s.padding,
    });
  if (!at) return say(t.start, { all, rows, columns });
  const partial = terms.map((channel) => show(sum(channel.flat().map((p) => p.product))));
  const total = show(result[at.filter][at.row][at.column]);
  const bias = s.bias[at.filter];
  const values = {
    row: at.row + 1,
    column: at.column + 1,
    filter: at.filter + 1,
    total,
    bias: show(bias),
    sum: partial.map((p, i) => (i > 0 && p.startsWith("−") ? `(${p})` : p)).join(" + "),
  };
  return say(s.kernel.length > 1 ? t.step_of : t.step, values);
}

/** Why some cells are read by no window: skipped in between, or left over at the end. */
export function unreadWords(t, axes) {
  const last = (axis) => axis.lastIndexOf(true);
  const words = [];
  if (axes.some((axis) => axis.slice(0, last(axis)).includes(false))) words.push(t.gaps);
  if (axes.some((axis) => last(axis) < axis.length - 1)) words.push(t.left_over);
  return words;
}

/** The size formula with its numbers, floor included. */
export function sizeFormula(name, t, size, kernel, { stride, padding, dilation }) {
  const room = size + 2 * padding - dilation * (kernel - 1) - 1;
  const head = `⌊(n + 2p − d(k−1) − 1)/s⌋ + 1 = ⌊(${size} + 2·${padding} − ${dilation}·${kernel - 1} − 1)/${stride}⌋ + 1`;
  if (room < 0) return `${name} = ${head} = ⌊${show(room)}/${stride}⌋ + 1: ${t.negative}`;
  const exact = room / stride;
  return `${name} = ${head} = ⌊${show(exact)}⌋ + 1 = ${Math.floor(exact) + 1}`;
}

export default { render };
