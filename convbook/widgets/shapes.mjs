// Exact sizes, the same formulas as convbook/shapes: both are tested on tests/cases/shapes.json.

/** Positions of a window along one axis: ⌊(n + 2p − d(k−1) − 1)/s⌋ + 1, or 0 when it does not fit. */
export function outputSize(size, kernel, { stride = 1, padding = 0, dilation = 1, ceil = false } = {}) {
  const room = size + 2 * padding - dilation * (kernel - 1) - 1;
  const steps = ceil ? Math.ceil(room / stride) : Math.floor(room / stride);
  if (steps < 0) return 0;
  // With ceil, a last window that would start in the right-hand padding is left out, as in PyTorch.
  return ceil && steps * stride >= size + padding ? steps : steps + 1;
}

/** Padding that keeps the size at stride 1: d(k−1)/2, or null when the kernel has no middle. */
export function samePadding(kernel, dilation = 1) {
  return (dilation * (kernel - 1)) % 2 === 0 && kernel % 2 === 1 ? (dilation * (kernel - 1)) / 2 : null;
}

/** The field along one axis of one output: `size` pixels, `jump` between neighbours, first pixel `start`. */
export const PIXEL = { size: 1, jump: 1, start: 0 };

/** The field after one more window; output i sees start + i·jump to start + i·jump + size − 1. */
export function slide({ size, jump, start }, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) {
  return { size: size + dilation * (kernel - 1) * jump, jump: jump * stride, start: start - padding * jump };
}
