// @ts-check
// Where the photo lies on the stage. Lengths are CSS pixels on the stage, and pixels of the photo at full size.

const MARGIN = 12;
const STEP = 1.25;

export class Viewport {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.stageWidth = 1;
    this.stageHeight = 1;
    /** CSS pixels per pixel of the photo, and where its corner lies on the stage. */
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true;
  }

  /** The scale at which the whole photo is to be seen. */
  get fitScale() {
    return Math.min((this.stageWidth - 2 * MARGIN) / this.width, (this.stageHeight - 2 * MARGIN) / this.height);
  }

  /** @param {number} width @param {number} height */
  photoIs(width, height) {
    this.width = width;
    this.height = height;
    this.fit();
  }

  /** @param {number} width @param {number} height */
  stageIs(width, height) {
    const [x, y] = this.toPhoto(this.stageWidth / 2, this.stageHeight / 2);
    this.stageWidth = width;
    this.stageHeight = height;
    if (this.fitted) return this.fit();
    this.x = width / 2 - x * this.scale;
    this.y = height / 2 - y * this.scale;
    this.keepInside();
  }

  fit() {
    this.scale = Math.max(this.fitScale, 1e-4);
    this.fitted = true;
    this.keepInside();
  }

  /** Zoom so that the place (x, y) of the stage stays. @param {number} factor @param {number} [x] @param {number} [y] */
  zoom(factor, x = this.stageWidth / 2, y = this.stageHeight / 2) {
    const least = Math.min(this.fitScale, 1);
    const scale = Math.min(Math.max(this.scale * factor, least), Math.max(16, this.fitScale));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = Math.abs(scale / this.fitScale - 1) < 1e-3;
    this.keepInside();
  }

  zoomIn() {
    this.zoom(STEP);
  }

  zoomOut() {
    this.zoom(1 / STEP);
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.keepInside();
  }

  /** A photo smaller than the stage stays in its middle, a larger one covers it. */
  keepInside() {
    const width = this.width * this.scale;
    const height = this.height * this.scale;
    this.x = width <= this.stageWidth ? (this.stageWidth - width) / 2 : Math.min(0, Math.max(this.stageWidth - width, this.x));
    this.y = height <= this.stageHeight ? (this.stageHeight - height) / 2 : Math.min(0, Math.max(this.stageHeight - height, this.y));
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  toPhoto(x, y) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  /** Whether a place of the photo is one. @param {[number, number]} place */
  contains([x, y]) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  /** What is to be seen of the photo: left, top, right, bottom. @returns {[number, number, number, number]} */
  visible() {
    const [left, top] = this.toPhoto(0, 0);
    const [right, bottom] = this.toPhoto(this.stageWidth, this.stageHeight);
    return [Math.max(0, left), Math.max(0, top), Math.min(this.width, right), Math.min(this.height, bottom)];
  }
}
