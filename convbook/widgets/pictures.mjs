// Pictures drawn by code: the colour at a point (x, y) of the unit square, sampled four times a pixel.
import { clamp, range } from "./common.mjs";

export const SIZE = 128;

const mix = (a, b, w) => a.map((v, i) => v + (b[i] - v) * clamp(w, 0, 1));
const wave = (x, y) => Math.sin(x * 91.7 + y * 47.3) * Math.sin(x * 57.1 - y * 113.9);

function scene(x, y) {
  const ridge = 0.4 + 0.1 * Math.sin(x * 7 + 1) + 0.05 * Math.sin(x * 17);
  const hill = 0.6 - 0.09 * Math.sin(x * 4 + 0.4);
  let colour = mix([92, 150, 214], [226, 232, 238], y * 2.1);
  if (Math.hypot(x - 0.8, y - 0.16) < 0.075) colour = [252, 226, 140];
  if (y > ridge)
    colour =
      y < ridge + 0.035 + 0.02 * Math.sin(x * 40)
        ? [240, 243, 247]
        : mix([104, 112, 136], [140, 148, 160], (y - ridge) * 3 + 0.3 * wave(x, y));
  if (y > hill) colour = mix([70, 128, 66], [128, 166, 84], (y - hill) * 2 + 0.35 * wave(x * 1.7, y * 1.9));
  if (y > hill + 0.02 && Math.abs(x - 0.72 - (y - 0.6) * 0.35) < 0.02 + (y - 0.6) * 0.17)
    colour = [196, 176, 142];
  const house = x > 0.2 && x < 0.52 && y > 0.47 && y < 0.76;
  if (house) {
    colour = x < 0.43 ? [226, 208, 178] : [178, 158, 132];
    if (Math.abs(y * 60 - Math.round(y * 60)) < 0.12) colour = mix(colour, [120, 100, 80], 0.35);
    if ((Math.abs(x - 0.265) < 0.032 || Math.abs(x - 0.375) < 0.032) && Math.abs(y - 0.57) < 0.045)
      colour =
        Math.min(Math.abs(x - 0.265), Math.abs(x - 0.375)) < 0.005 || Math.abs(y - 0.57) < 0.005
          ? [245, 240, 230]
          : [52, 66, 92];
    if (Math.abs(x - 0.32) < 0.032 && y > 0.65) colour = [112, 62, 40];
  }
  const roof = (y - 0.3) / 0.18;
  if (y > 0.3 && y < 0.48 && Math.abs(x - 0.36) < 0.05 + roof * 0.15)
    colour = x < 0.36 + roof * 0.07 ? [168, 58, 46] : [126, 42, 38];
  if (x > 0.43 && x < 0.48 && y > 0.28 && y < 0.4) colour = [134, 74, 62];
  const crown = Math.hypot((x - 0.86) / 0.105, (y - 0.52) / 0.15);
  if (Math.abs(x - 0.86) < 0.014 && y > 0.56 && y < 0.82) colour = [92, 64, 42];
  if (crown < 1 + 0.08 * wave(x * 2, y * 2))
    colour = mix([34, 88, 44], [96, 152, 70], 0.5 + 0.4 * wave(x * 2.3, y * 2.1) - (y - 0.5) * 2);
  return colour;
}

function shapes(x, y) {
  if (Math.hypot(x - 0.27, y - 0.28) < 0.17) return [228, 92, 72];
  if (x > 0.56 && x < 0.88 && y > 0.12 && y < 0.44) return [66, 118, 196];
  if (y > 0.56 && y < 0.88 && Math.abs(x - 0.27) < (y - 0.56) * 0.58) return [82, 164, 104];
  const [u, v] = [x - 0.72, y - 0.72];
  const angle = ((Math.atan2(v, u) * 180) / Math.PI + 360) % 360;
  if (Math.hypot(u, v) < 0.2 && angle % 30 < 10) return [40, 40, 48];
  return [238, 236, 228];
}

const segment = (x, y, x0, y0, x1, y1) => {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const t = clamp(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1);
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
};
const arc = (x, y, cx, cy, r, from, to) => {
  const angle = ((Math.atan2(y - cy, x - cx) * 180) / Math.PI + 360) % 360;
  return from <= to
    ? angle >= from && angle <= to
      ? Math.abs(Math.hypot(x - cx, y - cy) - r)
      : 9
    : angle >= from || angle <= to
      ? Math.abs(Math.hypot(x - cx, y - cy) - r)
      : 9;
};

function digits(x, y) {
  const strokes = [
    arc(x, y, 0.25, 0.26, 0.12, 0, 360), // 0
    segment(x, y, 0.66, 0.18, 0.76, 0.11),
    segment(x, y, 0.76, 0.11, 0.76, 0.42), // 1
    segment(x, y, 0.12, 0.6, 0.38, 0.6),
    segment(x, y, 0.38, 0.6, 0.22, 0.9), // 7
    arc(x, y, 0.75, 0.66, 0.075, 200, 90),
    arc(x, y, 0.75, 0.82, 0.085, 270, 160), // 3
  ];
  const near = Math.min(...strokes);
  const ink = clamp((0.034 - near) / 0.012, 0, 1);
  return [20 + 225 * ink, 20 + 225 * ink, 24 + 221 * ink];
}

function rings(x, y) {
  const r2 = (x - 0.5) ** 2 + (y - 0.5) ** 2;
  const v = 127.5 + 120 * Math.cos(130 * r2) * clamp((0.5 - Math.sqrt(r2)) * 14, 0, 1);
  return [v, v, v];
}

export const PICTURES = { scene, shapes, digits, rings };

/** Three planes (red, green, blue) and their grey, of a picture drawn by code. */
export function draw(name, size = SIZE) {
  const rgb = range(3).map(() => new Float32Array(size * size));
  const paint = PICTURES[name];
  for (let r = 0; r < size; r += 1)
    for (let c = 0; c < size; c += 1) {
      for (const [dx, dy] of [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ])
        paint((c + dx) / size, (r + dy) / size).forEach((v, k) => (rgb[k][r * size + c] += v / 4));
    }
  return withGrey(rgb);
}

/** Whole pixel values, and the grey that the eye would give them. */
export function withGrey(rgb) {
  const planes = rgb.map((plane) => plane.map((v) => Math.round(clamp(v, 0, 255))));
  return {
    rgb: planes,
    grey: planes[0].map((r, i) => Math.round(0.299 * r + 0.587 * planes[1][i] + 0.114 * planes[2][i])),
  };
}
