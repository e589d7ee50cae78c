import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { outputSize, PIXEL, samePadding, slide } from "../../convbook/widgets/shapes.mjs";

const cases = JSON.parse(readFileSync(new URL("../cases/shapes.json", import.meta.url)));
const axis = (value, i) => (Array.isArray(value) ? value[i] : value);

for (const { size, kernel_size: k, output, ceil_mode: ceil, ...options } of cases.output_size)
  test(`output size of ${size} under ${k} with ${JSON.stringify(options)}, ceil ${ceil}`, () => {
    assert.equal(outputSize(size, k, { ...options, ceil }), output);
  });

for (const { layers, receptive_field: field, jump, start, centre } of cases.receptive_field)
  test(`field of ${JSON.stringify(layers)}`, () => {
    for (const i of [0, 1]) {
      const along = (layer) =>
        Object.fromEntries(Object.entries(layer).map(([key, value]) => [key, axis(value, i)]));
      const end = layers.map(along).reduce((so_far, layer) => slide(so_far, layer.kernel_size, layer), PIXEL);
      assert.deepEqual(end, { size: axis(field, i), jump: axis(jump, i), start: axis(start, i) });
      assert.equal(end.start + end.size / 2, axis(centre, i));
    }
  });

// The widgets' fields let only whole numbers through: what is left to refuse is a window that does not fit.
const possible = ({ size, kernel_size: k, stride, padding, dilation }) =>
  [size, k, stride, dilation].every((n) => Number.isInteger(n) && n > 0) && padding >= 0 && 2 * padding <= k;
for (const { size, kernel_size: k, ceil_mode: ceil, ...options } of cases.refused.filter(possible))
  test(`no output of ${size} under ${k} with ${JSON.stringify(options)}, ceil ${ceil}`, () => {
    assert.equal(outputSize(size, k, { ...options, ceil }), 0);
  });

test("only a kernel with a middle keeps the size", () => {
  for (const dilation of [1, 2, 3])
    for (const k of [1, 3, 5, 7])
      assert.equal(outputSize(9, k, { padding: samePadding(k, dilation), dilation }), 9);
  assert.equal(samePadding(2), null);
  assert.equal(samePadding(4, 2), null);
});
