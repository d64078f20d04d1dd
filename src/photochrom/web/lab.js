// @ts-check
// Colors are laid over a lightness as the server does it: CIE Lab, D65, to sRGB. Everything is 0..1 but a and b.

const STEPS = 4096;
const EPSILON = 216 / 24389;
const KAPPA = 24389 / 27;
/** sRGB's curve, linear to bytes. */
const GAMMA = Uint8ClampedArray.from({ length: STEPS + 1 }, (_, step) => {
  const linear = step / STEPS;
  return 255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);
});
const LINEAR = Float32Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** @param {number} linear */
const toByte = (linear) => GAMMA[linear <= 0 ? 0 : linear >= 1 ? STEPS : (linear * STEPS + 0.5) | 0];

/** @param {number} f */
const unfold = (f) => {
  const cube = f * f * f;
  return cube > EPSILON ? cube : (116 * f - 16) / KAPPA;
};

/** Return f(Y) of each pixel of a picture, which is (L + 16) / 116. @param {ImageData} picture */
export function lightnessOf(picture) {
  const { data } = picture;
  const folded = new Float32Array(data.length / 4);
  for (let at = 0; at < folded.length; at++) {
    const y = 0.2126 * LINEAR[data[4 * at]] + 0.7152 * LINEAR[data[4 * at + 1]] + 0.0722 * LINEAR[data[4 * at + 2]];
    folded[at] = y > EPSILON ? Math.cbrt(y) : (KAPPA * y + 16) / 116;
  }
  return folded;
}

/**
 * Color a picture: ``field`` holds a and b of each of ``columns`` x ``rows`` places, enlarged bilinearly.
 * @param {Float32Array} folded what lightnessOf gave @param {ImageData} target
 * @param {{ab: Float32Array, columns: number, rows: number}} field
 */
export function color(folded, target, { ab, columns, rows }) {
  const { data, width, height } = target;
  const across = spread(width, columns);
  const down = spread(height, rows);
  for (let y = 0; y < height; y++) {
    const upper = down.first[y] * columns;
    const lower = Math.min(down.first[y] + 1, rows - 1) * columns;
    const v = down.share[y];
    for (let x = 0; x < width; x++) {
      const left = across.first[x];
      const right = left + 1 < columns ? left + 1 : left;
      const u = across.share[x];
      const [p, q, r, s] = [2 * (upper + left), 2 * (upper + right), 2 * (lower + left), 2 * (lower + right)];
      const a = (1 - v) * ((1 - u) * ab[p] + u * ab[q]) + v * ((1 - u) * ab[r] + u * ab[s]);
      const b = (1 - v) * ((1 - u) * ab[p + 1] + u * ab[q + 1]) + v * ((1 - u) * ab[r + 1] + u * ab[s + 1]);
      const at = y * width + x;
      const fy = folded[at];
      const X = 0.95047 * unfold(fy + a / 500);
      const Y = unfold(fy);
      const Z = 1.08883 * unfold(fy - b / 200);
      data[4 * at] = toByte(3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z);
      data[4 * at + 1] = toByte(-0.969266 * X + 1.8760108 * Y + 0.041556 * Z);
      data[4 * at + 2] = toByte(0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z);
      data[4 * at + 3] = 255;
    }
  }
}

/** Return for each pixel the cell left of it, and how far it is on the way to the next. @param {number} pixels @param {number} cells */
function spread(pixels, cells) {
  const first = new Int32Array(pixels);
  const share = new Float32Array(pixels);
  for (let at = 0; at < pixels; at++) {
    const place = Math.min(Math.max(((at + 0.5) * cells) / pixels - 0.5, 0), cells - 1);
    first[at] = Math.floor(place);
    share[at] = place - first[at];
  }
  return { first, share };
}
