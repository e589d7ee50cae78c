// The arithmetic of a convolution, value by value.
import { range } from "./common.mjs";
import { outputSize } from "./shapes.mjs";

/** The kernel slice as the window uses it: turned by 180° for a convolution. */
export function used(slice, flip) {
  return flip ? slice.map((row) => [...row].reverse()).reverse() : slice;
}

/** Products under the window at output (row, column): C × k_h × k_w of { x, w, product, inside, y, x }. */
export function products(
  input,
  filter,
  row,
  column,
  { stride = 1, padding = 0, dilation = 1, flip = false } = {},
) {
  return input.map((plane, channel) =>
    used(filter[channel], flip).map((weights, i) =>
      weights.map((weight, j) => {
        const [y, x] = [row * stride - padding + i * dilation, column * stride - padding + j * dilation];
        const inside = y >= 0 && x >= 0 && y < plane.length && x < plane[0].length;
        const value = inside ? plane[y][x] : 0;
        return { y, x, inside, value, weight, product: value * weight };
      }),
    ),
  );
}

/** The sum of nested lists of numbers. */
export const sum = (values) => values.flat(Infinity).reduce((total, value) => total + value, 0);

/** Output (F, H_out, W_out) of input (C, H, W) and kernel (F, C, k_h, k_w); an empty axis where nothing fits. */
export function convolve(input, kernel, bias, options = {}) {
  const rows = outputSize(input[0].length, kernel[0][0].length, options);
  const columns = outputSize(input[0][0].length, kernel[0][0][0].length, options);
  return kernel.map((filter, f) =>
    range(rows).map((r) =>
      range(columns).map(
        (c) =>
          (bias[f] ?? 0) +
          sum(
            products(input, filter, r, c, options)
              .flat(2)
              .map((p) => p.product),
          ),
      ),
    ),
  );
}

/** Where the `position`-th output value (from 1) is: { filter, row, column }, or null before the first. */
export function place(position, rows, columns) {
  if (position < 1 || rows * columns === 0) return null;
  const index = position - 1;
  return {
    filter: Math.floor(index / (rows * columns)),
    row: Math.floor((index % (rows * columns)) / columns),
    column: index % columns,
  };
}

/** Which of the n + 2p positions of an axis some window reads. */
export function readPositions(size, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) {
  const seen = Array(size + 2 * padding).fill(false);
  for (const o of range(outputSize(size, kernel, { stride, padding, dilation })))
    for (const i of range(kernel)) seen[o * stride + i * dilation] = true;
  return seen;
}

/** `plane` at another size: cut, or its last row and column repeated. */
export function resized(plane, rows, columns) {
  return range(rows).map((r) =>
    range(columns).map((c) => plane[Math.min(r, plane.length - 1)][Math.min(c, plane[0].length - 1)]),
  );
}

/** A kernel slice at another size: cut or set in zeros, about its middle. */
export function resizedKernel(slice, size) {
  const shift = Math.floor((size - slice.length) / 2);
  return range(size).map((r) => range(size).map((c) => slice[r - shift]?.[c - shift] ?? 0));
}

/** Small whole numbers for a channel that the reader adds. */
export const newPlane = (channel, rows, columns) =>
  range(rows).map((r) => range(columns).map((c) => (r * (channel + 2) + c * 3 + channel) % 4));
/** Small whole numbers for a slice of a filter that the reader adds. */
export const newSlice = (filter, channel, size) =>
  range(size).map((r) => range(size).map((c) => ((r * 2 + c * (filter + 1) + channel + filter) % 3) - 1));
