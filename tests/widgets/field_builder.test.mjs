import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { cone, holding, paths, rgb, sentence, stack } from "../../convbook/widgets/field_builder.mjs";

const { networks } = JSON.parse(readFileSync(new URL("../cases/networks.json", import.meta.url)));
const window = (kernel_size, stride = 1, padding = 0, dilation = 1) => ({
  kernel_size,
  stride,
  padding,
  dilation,
});
const practical = [
  window(5, 1, 2),
  window(2, 2),
  window(5, 1, 2),
  window(2, 2),
  window(5, 1, 2),
  window(2, 2),
];

test("sizes, fields and jumps of the practical's stack", () => {
  const rows = networks[0].rows.filter(([name]) => /^(conv|pool)/.test(name));
  const found = stack(32, practical)
    .slice(1)
    .map(({ units, field }) => [units, field.size, field.jump, field.start]);
  assert.deepEqual(
    found,
    rows.map(([, output, , , , field, jump, start]) => [output[1], field, jump, start]),
  );
});

test("after a window that does not fit there are no units", () => {
  assert.deepEqual(
    stack(4, [window(3), window(3), window(1)]).map(({ units }) => units),
    [4, 2, 0, 0],
  );
});

/** The gradient of one output of a stack of all-ones kernels, by pushing each pixel through alone. */
function byPushing(size, layers, index) {
  return Array.from({ length: size }, (_, pixel) => {
    let row = Array(size)
      .fill(0)
      .fill(1, pixel, pixel + 1);
    for (const { kernel_size: k, stride, padding, dilation } of layers) {
      const ring = Array(padding).fill(0);
      const wide = [...ring, ...row, ...ring];
      const units = Math.floor((wide.length - dilation * (k - 1) - 1) / stride) + 1;
      row = Array.from({ length: units }, (_, i) =>
        Array.from({ length: k }, (__, j) => wide[i * stride + j * dilation]).reduce((a, b) => a + b),
      );
    }
    return row[index];
  });
}

const stacks = {
  three: [window(3), window(3), window(3)],
  dilated: [window(3), window(3, 1, 0, 2), window(3, 1, 0, 4)],
  strided: [window(3, 2, 1), window(3, 2, 1)],
  mixed: [window(5, 2, 2), window(2, 2), window(3, 1, 1, 2)],
  practical,
};
for (const [name, layers] of Object.entries(stacks))
  test(`paths are the gradient of a stack of ones: ${name}`, () => {
    const { units } = stack(32, layers).at(-1);
    for (const index of [0, Math.floor(units / 2), units - 1])
      assert.deepEqual(paths(32, layers, layers.length, index), byPushing(32, layers, index));
  });

test("paths stay inside the field, and reach its ends", () => {
  const counts = paths(20, stacks.three, 3, 4);
  assert.deepEqual(counts.slice(3, 12), [0, 1, 3, 6, 7, 6, 3, 1, 0]);
});

test("nothing stands behind the padding", () => {
  const [below] = cone(4, [window(3, 1, 1), window(3, 1, 1)], 2, 0);
  assert.deepEqual(
    [...below.keys()].sort((a, b) => a - b),
    [-1, 0, 1, 2],
  );
});

test("a share of the paths lies in the middle", () => {
  assert.equal(holding([0, 1, 2, 1, 0], 0.5), 1);
  assert.equal(holding([0, 1, 2, 1, 0], 0.75), 2);
  assert.equal(holding([1, 1, 1, 1, 1], 1), 5);
  assert.equal(holding([0, 0], 0.95), 0);
});

test("colours are read from the style sheet's form", () => {
  assert.deepEqual(rgb(" #93397c"), [147, 57, 124]);
});

test("the sentence says the field and whether it leaves the image", () => {
  const t = {
    sees: "{top}–{bottom}, {field}",
    over: "over",
    ways: "{most} {least} {high}",
    no_fit: "layer {layer}",
    image_unit: "pixel",
  };
  const seen = { first: [-1, 2], down: [0, 2, 1], across: [3, 1, 1], high: 2, wide: 3 };
  const now = { at: 1, broken: -1, row: 0, column: 3, field: { size: 3 } };
  assert.equal(sentence(t, now, seen, 9), "−1–1, 3 over 6 1 2");
  assert.equal(sentence(t, { ...now, broken: 2 }, null, 9), "layer 2");
  assert.equal(sentence(t, { ...now, at: 0 }, null, 9), "pixel");
});
