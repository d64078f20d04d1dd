// @ts-check
// The stage: before and after on one canvas, a border between them that can be moved, tiles where one looks closely.

import { feelGestures } from "./gestures.js";
import { element } from "./page.js";
import { placesIn, tileKind, Tiles } from "./tiles.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./gestures.js").Hands} Hands */

const DIVIDER_STEP = 0.02;
const SMOOTH_BELOW = 3;

export const view = new Viewport();
const tiles = new Tiles(() => redraw());
/** What is shown: the photo, its colored version, and what lies over both.
 * @type {{job: Job | null, page: number, before: ImageBitmap | null, after: CanvasImageSource | null, sharp: boolean,
 *   over: ImageBitmap | null, split: number, marks: (context: CanvasRenderingContext2D) => void,
 *   says: {shows?: string, live?: string, guess?: string}}} */
const shown = { job: null, page: 0, before: null, after: null, sharp: false, over: null, split: 0.5, marks: () => {}, says: {} };
let drawn = false;

/** Show another photo. @param {Job} job @param {number} page */
export function showPhoto(job, page) {
  tiles.clear();
  const [width, height] = job.photo.sizes[page] ?? [job.photo.width, job.photo.height];
  Object.assign(shown, { job, page, before: null, after: null, over: null, sharp: false, says: {} });
  tellDrawn();
  view.photoIs(width, height);
  redraw();
}

/** Change what is shown; what it ``says`` of that is added. @param {Partial<typeof shown>} change */
export function setStage({ says, ...change }) {
  Object.assign(shown, change);
  Object.assign(shown.says, says);
  redraw();
}

/** Draw at the next frame. */
export function redraw() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    draw();
  });
}

function draw() {
  const { job, before, after, over, split } = shown;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas"));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const border = split * view.stageWidth;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, view.stageWidth, view.stageHeight);
  context.imageSmoothingEnabled = view.scale * devicePixelRatio < SMOOTH_BELOW;
  context.imageSmoothingQuality = "high";
  const kinds = job ? { photo: tileKind(job, "photo", shown.page), result: tileKind(job, "result", shown.page) } : null;
  part(context, 0, after ? border : view.stageWidth, before, kinds?.photo);
  part(context, border, view.stageWidth, after, shown.sharp ? kinds?.result : undefined);
  context.setTransform(devicePixelRatio * view.scale, 0, 0, devicePixelRatio * view.scale, devicePixelRatio * view.x, devicePixelRatio * view.y);
  if (over) {
    context.globalAlpha = 0.6;
    context.drawImage(over, 0, 0, view.width, view.height);
    context.globalAlpha = 1;
  }
  shown.marks(context);
  if (kinds) wantTiles(kinds, border);
  element("zoom").textContent = `${Math.round(view.scale * devicePixelRatio * 100)} %`;
  tellDrawn();
}

/** Say in the document what is drawn: which revision of the result, or which live colors; and whether more is coming. */
function tellDrawn() {
  const stage = /** @type {HTMLElement} */ (element("stage"));
  for (const name of /** @type {const} */ (["shows", "live", "guess"])) {
    if (shown.says[name] === undefined) delete stage.dataset[name];
    else stage.dataset[name] = shown.says[name];
  }
  stage.dataset.sharp = String(!tiles.busy);
}

/** Draw a picture of the whole photo between two borders of the stage, and sharper pieces over it.
 * @param {CanvasRenderingContext2D} context @param {number} left @param {number} right
 * @param {CanvasImageSource | null} image @param {string | undefined} kind */
function part(context, left, right, image, kind) {
  if (right <= left || !image) return;
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, view.stageHeight);
  context.clip();
  context.drawImage(image, view.x, view.y, view.width * view.scale, view.height * view.scale);
  const unit = 1 / devicePixelRatio;
  const whole = (/** @type {number} */ value) => Math.round(value / unit) * unit;
  for (const tile of kind ? tiles.of(kind) : []) {
    const x = whole(view.x + tile.x * view.scale);
    const y = whole(view.y + tile.y * view.scale);
    const width = Math.min(tile.size, view.width - tile.x);
    const height = Math.min(tile.size, view.height - tile.y);
    const [ex, ey] = [whole(view.x + (tile.x + width) * view.scale), whole(view.y + (tile.y + height) * view.scale)];
    context.drawImage(tile.image, x, y, ex - x, ey - y);
  }
  context.restore();
}

/** @param {{photo: string, result: string}} kinds @param {number} border */
function wantTiles(kinds, border) {
  const zoom = view.scale * devicePixelRatio;
  const width = shown.before?.width ?? view.width;
  if (!shown.before || zoom * view.width <= width * 1.1 || width >= view.width) return tiles.want([]);
  const [left, top, right, bottom] = view.visible();
  const middle = Math.min(Math.max(view.toPhoto(border, 0)[0], left), right);
  const places = [];
  if (shown.sharp && middle < right) places.push(...placesIn(kinds.result, [middle, top, right, bottom], zoom));
  if (left < middle) places.push(...placesIn(kinds.photo, [left, top, middle, bottom], zoom));
  tiles.want(places);
}

/** @param {number} split */
function setDivider(split) {
  shown.split = Math.min(1, Math.max(0, split));
  const divider = element("divider");
  const percent = Math.round(shown.split * 100);
  divider.style.left = `${shown.split * 100}%`;
  divider.setAttribute("aria-valuenow", String(percent));
  divider.setAttribute("aria-valuetext", `${percent} % before, ${100 - percent} % after`);
  redraw();
}

function startDivider() {
  const divider = /** @type {HTMLElement} */ (element("divider"));
  divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = element("stage").getBoundingClientRect();
    setDivider((event.clientX - box.left) / box.width);
  });
  divider.addEventListener("keydown", (event) => {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -DIVIDER_STEP, ArrowRight: DIVIDER_STEP, PageDown: -0.2, PageUp: 0.2, Home: -1, End: 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    setDivider(shown.split + steps[event.key]);
  });
  setDivider(0.5);
}

/** Begin. @param {Hands} hands */
export function startStage(hands) {
  const stage = /** @type {HTMLElement} */ (element("stage"));
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas"));
  new ResizeObserver(() => {
    view.stageIs(stage.clientWidth, stage.clientHeight);
    canvas.width = Math.round(stage.clientWidth * devicePixelRatio);
    canvas.height = Math.round(stage.clientHeight * devicePixelRatio);
    draw();
  }).observe(stage);
  feelGestures(stage, view, { ...hands, moved: redraw });
  const acts = { "zoom-in": () => view.zoomIn(), "zoom-out": () => view.zoomOut(), "zoom-fit": () => view.fit() };
  Object.assign(acts, { "zoom-full": () => view.zoom(1 / devicePixelRatio / view.scale) });
  for (const [id, act] of Object.entries(acts)) {
    element(id).addEventListener("click", () => {
      act();
      redraw();
    });
  }
  startDivider();
}
