// @ts-check
// What hands do on the stage: wheel, drag, pinch, click, keys.

/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {{x: number, y: number}} Place */
/** @typedef {{moved: () => void, click: (x: number, y: number) => void, draws: () => boolean,
 *   draw: (x: number, y: number, first: boolean) => void, drawn: (kept: boolean) => void}} Hands */

const CLICK_PX = 5;
const ARROW_PX = 60;

/** @param {HTMLElement} stage @param {Viewport} view @param {Hands} hands */
export function feelGestures(stage, view, hands) {
  /** @type {Map<number, Place>} */
  const fingers = new Map();
  let travel = 0;
  let drawing = false;

  /** @param {MouseEvent} event @returns {Place} */
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    const at = place(event);
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at);
    if (fingers.size === 1) travel = 0;
    if (fingers.size === 1 && event.button === 0 && hands.draws()) {
      drawing = true;
      hands.draw(at.x, at.y, true);
    } else if (drawing) {
      drawing = false;
      hands.drawn(false);
    }
  });

  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    travel += Math.hypot(now.x - before.x, now.y - before.y);
    if (drawing) hands.draw(now.x, now.y, false);
    else if (fingers.size === 1) view.pan(now.x - before.x, now.y - before.y);
    else pinch(view, before, now, other(fingers, event.pointerId));
    fingers.set(event.pointerId, now);
    if (!drawing) hands.moved();
  });

  /** @param {PointerEvent} event */
  const up = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const at = place(event);
    if (drawing) {
      drawing = false;
      hands.drawn(event.type === "pointerup");
    } else if (event.type === "pointerup" && event.button === 0 && fingers.size === 0 && travel < CLICK_PX) {
      hands.click(at.x, at.y);
    }
    if (fingers.size) travel = CLICK_PX;
  };
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    view.zoom(Math.exp((-event.deltaY * lines * (event.ctrlKey ? 4 : 1)) / 500), x, y);
    hands.moved();
  }, { passive: false });

  stage.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !pressed(event.key, view)) return;
    event.preventDefault();
    hands.moved();
  });
  stage.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    hands.click(view.stageWidth / 2, view.stageHeight / 2);
  });
}

/** Do what a key says; tells whether it says anything. @param {string} key @param {Viewport} view */
function pressed(key, view) {
  /** @type {Record<string, () => void>} */
  const keys = {
    "+": () => view.zoomIn(), "=": () => view.zoomIn(), "-": () => view.zoomOut(),
    0: () => view.fit(), 1: () => view.zoom(1 / devicePixelRatio / view.scale),
    ArrowLeft: () => view.pan(ARROW_PX, 0), ArrowRight: () => view.pan(-ARROW_PX, 0),
    ArrowUp: () => view.pan(0, ARROW_PX), ArrowDown: () => view.pan(0, -ARROW_PX),
  };
  keys[key]?.();
  return key in keys;
}

/** @param {Map<number, Place>} fingers @param {number} id @returns {Place} */
function other(fingers, id) {
  return /** @type {Place} */ ([...fingers].find(([one]) => one !== id)?.[1]);
}

/** One of two fingers has moved. @param {Viewport} view @param {Place} before @param {Place} now @param {Place} still */
function pinch(view, before, now, still) {
  const was = Math.hypot(before.x - still.x, before.y - still.y);
  const is = Math.hypot(now.x - still.x, now.y - still.y);
  view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  if (was > 0) view.zoom(is / was, (now.x + still.x) / 2, (now.y + still.y) / 2);
}
