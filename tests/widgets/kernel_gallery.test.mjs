import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { convolve } from "../../convbook/widgets/convolution.mjs";
import {
  centred,
  drawn,
  filterPlane,
  gabor,
  KERNELS,
  nameOf,
  outside,
  patchAt,
} from "../../convbook/widgets/filters.mjs";
import { draw, PICTURES, withGrey } from "../../convbook/widgets/pictures.mjs";

const { convolution } = JSON.parse(readFileSync(new URL("../cases/convolution.json", import.meta.url)));
const sum = (kernel) => kernel.flat().reduce((a, b) => a + b, 0);

test("filtering with zeros outside is the convolution of the stepper, for every kernel", () => {
  const size = 8;
  const plane = Float32Array.from({ length: size * size }, (_, i) => (i * 37) % 251);
  const rows = Array.from({ length: size }, (_, r) => [...plane.slice(r * size, (r + 1) * size)]);
  for (const [name, { kernel, divisor }] of Object.entries(KERNELS)) {
    const expected = convolve([rows], [[kernel]], [0], { padding: (kernel.length - 1) / 2 }).flat(2);
    filterPlane(plane, size, kernel, divisor, "zero").forEach((value, i) =>
      assert.ok(Math.abs(value - expected[i] / divisor) < 1e-2, name),
    );
  }
});

test("the seed's Sobel example comes out of the gallery's Sobel kernel", () => {
  const { input, kernel, output } = convolution[0];
  assert.deepEqual(kernel[0][0], KERNELS.sobel_x.kernel);
  const size = 7;
  const plane = Float32Array.from(
    { length: size * size },
    (_, i) => input[0][Math.floor(i / size)]?.[i % size] ?? 0,
  );
  const found = filterPlane(plane, size, KERNELS.sobel_x.kernel, 1, "zero");
  assert.deepEqual(
    [1, 2].map((r) => [...found.slice(r * size + 1, r * size + 6)]),
    output[0],
  );
});

test("borders: what stands outside the picture", () => {
  const read = (border) => [-2, -1, 0, 4, 5, 6].map((i) => outside(i, 5, border));
  assert.deepEqual(read("zero"), [-1, -1, 0, 4, -1, -1]);
  assert.deepEqual(read("nearest"), [0, 0, 0, 4, 4, 4]);
  assert.deepEqual(read("mirror"), [2, 1, 0, 4, 3, 2]);
  assert.equal(outside(-1, 1, "mirror"), 0);
});

test("the arithmetic under the cursor is what the picture shows, at the corners too", () => {
  const size = 6;
  const plane = Float32Array.from({ length: size * size }, (_, i) => (i * 53) % 256);
  const { kernel, divisor } = KERNELS.gaussian5;
  for (const border of ["zero", "nearest", "mirror"]) {
    const picture = filterPlane(plane, size, kernel, divisor, border);
    for (const [r, c] of [
      [0, 0],
      [2, 3],
      [5, 5],
      [0, 5],
    ]) {
      const patch = patchAt(plane, size, r, c, 5, border);
      const value = patch.flat().reduce((total, v, i) => total + v * kernel.flat()[i], 0) / divisor;
      assert.ok(Math.abs(value - picture[r * size + c]) < 1e-2);
    }
  }
});

test("kernels that blur or sharpen keep an even area, those for edges make it 0", () => {
  for (const name of ["identity", "box", "gaussian", "gaussian5", "motion", "sharpen", "emboss"])
    assert.equal(sum(KERNELS[name].kernel), KERNELS[name].divisor, name);
  for (const name of ["edges", "sobel_x", "sobel_y", "gabor_0", "gabor_45"])
    assert.equal(sum(KERNELS[name].kernel), 0, name);
});

test("a Gabor filter turned by 90 degrees is its transpose", () => {
  const upright = gabor(5, 0);
  const turned = gabor(5, 90);
  upright.forEach((row, i) => row.forEach((v, j) => assert.equal(turned[j][i], v)));
});

test("a kernel is found by its numbers", () => {
  assert.equal(
    nameOf(
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ],
      9,
    ),
    "box",
  );
  assert.equal(
    nameOf(
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ],
      1,
    ),
    null,
  );
  assert.equal(nameOf(centred(centred(KERNELS.emboss.kernel, 5), 3), 1), "emboss");
});

test("values become greys between 0 and 255", () => {
  assert.deepEqual(
    [-10, 0, 300].map((v) => drawn(v, "clip", 300)),
    [0, 0, 255],
  );
  assert.deepEqual(
    [-300, 0, 300].map((v) => drawn(v, "signed", 300)),
    [0, 127.5, 255],
  );
  assert.deepEqual(
    [-300, 0, 150].map((v) => drawn(v, "size", 300)),
    [255, 0, 127.5],
  );
  assert.equal(drawn(0, "signed", 0), 127.5);
});

test("the pictures are whole values from 0 to 255, with light and dark, the same every time", () => {
  for (const name of Object.keys(PICTURES)) {
    const { rgb, grey } = draw(name, 32);
    for (const plane of [...rgb, grey])
      assert.ok(
        plane.every((v) => Number.isInteger(v) && v >= 0 && v <= 255),
        name,
      );
    assert.ok(Math.max(...grey) - Math.min(...grey) > 120, name);
    assert.deepEqual(draw(name, 32).grey, grey);
  }
});

test("grey weighs the channels as the eye does", () => {
  const [red, green, blue] = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ].map((pixel) => withGrey(pixel.map((v) => Float32Array.of(v))).grey[0]);
  assert.deepEqual([red, green, blue], [76, 150, 29]);
});
