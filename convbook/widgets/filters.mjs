// Kernels with names, and what they make of a picture.
import { clamp, range } from "./common.mjs";

/** Gabor filter k × k: a cosine of wavelength `wave` at `angle` degrees under a Gaussian, in whole numbers that add up to 0. */
export function gabor(k, angle, wave = 4, sigma = 1.6) {
  const [half, turn] = [(k - 1) / 2, (angle * Math.PI) / 180];
  const raw = range(k).map((i) =>
    range(k).map((j) => {
      const [y, x] = [i - half, j - half];
      return (
        Math.exp(-(x * x + y * y) / (2 * sigma * sigma)) *
        Math.cos((2 * Math.PI * (x * Math.cos(turn) + y * Math.sin(turn))) / wave)
      );
    }),
  );
  const bell = range(k).map((i) =>
    range(k).map((j) => Math.exp(-((i - half) ** 2 + (j - half) ** 2) / (2 * sigma * sigma))),
  );
  const ratio = raw.flat().reduce((a, b) => a + b) / bell.flat().reduce((a, b) => a + b);
  const level = raw.map((row, i) => row.map((v, j) => v - ratio * bell[i][j]));
  const peak = Math.max(...level.flat().map(Math.abs));
  const whole = (most) => level.map((row) => row.map((v) => Math.round((v / peak) * most) + 0));
  const sums = range(20).map((i) =>
    whole(i + 6)
      .flat()
      .reduce((a, b) => a + b),
  );
  return whole(sums.findIndex((total) => total === 0) + 6);
}

const square = (k, value) => range(k).map(() => Array(k).fill(value));
const outer = (v) => v.map((a) => v.map((b) => a * b));

/** name → { kernel, divisor, view }. */
export const KERNELS = {
  identity: {
    kernel: [
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ],
    divisor: 1,
    view: "clip",
  },
  box: { kernel: square(3, 1), divisor: 9, view: "clip" },
  gaussian: { kernel: outer([1, 2, 1]), divisor: 16, view: "clip" },
  gaussian5: { kernel: outer([1, 4, 6, 4, 1]), divisor: 256, view: "clip" },
  motion: {
    kernel: range(5).map((i) => range(5).map((j) => (i + j === 4 ? 1 : 0))),
    divisor: 5,
    view: "clip",
  },
  sharpen: {
    kernel: [
      [0, -1, 0],
      [-1, 5, -1],
      [0, -1, 0],
    ],
    divisor: 1,
    view: "clip",
  },
  edges: {
    kernel: [
      [-1, -1, -1],
      [-1, 8, -1],
      [-1, -1, -1],
    ],
    divisor: 1,
    view: "size",
  },
  sobel_x: {
    kernel: [
      [-1, 0, 1],
      [-2, 0, 2],
      [-1, 0, 1],
    ],
    divisor: 1,
    view: "signed",
  },
  sobel_y: {
    kernel: [
      [-1, -2, -1],
      [0, 0, 0],
      [1, 2, 1],
    ],
    divisor: 1,
    view: "signed",
  },
  emboss: {
    kernel: [
      [-2, -1, 0],
      [-1, 1, 1],
      [0, 1, 2],
    ],
    divisor: 1,
    view: "clip",
  },
  gabor_0: { kernel: gabor(5, 0), divisor: 8, view: "signed" },
  gabor_45: { kernel: gabor(5, 45), divisor: 8, view: "signed" },
};

/** The name of this kernel in the table, or null. */
export function nameOf(kernel, divisor) {
  const key = JSON.stringify([kernel, divisor]);
  return (
    Object.keys(KERNELS).find(
      (name) => JSON.stringify([KERNELS[name].kernel, KERNELS[name].divisor]) === key,
    ) ?? null
  );
}

/** Where an index outside 0…n−1 reads: an index inside, or −1 for a zero. */
export function outside(index, n, border) {
  if (index >= 0 && index < n) return index;
  if (border === "zero") return -1;
  if (border === "nearest") return clamp(index, 0, n - 1);
  const period = 2 * n - 2 || 1; // mirror: the edge pixel itself is not repeated
  const folded = ((index % period) + period) % period;
  return folded < n ? folded : period - folded;
}

/** Cross-correlation of one plane (size × size, row by row) with a k × k kernel, divided, at the same size. */
export function filterPlane(plane, size, kernel, divisor, border) {
  const half = (kernel.length - 1) / 2;
  const wide = size + 2 * half;
  const padded = new Float32Array(wide * wide);
  const from = range(wide).map((i) => outside(i - half, size, border));
  for (let r = 0; r < wide; r += 1) {
    if (from[r] < 0) continue;
    for (let c = 0; c < wide; c += 1)
      if (from[c] >= 0) padded[r * wide + c] = plane[from[r] * size + from[c]];
  }
  const result = new Float32Array(size * size);
  kernel.forEach((weights, i) =>
    weights.forEach((weight, j) => {
      if (weight === 0) return;
      const factor = weight / divisor;
      for (let r = 0; r < size; r += 1) {
        const start = (r + i) * wide + j;
        const line = r * size;
        for (let c = 0; c < size; c += 1) result[line + c] += factor * padded[start + c];
      }
    }),
  );
  return result;
}

/** The k × k pixels under the kernel at (row, column), border included. */
export function patchAt(plane, size, row, column, k, border) {
  const half = (k - 1) / 2;
  return range(k).map((i) =>
    range(k).map((j) => {
      const [y, x] = [outside(row + i - half, size, border), outside(column + j - half, size, border)];
      return y < 0 || x < 0 ? 0 : plane[y * size + x];
    }),
  );
}

/** How an output value becomes a grey between 0 and 255; `peak` is the largest absolute value. */
export function drawn(value, view, peak) {
  if (view === "signed") return 127.5 + (127.5 * value) / (peak || 1);
  return view === "size" ? (255 * Math.abs(value)) / (peak || 1) : clamp(value, 0, 255);
}

/** A kernel set in the middle of another size. */
export function centred(kernel, size) {
  const shift = (size - kernel.length) / 2;
  return range(size).map((r) => range(size).map((c) => kernel[r - shift]?.[c - shift] ?? 0));
}
