import assert from "node:assert/strict";
import test from "node:test";
import { big, largest, read, say, show } from "../../convbook/widgets/common.mjs";

test("texts take their values, and keep the names they are not given", () => {
  assert.equal(say("{a} of {b}", { a: 0 }), "0 of {b}");
  assert.equal(say(undefined), "");
});

test("numbers are shown short, with a true minus sign", () => {
  const shown = [1, -1, 0.1 + 0.2, -0.001, 1 / 3, 1234.5].map((value) => show(value));
  assert.deepEqual(shown, ["1", "−1", "0.3", "0", "0.33", "1234.5"]);
  assert.equal(show(12.6, 0), "13");
});

test("what is shown can be read back", () => {
  for (const value of [0, -3, 2.5]) assert.equal(read(show(value)), value);
  assert.deepEqual(["", " ", "x", "1e999", "1,5"].map(read), [null, null, null, null, 1.5]);
});

test("thousands stand apart", () => {
  assert.deepEqual([999, 1000, 1191170].map(big), ["999", "1\u202f000", "1\u202f191\u202f170"]);
});

test("the scale of a grid is its largest value, at least 1", () => {
  assert.equal(
    largest([
      [0.5, -7],
      [3, 2],
    ]),
    7,
  );
  assert.equal(largest([0, 0.2]), 1);
});
