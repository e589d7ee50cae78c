// Curves of two groups of recorded runs: a line a seed, and a cursor over the epochs.
import { button, calm, choice, clamp, h, onWidth, range, say, setText, show, watch } from "./common.mjs";

const KEYS = ["steps", "first", "second", "quantity", "epoch"];
const HEIGHT = 260;
const EDGE = { left: 38, right: 10, top: 10, bottom: 30 };
const PACE = 350; // milliseconds an epoch, when played

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
export const epochsOf = (step) => step.train_loss[0].length;

/** The values of each seed at `epoch` (from 1), or null after the end of its curve. */
export function at(step, column, epoch) {
  return step[column].map((curve) => curve[epoch - 1] ?? null);
}

/** The smallest and largest value of a quantity in the steps, on ticks: [low, high, tick]. */
export function scale(steps, quantity) {
  const values = steps.flatMap((step) => [step[`train_${quantity}`], step[`test_${quantity}`]]).flat(2);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const tick = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((size) => (high - low) / size <= 6) ?? 50;
  return [Math.floor(low / tick) * tick, Math.max(Math.ceil(high / tick), Math.floor(low / tick) + 1) * tick, tick];
}

/** The path of a curve up to `epoch`, in the coordinates that `x` and `y` give. */
export function path(curve, epoch, x, y) {
  return curve
    .slice(0, epoch)
    .map((value, i) => `${i ? "L" : "M"}${x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`)
    .join("");
}

/** What one step has at an epoch, in words: its name, and the mean and the spread over the seeds. */
export function sentence(step, quantity, epoch, t) {
  const train = at(step, `train_${quantity}`, epoch);
  if (train.includes(null)) return say(t.over, { name: step.name, epochs: epochsOf(step) });
  const test = at(step, `test_${quantity}`, epoch);
  const digits = quantity === "loss" ? 2 : 1;
  return say(t[`reading_${quantity}`], {
    name: step.name,
    train: show(mean(train), digits),
    test: show(mean(test), digits),
    low: show(Math.min(...test), digits),
    high: show(Math.max(...test), digits),
    n: test.length,
  });
}

function render({ model, el }) {
  const t = model.get("texts");
  let width = 680;
  let timer = null;
  const change = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    model.save_changes();
  };
  const step = (key) => {
    const steps = model.get("steps");
    return steps.find(({ name }) => name === model.get(key)) ?? steps[0];
  };
  const both = () => [...new Set([step("first"), step("second")])];
  const last = () => Math.max(...both().map(epochsOf));

  const picker = (key) => {
    const onchange = () => change({ [key]: select.value });
    const select = h("select", { class: "cb-select", "aria-label": t[key], onchange });
    const el = h("label", { class: key }, h("span", { class: "cb-field-label", text: t[key] }), select);
    let shown = "";
    const update = () => {
      const names = model.get("steps").map(({ name }) => name);
      if (shown !== names.join("\n")) {
        select.replaceChildren(...names.map((name) => h("option", { value: name, text: name })));
        shown = names.join("\n");
      }
      select.value = step(key).name;
    };
    return { el, update };
  };
  const pickers = { first: picker("first"), second: picker("second") };
  const quantities = choice({
    label: t.quantity,
    options: { accuracy: t.accuracy, loss: t.loss },
    onchange: (quantity) => change({ quantity }),
  });

  const drawing = h("svg", { class: "plot", "aria-hidden": "true" });
  const slider = h("input", {
    type: "range",
    min: 1,
    step: 1,
    tabindex: 0,
    "aria-label": t.epoch,
    oninput: () => change({ epoch: Number(slider.value) }),
  });
  const play = button(t.play, () => (timer ? stop() : start()), { name: "play" });
  const counter = h("span", { class: "cb-mono" });
  const legend = h("p", { class: "cb-hint", text: t.legend });
  const status = h("div", { class: "cb-status", role: "status", "aria-live": "polite" });

  function stop() {
    clearInterval(timer);
    timer = null;
  }
  function start() {
    if (calm()) return change({ epoch: last() });
    if (model.get("epoch") >= last()) change({ epoch: 1 });
    timer = setInterval(() => {
      if (model.get("epoch") < last()) change({ epoch: model.get("epoch") + 1 });
      else stop();
    }, PACE);
  }

  const root = h(
    "div",
    { class: "cb-widget cb-run-curves", role: "group", "aria-label": t.title },
    h(
      "div",
      { class: "cb-head" },
      h("span", { class: "cb-title", text: t.title }),
      h("span", { class: "cb-hint", text: t.hint }),
    ),
    h("div", { class: "cb-controls" }, pickers.first.el, pickers.second.el, quantities.el),
    drawing,
    h("div", { class: "scrub" }, play, slider, counter),
    legend,
    status,
  );
  el.append(root);

  function update() {
    const [quantity, steps] = [model.get("quantity"), both()];
    const epochs = last();
    const epoch = clamp(model.get("epoch"), 1, epochs);
    for (const key of ["first", "second"]) pickers[key].update();
    quantities.set(quantity);
    slider.max = epochs;
    slider.value = epoch;
    slider.setAttribute("aria-valuetext", say(t.epoch_of, { epoch, epochs }));
    setText(counter, `${epoch}/${epochs}`);

    const [low, high, tick] = scale(steps, quantity);
    const x = (e) => EDGE.left + ((e - 1) / Math.max(1, epochs - 1)) * (width - EDGE.left - EDGE.right);
    const y = (v) => HEIGHT - EDGE.bottom - ((v - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const grid = range(Math.round((high - low) / tick) + 1).flatMap((i) => {
      const value = low + i * tick;
      return [
        h("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
        h("text", { class: "tick", x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end", text: show(value) }),
      ];
    });
    const every = Math.ceil(epochs / 10);
    const below = range(epochs)
      .filter((i) => i === 0 || (i + 1) % every === 0)
      .map((i) =>
        h("text", { class: "tick", x: x(i + 1), y: HEIGHT - 12, "text-anchor": "middle", text: String(i + 1) }),
      );
    const curves = steps.flatMap((one, i) =>
      ["train", "test"].flatMap((part) =>
        one[`${part}_${quantity}`].flatMap((curve) => [
          h("path", { class: `curve later ${part} c${i}`, d: path(curve, curve.length, x, y) }),
          h("path", { class: `curve ${part} c${i}`, d: path(curve, epoch, x, y) }),
        ]),
      ),
    );
    const dots = steps.flatMap((one, i) =>
      at(one, `test_${quantity}`, epoch)
        .filter((value) => value !== null)
        .map((value) => h("circle", { class: `dot c${i}`, cx: x(epoch), cy: y(value), r: 4 })),
    );
    const cursor = h("line", {
      class: "cursor",
      x1: x(epoch),
      x2: x(epoch),
      y1: EDGE.top,
      y2: HEIGHT - EDGE.bottom,
    });
    drawing.replaceChildren(...grid, ...below, cursor, ...curves, ...dots);
    const words = [say(t.epoch_of, { epoch, epochs }), ...steps.map((one) => sentence(one, quantity, epoch, t))];
    status.replaceChildren(...words.map((text, i) => h("p", { class: i ? `c${i - 1}` : "", text })));
  }

  update();
  const stops = [
    watch(model, KEYS, update),
    onWidth(drawing, (next) => {
      width = Math.max(240, next);
      update();
    }),
  ];
  return () => {
    stop();
    stops.forEach((end) => end());
    root.remove();
  };
}

export default { render };
