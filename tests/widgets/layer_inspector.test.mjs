import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { short } from "../../convbook/widgets/layer_inspector.mjs";
import { convolutional, definition, Misfit, named, walk } from "../../convbook/widgets/networks.mjs";

const table = (name) => JSON.parse(readFileSync(new URL(`../cases/${name}.json`, import.meta.url)));
const { networks } = table("networks");
const network = (name) => networks.find((entry) => entry.name === name);
const axis = (value, i) => (Array.isArray(value) ? value[i] : value);

for (const { name, input_shape: shape, layers, rows } of networks)
  test(`every number of ${name} is what convbook.shapes computes`, () => {
    const found = walk(layers, shape);
    assert.equal(found.length, rows.length);
    found.forEach((row, i) => {
      const [name_, output, weights, biases, macs, field, jump, start] = rows[i];
      assert.deepEqual(
        [row.name, row.output, row.weights, row.biases, row.macs],
        [name_, output, weights, biases, macs],
      );
      assert.deepEqual(
        row.field,
        [0, 1].map((a) => ({ size: axis(field, a), jump: axis(jump, a), start: axis(start, a) })),
        name_,
      );
    });
  });

for (const { channels_in: c, channels_out, kernel_size, bias, parameters } of table("shapes").parameters)
  test(`parameters of ${channels_out} filters ${kernel_size} on ${c} channels`, () => {
    const [row] = walk([{ type: "Conv", channels: channels_out, kernel_size, bias }], [c, 16, 16]);
    assert.equal(row.parameters, parameters);
  });

const first = (rows) => rows.find((row) => row.misfit);

test("a trained network fails at its first fully-connected layer when the image grows, and only there", () => {
  const { layers, input_shape: shape } = network("practical");
  assert.equal(first(walk(layers, [3, 48, 48])), undefined);
  const rows = walk(layers, [3, 48, 48], shape);
  assert.equal(first(rows).name, "fc4");
  assert.deepEqual(
    [first(rows).misfit.key, first(rows).misfit.values],
    ["wrong_features", { wanted: "1\u202f024", got: "2\u202f304" }],
  );
  assert.deepEqual(
    rows.slice(-2).map((row) => row.output),
    [null, null],
  );
  assert.equal(
    rows.reduce((sum, row) => sum + row.parameters, 0),
    1191170,
  );
});

test("a trained network refuses other channels at its first convolution", () => {
  const { layers, input_shape: shape } = network("practical");
  const row = first(walk(layers, [1, 32, 32], shape));
  assert.deepEqual([row.name, row.misfit.key], ["conv1", "wrong_channels"]);
});

test("written as convolutions, the same weights give a map", () => {
  const { layers, input_shape: shape } = network("practical");
  const next = convolutional(layers, shape);
  const same = walk(next, shape, shape);
  assert.deepEqual(same.at(-1).output, [10, 1, 1]);
  assert.equal(
    same.reduce((sum, row) => sum + row.parameters, 0),
    1191170,
  );
  assert.deepEqual(walk(next, [3, 48, 48], shape).at(-1).output, [10, 3, 3]);
  assert.deepEqual(
    named(next),
    named(layers).filter((name) => name !== "flatten"),
  );
});

const misfits = [
  ["a window larger than the map", [{ type: "Conv", channels: 1, kernel_size: 5 }], [1, 4, 9], "too_small"],
  [
    "a dilated window larger than the map",
    [{ type: "Conv", channels: 1, kernel_size: 3, dilation: 3 }],
    [1, 6, 6],
    "too_small",
  ],
  [
    "a convolution of a vector",
    [{ type: "Flatten" }, { type: "Conv", channels: 1, kernel_size: 1 }],
    [1, 4, 4],
    "no_map",
  ],
  ["a fully-connected layer on a map", [{ type: "Linear", features: 2 }], [1, 4, 4], "no_vector"],
  [
    "a pooling with more padding than half of its kernel",
    [{ type: "Pool", kind: "max", kernel_size: 2, padding: 2 }],
    [1, 4, 4],
    "pool_padding",
  ],
  [
    "groups that do not divide",
    [{ type: "Conv", channels: 4, kernel_size: 1, groups: 2 }],
    [3, 4, 4],
    "wrong_groups",
  ],
  [
    "in_channels written down",
    [{ type: "Conv", channels: 4, kernel_size: 1, in_channels: 2 }],
    [3, 4, 4],
    "wrong_channels",
  ],
  [
    "branches of unequal shapes",
    [{ type: "Residual", layers: [{ type: "Conv", channels: 2, kernel_size: 1 }], shortcut: [] }],
    [3, 4, 4],
    "unequal_branches",
  ],
];
for (const [name, layers, shape, key] of misfits)
  test(`${name} is named`, () => {
    const row = first(walk(layers, shape));
    assert.ok(row.misfit instanceof Misfit);
    assert.equal(row.misfit.key, key);
  });

test("names count the layers with weights, and never repeat", () => {
  const kinds = ["Conv", "ReLU", "ReLU", "Conv", "Pool", "Flatten", "Linear"];
  assert.deepEqual(named(kinds.map((type) => ({ type }))), [
    "conv1",
    "relu1",
    "relu1_2",
    "conv2",
    "pool2",
    "flatten",
    "fc3",
  ]);
});

test("a definition says only what is not usual", () => {
  const t = {
    short_stride: "stride",
    short_padding: "padding",
    short_dilation: "dilation",
    short_ceil: "ceil",
    max: "max",
    type_ReLU: "ReLU",
  };
  assert.equal(definition({ type: "Conv", kernel_size: 3, stride: 1, padding: 0, dilation: 1 }, t), "3×3");
  assert.equal(
    definition({ type: "Conv", kernel_size: [1, 7], stride: 2, padding: [0, 3] }, t),
    "1×7, stride 2, padding 0×3",
  );
  assert.equal(
    definition({ type: "Pool", kind: "max", kernel_size: 2, stride: null, ceil_mode: true }, t),
    "max 2×2, stride 2, ceil",
  );
  assert.equal(definition({ type: "ReLU" }, t), "ReLU");
});

test("counts fit into three digits", () => {
  assert.deepEqual([0, 999, 1000, 999_499, 999_500, 138357544, 15470264320].map(short), [
    "0",
    "999",
    "1\u202fk",
    "999\u202fk",
    "1\u202fM",
    "138\u202fM",
    "15.5\u202fG",
  ]);
});
