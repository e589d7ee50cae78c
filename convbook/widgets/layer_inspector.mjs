// A network layer by layer: see layer_inspector.py for the state.
import { big, button, choice, clamp, h, numberField, say, setAttr, setText, watch } from "./common.mjs";
import { convolutional, definition, pair, shapeText, walk } from "./networks.mjs";

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
    const move = (by, label) => () => {
      const [from, to] = [model.get("selected"), model.get("selected") + by];
      const next = [...layers()];
      next.splice(to, 0, ...next.splice(from, 1));
      change({ layers: next, selected: to });
      // The rows are new: the keyboard stays on the same button, or on the layer at the end of its way.
      (editor.row.querySelector(`[aria-label="${label}"]:enabled`) ?? cells[to].name).focus();
    };
    const up = button(t.up, move(-1, t.up), { name: "up", "data-line": "" });
    const down = button(t.down, move(1, t.down), { name: "down", "data-line": "" });
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
