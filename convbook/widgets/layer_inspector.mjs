// A network layer by layer: see layer_inspector.py for the state.
import { big, button, choice, clamp, h, numberField, say, setAttr, setText, watch } from "./common.mjs";
import { outputSize, PIXEL, slide } from "./shapes.mjs";

const WEIGHTED = new Set(["Conv", "Linear", "Residual", "Parallel"]);
const PREFIX = {
  Conv: "conv",
  Linear: "fc",
  Residual: "res",
  Parallel: "parallel",
  Pool: "pool",
  GlobalPool: "pool",
  GlobalAvgPool: "pool",
  ReLU: "relu",
  Tanh: "tanh",
  Softmax: "softmax",
  BatchNorm: "bn",
  Dropout: "dropout",
  Flatten: "flatten",
};
const pair = (value) => (Array.isArray(value) ? value : [value, value]);
const product = (values) => values.reduce((a, b) => a * b, 1);
export const shapeText = (shape) => shape.join("×");

/** The names that convbook.shapes.named gives: the number counts the layers with weights so far. */
export function named(layers) {
  let number = 0;
  const taken = new Set();
  return layers.map((layer) => {
    if (WEIGHTED.has(layer.type)) number += 1;
    const first = layer.name || PREFIX[layer.type] + (layer.type === "Flatten" ? "" : number);
    let name = first;
    for (let copy = 2; taken.has(name); copy += 1) name = `${first}_${copy}`;
    taken.add(name);
    return name;
  });
}

