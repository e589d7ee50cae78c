// A network given as data, layer by layer: the arithmetic of convbook.shapes.table.
import { big, say } from "./common.mjs";
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
  Scale: "scale",
  Softmax: "softmax",
  BatchNorm: "bn",
  Dropout: "dropout",
  Flatten: "flatten",
};
/** A size along both axes, [height, width]. */
export const pair = (value) => (Array.isArray(value) ? value : [value, value]);
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
