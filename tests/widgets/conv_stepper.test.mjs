import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { sentence, sizeFormula, unreadWords } from "../../convbook/widgets/conv_stepper.mjs";
import {
  convolve,
  place,
  products,
  readPositions,
  resized,
  resizedKernel,
  used,
} from "../../convbook/widgets/convolution.mjs";

const cases = JSON.parse(readFileSync(new URL("../cases/convolution.json", import.meta.url))).convolution;

for (const { name, input, kernel, bias, output, ...options } of cases)
  test(`convolution: ${name}`, () => {
    assert.deepEqual(convolve(input, kernel, bias, options), output);
  });

test("a window that fits nowhere gives no output", () => {
  assert.deepEqual(
    convolve(
      [[[1]]],
      [
        [
          [
            [1, 1],
            [1, 1],
          ],
        ],
      ],
      [0],
    ),
    [[]],
  );
});

test("products know what lies in the padding", () => {
  const [[corner]] = products([[[5]]], [[[2]]], 0, 0, { padding: 1 });
  assert.deepEqual(corner, [{ y: -1, x: -1, inside: false, value: 0, weight: 2, product: 0 }]);
});

test("a flipped kernel is turned by 180 degrees", () => {
  assert.deepEqual(
    used(
      [
        [1, 2],
        [3, 4],
      ],
      true,
    ),
    [
      [4, 3],
      [2, 1],
    ],
  );
});

test("positions go filter by filter, row by row", () => {
  assert.equal(place(0, 2, 3), null);
  assert.deepEqual(place(1, 2, 3), { filter: 0, row: 0, column: 0 });
  assert.deepEqual(place(6, 2, 3), { filter: 0, row: 1, column: 2 });
  assert.deepEqual(place(7, 2, 3), { filter: 1, row: 0, column: 0 });
});

test("cells that no window reads are known", () => {
  assert.deepEqual(readPositions(6, 3, { stride: 2 }), [true, true, true, true, true, false]);
  assert.deepEqual(readPositions(4, 1, { stride: 2 }), [true, false, true, false]);
  assert.deepEqual(readPositions(5, 3, { dilation: 2 }), [true, false, true, false, true]);
});

test("why cells are left out: skipped in between, or left over by the floor", () => {
  const t = { gaps: "gaps", left_over: "left" };
  const words = (size, kernel, options) => unreadWords(t, [readPositions(size, kernel, options), [true]]);
  assert.deepEqual(words(5, 3), []);
  assert.deepEqual(words(6, 3, { stride: 2 }), ["left"]);
  assert.deepEqual(words(5, 2, { stride: 2, dilation: 2 }), ["gaps"]);
  assert.deepEqual(words(6, 1, { stride: 2 }), ["gaps", "left"]);
});

test("another size keeps what it can", () => {
  assert.deepEqual(
    resized(
      [
        [1, 2],
        [3, 4],
      ],
      3,
      1,
    ),
    [[1], [3], [3]],
  );
  assert.deepEqual(resizedKernel([[7]], 3), [
    [0, 0, 0],
    [0, 7, 0],
    [0, 0, 0],
  ]);
  assert.deepEqual(
    resizedKernel(
      resizedKernel(
        [
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ],
        5,
      ),
      3,
    ),
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
  );
});

const t = {
  negative: "none",
  step: "{row},{column}: {sum} {bias} {total}",
  step_of: "filter {filter}",
  start: "start {all}",
  no_fit: "{reach} > {room}",
};

test("the formula shows the floor that it takes", () => {
  assert.match(
    sizeFormula("n", t, 6, 3, { stride: 2, padding: 0, dilation: 1 }),
    /^n = .*⌊\(6 \+ 2·0 − 1·2 − 1\)\/2⌋ \+ 1 = ⌊1\.5⌋ \+ 1 = 2$/,
  );
  assert.match(sizeFormula("n", t, 2, 3, { stride: 1, padding: 0, dilation: 1 }), /⌊−1\/1⌋ \+ 1: none$/);
});

test("the sentence adds up the channels and the bias", () => {
  const s = {
    input: [[[2]], [[3]]],
    kernel: [[[[1]], [[-2]]]],
    bias: [1],
    stride: 1,
    padding: 0,
    dilation: 1,
  };
  const terms = products(s.input, s.kernel[0], 0, 0);
  const result = convolve(s.input, s.kernel, s.bias);
  const at = { filter: 0, row: 0, column: 0 };
  assert.equal(sentence(t, s, at, terms, result, { all: 1 }), "1,1: 2 + (−6) 1 −3");
  assert.equal(sentence(t, s, null, null, result, { all: 1 }), "start 1");
  assert.equal(sentence(t, { ...s, kernel: [[[[1, 1]]]] }, null, null, [[]], { all: 0 }), "1 > 1");
});