/** A layer that cannot take what arrives: `key` is the text that says why, with `values`. */
export class Misfit extends Error {
  constructor(key, values) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

const start = (shape) => ({
  shape,
  field: [PIXEL, PIXEL],
  extent: shape.length === 3 ? shape.slice(1) : [1, 1],
});

/** The flow after one layer, with its costs; `expected` is the shape that its weights were made for. */
function step(layer, flow, expected) {
  const { shape, field, extent } = flow;
  const result = (next, more = {}, weights = 0, biases = 0, macs = 0) => ({
    ...flow,
    shape: next,
    ...more,
    weights,
    biases,
    macs,
  });
  const needsMap = () => {
    if (shape.length !== 3) throw new Misfit("no_map", { features: big(shape[0]) });
  };
  const window = (strides, dilations, ceil) => {
    needsMap();
    const [kernel, padding] = [pair(layer.kernel_size), pair(layer.padding ?? 0)];
    const options = [0, 1].map((a) => ({
      stride: strides[a],
      padding: padding[a],
      dilation: dilations[a],
      ceil,
    }));
    const size = [0, 1].map((a) => outputSize(extent[a], kernel[a], options[a]));
    if (size.includes(0)) {
      const axis = size.indexOf(0);
      throw new Misfit("too_small", {
        kernel: dilations[axis] * (kernel[axis] - 1) + 1,
        room: extent[axis] + 2 * padding[axis],
        map: shapeText(shape),
      });
    }
    return { extent: size, field: field.map((axis, a) => slide(axis, kernel[a], options[a])) };
  };
  switch (layer.type) {
    case "Conv": {
      const wanted = layer.in_channels ?? (expected?.length === 3 ? expected[0] : null);
      const next = window(pair(layer.stride ?? 1), pair(layer.dilation ?? 1), false);
      if (wanted && wanted !== shape[0]) throw new Misfit("wrong_channels", { wanted, got: shape[0] });
      const groups = layer.groups ?? 1;
      if (shape[0] % groups || layer.channels % groups)
        throw new Misfit("wrong_groups", { groups, got: shape[0], channels: layer.channels });
      const weights = layer.channels * (shape[0] / groups) * product(pair(layer.kernel_size));
      return result(
        [layer.channels, ...next.extent],
        next,
        weights,
        layer.bias === false ? 0 : layer.channels,
        weights * product(next.extent),
      );
    }
    case "Pool": {
      const [kernel, ring] = [pair(layer.kernel_size), pair(layer.padding ?? 0)];
      const wide = [0, 1].find((a) => 2 * ring[a] > kernel[a]);
      if (wide !== undefined) throw new Misfit("pool_padding", { padding: ring[wide], kernel: kernel[wide] });
      const next = window(pair(layer.stride ?? layer.kernel_size), [1, 1], layer.ceil_mode);
      return result([shape[0], ...next.extent], next);
    }
    case "GlobalPool":
    case "GlobalAvgPool":
      needsMap();
      return result([shape[0]], { extent: [1, 1], field: field.map((axis, a) => slide(axis, extent[a])) });
    case "Flatten":
      return result([product(shape)]);
    case "Linear": {
      if (shape.length !== 1) throw new Misfit("no_vector", { map: shapeText(shape) });
      const wanted = layer.in_features ?? (expected?.length === 1 ? expected[0] : null);
      if (wanted && wanted !== shape[0])
        throw new Misfit("wrong_features", { wanted: big(wanted), got: big(shape[0]) });
      const weights = shape[0] * layer.features;
      return result(
        [layer.features],
        { extent: [1, 1], field: field.map((axis, a) => slide(axis, extent[a])) },
        weights,
        layer.bias === false ? 0 : layer.features,
        weights,
      );
    }
    case "BatchNorm":
      return result(shape, {}, shape[0], shape[0]);
    case "Residual":
    case "Parallel":
      return block(layer, flow);
    default:
      return result(shape);
  }
}

/** A block of branches: its costs are those of all its layers together. */
function block(layer, flow) {
  const branches = layer.type === "Residual" ? [layer.layers, layer.shortcut ?? []] : layer.branches;
  const ends = branches.map((branch) =>
    branch.reduce(
      (state, inner) => {
        const next = step(inner, state, null);
        return {
          ...next,
          ...Object.fromEntries(["weights", "biases", "macs"].map((key) => [key, state[key] + next[key]])),
        };
      },
      { ...flow, weights: 0, biases: 0, macs: 0 },
    ),
  );
  const key = (end) => shapeText(layer.type === "Residual" ? end.shape : end.shape.slice(1));
  if (new Set(ends.map(key)).size > 1)
    throw new Misfit("unequal_branches", { shapes: ends.map((end) => shapeText(end.shape)).join(", ") });
  const total = (name) => ends.reduce((sum, end) => sum + end[name], 0);
  const channels =
    layer.type === "Residual" ? ends[0].shape[0] : ends.reduce((sum, end) => sum + end.shape[0], 0);
  const field = [0, 1].map((a) => {
    const first = Math.min(...ends.map((end) => end.field[a].start));
    return {
      start: first,
      jump: ends[0].field[a].jump,
      size: Math.max(...ends.map((end) => end.field[a].start + end.field[a].size)) - first,
    };
  });
  return {
    ...ends[0],
    shape: [channels, ...ends[0].shape.slice(1)],
    field,
    weights: total("weights"),
    biases: total("biases"),
    macs: total("macs"),
  };
}

/**
 * One row a layer: { name, layer, input, output, field, weights, biases, parameters, macs, misfit }.
 *
 * `builtFor` is the image shape that the weights were made for, or null. After the first row with a
 * misfit nothing can be computed: those rows have no output.
 */
export function walk(layers, inputShape, builtFor = null) {
  const made = builtFor ? walk(layers, builtFor) : [];
  const names = named(layers);
  let flow = start(inputShape);
  return layers.map((layer, i) => {
    const row = {
      name: names[i],
      layer,
      input: flow?.shape ?? null,
      output: null,
      field: null,
      weights: 0,
      biases: 0,
      parameters: 0,
      macs: 0,
      misfit: null,
    };
    const expected = made[i]?.input ?? null;
    // What the layer holds does not depend on the image once it is built.
    if (made[i])
      Object.assign(row, {
        weights: made[i].weights,
        biases: made[i].biases,
        parameters: made[i].parameters,
      });
    if (!flow) return row;
    try {
      const next = step(layer, flow, expected);
      Object.assign(row, {
        output: next.shape,
        field: next.field,
        weights: next.weights,
        biases: next.biases,
        parameters: next.weights + next.biases,
        macs: next.macs,
      });
      flow = next;
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      row.misfit = error;
      flow = null;
    }
    return row;
  });
}

/**
 * The same network with its fully-connected layers written as convolutions (Q5, Q6): the first one after
 * the flattening becomes a kernel as large as the map that `shape` gives there, the others 1 × 1.
 */
export function convolutional(layers, shape) {
  const rows = walk(layers, shape);
  let map = null;
  let open = true;
  const next = [];
  rows.forEach(({ layer, name, input }, i) => {
    if (layer.type === "Flatten" && input?.length === 3) map = input;
    else if (layer.type === "Linear" && map) {
      next.push({
        type: "Conv",
        name,
        channels: layer.features,
        kernel_size: open ? map.slice(1) : 1,
        stride: 1,
        padding: 0,
        dilation: 1,
        bias: layer.bias !== false,
      });
      open = false;
    } else next.push(layers[i]);
  });
  return next;
}

const both = (value) => (pair(value)[0] === pair(value)[1] ? pair(value)[0] : null);
const sizeText = (value) => pair(value).join("×");

/** What a layer is, in a few signs: "5×5, stride 2, padding 2". */
export function definition(layer, t) {
  const parts = [];
  if (layer.kernel_size !== undefined) parts.push(sizeText(layer.kernel_size));
  if (layer.type === "Pool") parts[0] = `${t[layer.kind]} ${parts[0]}`;
  const stride = layer.stride ?? (layer.type === "Pool" ? layer.kernel_size : 1);
  const option = (key, value, usual) =>
    both(value) !== usual && parts.push(`${t[`short_${key}`]} ${both(value) ?? sizeText(value)}`);
  if (layer.kernel_size !== undefined) {
    option("stride", stride, 1);
    option("padding", layer.padding ?? 0, 0);
    option("dilation", layer.dilation ?? 1, 1);
  }
  if (layer.ceil_mode) parts.push(t.short_ceil);
  if (layer.groups > 1) parts.push(`${t.short_groups} ${layer.groups}`);
  if (layer.type === "Dropout") parts.push(`p ${layer.p}`);
  if (layer.type === "Residual") parts.push(say(t.residual, { count: layer.layers.length }));
  if (layer.type === "Parallel") parts.push(say(t.parallel, { count: layer.branches.length }));
  return parts.join(", ") || t[`type_${layer.type}`] || layer.type;
}

/** New layers to add, by type. */
const FRESH = {
  Conv: {
    type: "Conv",
    name: "",
    channels: 32,
    kernel_size: 3,
    stride: 1,
    padding: 1,
    dilation: 1,
    bias: true,
  },
  Pool: { type: "Pool", name: "", kind: "max", kernel_size: 2, stride: null, padding: 0, ceil_mode: false },
  ReLU: { type: "ReLU", name: "" },
  BatchNorm: { type: "BatchNorm", name: "" },
  Dropout: { type: "Dropout", name: "", p: 0.5 },
  Flatten: { type: "Flatten", name: "" },
  GlobalAvgPool: { type: "GlobalAvgPool", name: "", kind: "avg" },
  Linear: { type: "Linear", name: "", features: 10, bias: true },
};
/** Fields of the editor: [key, least, most]. */
const EDITABLE = {
  Conv: [
    ["channels", 1, 4096],
    ["kernel_size", 1, 31],
    ["stride", 1, 16],
    ["padding", 0, 15],
    ["dilation", 1, 8],
  ],
  Pool: [
    ["kernel_size", 1, 31],
    ["stride", 1, 16],
    ["padding", 0, 15],
  ],
  Linear: [["features", 1, 8192]],
};
const DRAWN = new Set(["Conv", "Pool", "Linear", "GlobalPool", "GlobalAvgPool", "Residual", "Parallel"]);
const KEYS = ["input_shape", "layers", "built_for", "selected", "presets"];

function render({ model, el }) {
  const t = model.get("texts");
  const change = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    model.save_changes();
  };
  const layers = () => model.get("layers");
  const edit = (index, changes) =>
    change({ layers: layers().map((layer, i) => (i === index ? { ...layer, ...changes } : layer)) });

  // ---- the network and its input
  const presets = h("select", {
    class: "cb-select",
    "aria-label": t.network,
    onchange: () => {
      const preset = model.get("presets")[presets.value];
      if (preset)
        change({
          layers: preset.layers,
          input_shape: preset.input_shape,
          built_for: model.get("built_for") && preset.input_shape,
          selected: -1,
        });
    },
  });
  const axis = (index, name, most) =>
    numberField({
      label: t[name],
      hint: t[`${name}_hint`],
      min: 1,
      max: most,
      onchange: (value) =>
        change({ input_shape: model.get("input_shape").map((old, i) => (i === index ? value : old)) }),
    });
  const axes = [axis(0, "channels", 512), axis(1, "height", 512), axis(2, "width", 512)];
  const weights = choice({
    label: t.weights_choice,
    options: { free: t.weights_free, kept: t.weights_kept },
    onchange: (key) => change({ built_for: key === "kept" ? model.get("input_shape") : null }),
  });
  const convert = button(
    t.convert,
    () => {
      const next = convolutional(layers(), model.get("built_for") ?? model.get("input_shape"));
      change({ layers: next, selected: -1 });
    },
    { text: t.convert },
  );

  const drawing = h("div", { class: "drawing", tabindex: 0, role: "group", "aria-label": t.drawing });
  const body = h("tbody");
  const foot = h("tfoot");
  const head = ["layer", "definition", "output", "weights", "biases", "parameters", "macs", "field"];
  const table = h(
    "table",
    { class: "cb-table" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ...head.map((key) => h("th", { scope: "col", class: key, title: t[`${key}_hint`], text: t[key] })),
      ),
    ),
    body,
    foot,
  );
  const status = h("p", { class: "cb-status", role: "status", "aria-live": "polite" });
  const kinds = h(
    "select",
    { class: "cb-select", "aria-label": t.new_layer },
    ...Object.keys(FRESH).map((type) => h("option", { value: type, text: t[`type_${type}`] })),
  );
  const insert = (at) =>
    change({
      layers: [...layers().slice(0, at), { ...FRESH[kinds.value] }, ...layers().slice(at)],
      selected: at,
    });
  const add = button(
    t.add,
    () => insert(model.get("selected") >= 0 ? model.get("selected") + 1 : layers().length),
    { text: t.add },
  );
  const root = h(
    "div",
    { class: "cb-widget cb-layer-inspector", role: "group", "aria-label": t.title },
    h(
      "div",
      { class: "cb-head" },
      h("span", { class: "cb-title", text: t.title }),
      h("span", { class: "cb-hint", text: t.hint }),
    ),
    h(
      "div",
      { class: "cb-controls" },
      h("div", { class: "cb-field wide" }, h("span", { class: "cb-field-label", text: t.network }), presets),
      ...axes.map((a) => a.el),
    ),
    h(
      "div",
      { class: "cb-controls" },
      h(
        "div",
        { class: "cb-field wide" },
        h("span", { class: "cb-field-label", text: t.weights_choice }),
        weights.el,
      ),
      convert,
    ),
    drawing,
    status,
    h("div", { class: "scroll" }, table),
    h("div", { class: "cb-controls adding" }, kinds, add),
  );
  el.append(root);

  // ---- rows: made anew when the kinds of layers change, else only their numbers
  let rows = [];
  let drawn = "";
  let structure = "";
  const cells = [];
  const select = (index) => change({ selected: model.get("selected") === index ? -1 : index });
  body.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = cells.findIndex((line) => line.name === event.target);
    if (!by || at < 0) return;
    event.preventDefault();
    focusRow(clamp(at + by, 0, cells.length - 1));
  });
  const focusRow = (index) => {
    cells.forEach((line, i) => (line.name.tabIndex = i === index ? 0 : -1));
    cells[index]?.name.focus();
  };

  function build() {
    const focused = cells.findIndex((line) => line.name === document.activeElement);
    cells.length = 0;
    body.replaceChildren(
      ...layers().map((layer, i) => {
        const name = h("button", {
          type: "button",
          class: "name",
          tabindex: i === 0 ? 0 : -1,
          onclick: () => {
            cells.forEach((line) => (line.name.tabIndex = -1));
            name.tabIndex = 0;
            select(i);
          },
        });
        const line = {
          name,
          row: h("tr"),
          ...Object.fromEntries(head.slice(1).map((key) => [key, h("td", { class: key })])),
        };
        for (const key of ["parameters", "macs"]) {
          line[`${key}_number`] = h("span", { class: "full" });
          line[`${key}_bar`] = h("span", { class: "bar", "aria-hidden": "true" });
          line[key].append(line[`${key}_number`], line[`${key}_bar`]);
        }
        line.row.append(h("th", { scope: "row" }, name), ...head.slice(1).map((key) => line[key]));
        cells.push(line);
        return line.row;
      }),
    );
    if (focused >= 0) focusRow(Math.min(focused, cells.length - 1));
  }

  // ---- editor of the selected layer
  let editor = null;
  function openEditor(index) {
    const layer = layers()[index];
    const key = layer ? `${index}|${layer.type}|${layers().length}` : "";
    if (editor?.key === key) return;
    const hadFocus = editor?.row.contains(document.activeElement);
    editor?.row.remove();
    editor = null;
    if (!layer) return;
    const fields = (EDITABLE[layer.type] ?? []).map(([name, min, max]) => [
      name,
      numberField({
        label: t[name],
        hint: t[`${name}_hint`] ?? t[name],
        min,
        max,
        onchange: (value) => edit(model.get("selected"), { [name]: value }),
      }),
    ]);
    const extras = [];
    if (layer.type === "Pool") {
      const kind = choice({
        label: t.pool_kind,
        options: { max: t.max, avg: t.avg },
        onchange: (value) => edit(model.get("selected"), { kind: value }),
      });
      const ceil = choice({
        label: t.rounding,
        options: { floor: t.floor, ceil: t.ceil },
        onchange: (value) => edit(model.get("selected"), { ceil_mode: value === "ceil" }),
      });
      extras.push(kind.el, ceil.el);
      editor = {
        set: (now) => {
          kind.set(now.kind);
          ceil.set(now.ceil_mode ? "ceil" : "floor");
        },
      };
    }
    const move = (by) => () => {
      const [from, to] = [model.get("selected"), model.get("selected") + by];
      const next = [...layers()];
      next.splice(to, 0, ...next.splice(from, 1));
      change({ layers: next, selected: to });
    };
    const up = button(t.up, move(-1), { name: "up", "data-line": "" });
    const down = button(t.down, move(1), { name: "down", "data-line": "" });
    const remove = button(
      t.remove,
      () => {
        const at = model.get("selected");
        change({ layers: layers().filter((_, i) => i !== at), selected: -1 });
        focusRow(Math.min(at, layers().length - 1));
      },
      { name: "remove", "data-line": "" },
    );
    up.disabled = index === 0;
    down.disabled = index === layers().length - 1;
    remove.disabled = layers().length === 1;
    const row = h(
      "tr",
      { class: "editor" },
      h(
        "td",
        { colspan: head.length },
        h(
          "div",
          { class: "cb-controls" },
          ...fields.map(([, field]) => field.el),
          ...extras,
          h("span", { class: "moves" }, up, down, remove),
        ),
      ),
    );
    editor = { ...editor, key, row, fields };
    cells[index].row.after(row);
    if (hadFocus) row.querySelector("input, button:enabled")?.focus();
  }

  /** Blocks in oblique projection: height and depth are H and W to scale, thickness grows with √C. */
  function draw(inputShape) {
    const shown = [
      { name: t.input, output: inputShape, layer: null },
      ...rows.filter((row) => DRAWN.has(row.layer.type)),
    ];
    const key = JSON.stringify([
      shown.map((row) => [row.name, row.output, row.layer?.kernel_size]),
      model.get("selected"),
    ]);
    if (key === drawn) return;
    drawn = key;
    const largest = Math.max(...shown.map(({ output: o }) => (o?.length === 3 ? Math.max(o[1], o[2]) : 1)));
    const scale = 92 / largest;
    const slant = 0.34;
    const blocks = shown.map((row) => {
      const shape = row.output ?? row.input;
      const [c, high, wide] = shape?.length === 3 ? shape : [shape?.[0] ?? 1, 1, 1];
      return {
        ...row,
        thick: clamp(1.9 * Math.sqrt(c), 3, 84),
        high: Math.max(high * scale, 4),
        deep: Math.max(wide * scale * slant, 2),
      };
    });
    const base = 164;
    let x = 6;
    const parts = blocks.map((block, i) => {
      const { thick, high, deep, layer, output, misfit } = block;
      const room = Math.max(thick + deep, 60) + 12;
      const left = x + (room - 12 - thick - deep) / 2;
      x += room;
      const top = base - 30 - high;
      const face = (...points) => points.map((point) => point.join(",")).join(" ");
      const kind =
        misfit || !output
          ? "broken"
          : !layer
            ? "input"
            : layer.type === "Conv" ||
                layer.type === "Linear" ||
                layer.type === "Residual" ||
                layer.type === "Parallel"
              ? "weights"
              : "plain";
      const next = blocks[i + 1]?.layer;
      const [kh, kw] =
        output?.length === 3 && next?.kernel_size && next.type === "Conv" ? pair(next.kernel_size) : [0, 0];
      const side = left + thick;
      const on = (u, v) => [side + u, top - u + v]; // a point of the H × W face
      const [ku, kv] = [Math.min(deep, kw * scale * slant), Math.min(high, kh * scale)];
      const [u, v] = [(deep - ku) / 2, (high - kv) / 2];
      const mark = kh
        ? h("polygon", {
            class: "kernel",
            points: face(on(u, v), on(u + ku, v), on(u + ku, v + kv), on(u, v + kv)),
          })
        : null;
      const at = layer ? rows.findIndex((row) => row.name === block.name) : -1;
      const group = h(
        "g",
        {
          class: `block ${kind} ${at >= 0 && at === model.get("selected") ? "selected" : ""}`,
          onclick: at >= 0 ? () => select(at) : null,
        },
        h("polygon", {
          class: "top",
          points: face(
            [left, top],
            [left + deep, top - deep],
            [left + thick + deep, top - deep],
            [left + thick, top],
          ),
        }),
        h("polygon", {
          class: "side",
          points: face(
            [side, top],
            [side + deep, top - deep],
            [side + deep, top - deep + high],
            [side, top + high],
          ),
        }),
        h("rect", { class: "front", x: left, y: top, width: thick, height: high }),
        mark,
        h("text", {
          class: "label",
          x: x - 6 - room / 2,
          y: base - 12,
          "text-anchor": "middle",
          text: block.name,
        }),
        h("text", {
          class: "shape",
          x: x - 6 - room / 2,
          y: base + 3,
          "text-anchor": "middle",
          text: output ? shapeText(output) : t.fails_short,
        }),
        misfit
          ? h("path", {
              class: "cross",
              d: `M${left} ${top - 4}l${thick + 8} ${high + 8}M${left + thick + 8} ${top - 4}l${-thick - 8} ${high + 8}`,
            })
          : null,
      );
      return group;
    });
    const picture = h(
      "svg",
      { viewBox: `0 0 ${x} ${base + 12}`, width: x, height: base + 12, "aria-hidden": "true" },
      ...parts,
    );
    drawing.replaceChildren(picture);
  }

  function update() {
    const [shape, builtFor, selected] = [
      model.get("input_shape"),
      model.get("built_for"),
      model.get("selected"),
    ];
    rows = walk(layers(), shape, builtFor);
    const nextStructure = layers()
      .map((layer) => layer.type)
      .join();
    if (nextStructure !== structure) {
      structure = nextStructure;
      editor?.row.remove();
      editor = null;
      build();
    }
    const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
    const totals = {
      weights: total("weights"),
      biases: total("biases"),
      parameters: total("parameters"),
      macs: total("macs"),
    };
    rows.forEach((row, i) => {
      const line = cells[i];
      setText(line.name, row.name);
      setAttr(line.name, "aria-expanded", String(i === selected));
      setText(line.definition, definition(row.layer, t));
      setText(line.output, row.misfit ? t.fails : row.output ? shapeText(row.output) : "–");
      const known = row.output || row.parameters;
      for (const key of ["weights", "biases"]) {
        setText(line[key], known ? big(row[key]) : "–");
        line[key].classList.toggle("none", !row[key]);
      }
      for (const key of ["parameters", "macs"]) {
        setText(line[`${key}_number`], known ? big(row[key]) : "–");
        setAttr(line[key], "data-short", known ? short(row[key]) : "–");
        line[key].classList.toggle("none", !row[key]);
        line[`${key}_bar`].style.width = `${(100 * row[key]) / (totals[key] || 1)}%`;
        setAttr(line[key], "title", say(t.share, { percent: percent(row[key], totals[key]) }));
      }
      setText(
        line.field,
        row.field
          ? row.field[0].size === row.field[1].size
            ? String(row.field[0].size)
            : row.field.map((f) => f.size).join("×")
          : "–",
      );
      line.row.className = `${row.misfit ? "misfit" : ""} ${row.output ? "" : "after"} ${i === selected ? "selected" : ""}`;
    });
    foot.replaceChildren(
      h(
        "tr",
        {},
        h("th", { scope: "row", class: "total", text: t.total }),
        h("td", { class: "definition" }),
        h("td", { class: "output" }),
        ...["weights", "biases", "parameters", "macs"].map((key) =>
          h(
            "td",
            { class: key, "data-short": short(totals[key]) },
            h("span", { class: "full", text: big(totals[key]) }),
          ),
        ),
        h("td", { class: "field" }),
      ),
    );
    openEditor(selected);
    if (editor) {
      const layer = layers()[selected];
      const steps = layer.stride ?? layer.kernel_size;
      for (const [name, field] of editor.fields) field.set(pair(name === "stride" ? steps : layer[name])[0]);
      editor.set?.(layer);
    }
    draw(shape);

    axes.forEach((field, i) => field.set(shape[i]));
    weights.set(builtFor ? "kept" : "free");
    convert.disabled = !layers().some((layer) => layer.type === "Flatten");
    const same = (preset) => JSON.stringify(preset.layers) === JSON.stringify(layers());
    const names = Object.keys(model.get("presets"));
    const current = names.find((name) => same(model.get("presets")[name])) ?? "";
    const options = [...names, ""].map((name) => `${name}:${name ? (t[`preset_${name}`] ?? name) : t.own}`);
    if (presets.dataset.key !== options.join()) {
      presets.dataset.key = options.join();
      presets.replaceChildren(
        ...[...names, ""].map((name) =>
          h("option", { value: name, text: name ? (t[`preset_${name}`] ?? name) : t.own }),
        ),
      );
    }
    presets.value = current;
    const broken = rows.find((row) => row.misfit);
    status.classList.toggle("wrong", Boolean(broken));
    setText(
      status,
      broken
        ? `${say(t.first_failure, { name: broken.name })} ${say(t[broken.misfit.key], broken.misfit.values)} ${rows[0] === broken ? "" : t.before_works}`
        : summary(t, rows, totals, shape, builtFor),
    );
  }

  update();
  const stop = watch(model, KEYS, update);
  return () => {
    stop();
    root.remove();
  };
}

/** A count in three digits: 1.19 M. */
export function short(value) {
  const step = value < 1e3 ? 0 : value < 999_500 ? 1 : value < 999_500_000 ? 2 : 3;
  return step ? `${Number((value / 1000 ** step).toPrecision(3))}\u202f${"kMG"[step - 1]}` : String(value);
}

const percent = (part, whole) => (whole ? ((100 * part) / whole).toFixed(part / whole < 0.1 ? 1 : 0) : "0");

/** The whole network in a sentence or two. */
export function summary(t, rows, totals, shape, builtFor) {
  const most = (key) => rows.reduce((best, row) => (row[key] > best[key] ? row : best));
  const [heavy, slow] = [most("parameters"), most("macs")];
  const output = rows.at(-1).output;
  const words = [
    say(t.summary, {
      input: shapeText(shape),
      output: shapeText(output),
      parameters: big(totals.parameters),
      macs: big(totals.macs),
    }),
  ];
  if (totals.parameters)
    words.push(
      say(t.heaviest, {
        name: heavy.name,
        percent: percent(heavy.parameters, totals.parameters),
        slow: slow.name,
        slow_percent: percent(slow.macs, totals.macs),
      }),
    );
  if (
    output.length === 3 &&
    output[1] * output[2] > 1 &&
    rows.some((row) => row.layer.type === "Conv" && row.name.startsWith("fc"))
  )
    words.push(say(t.map_output, { classes: output[0], positions: output[1] * output[2] }));
  else if (builtFor && shapeText(builtFor) !== shapeText(shape))
    words.push(say(t.built_works, { built: shapeText(builtFor) }));
  return words.join(" ");
}

export default { render };
