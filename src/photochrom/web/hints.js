// @ts-check
// Colors given by hand: painted, suggested by the model, erased, saved and loaded; and the map of guesses.

import { API, ask, askJson } from "./api.js";
import { adopt, choose, desk, job, save, watch } from "./desk.js";
import { modelNamed } from "./models.js";
import { attempt, element, make, note, save as saveFile, say, takesFile } from "./page.js";
import { redraw, setStage, startStage, view } from "./stage.js";

/** @typedef {import("./api.js").Hint} Hint */
/** @typedef {import("./api.js").Alternative} Alternative */
/** @typedef {"look" | "ask" | "paint" | "erase"} Tool */

const MOST_POINTS = 2000;
const NOTES = {
  look: "Drag to move, wheel or pinch to zoom.",
  ask: "Click a thing to see which colors it may have. By keyboard: Enter, for the middle.",
  paint: "Paint a color where it belongs; its lightness stays that of the photo.",
  erase: "Click a hint to remove it.",
};
/** The stroke being painted. @type {Hint | null} */
let stroke = null;
/** Where suggestions were asked for. @type {[number, number] | null} */
let askedAt = null;
let turn = 0;

/** @returns {Tool} */
const tool = () => /** @type {any} */ (document.querySelector("input[name=tool]:checked")).value;
const longSide = () => Math.max(view.width, view.height);
const hints = () => desk.choice?.hints ?? [];

/** The radius of a hint in pixels of the photo. @param {Hint} hint */
const radiusOf = (hint) => hint.radius ?? longSide() / 100;

/** @param {number} x @param {number} y @param {boolean} first */
function paint(x, y, first) {
  const [px, py] = view.toPhoto(x, y);
  /** @type {[number, number]} */
  const place = [Math.min(Math.max(px, 0), view.width - 1), Math.min(Math.max(py, 0), view.height - 1)];
  const at = /** @type {[number, number]} */ (place.map((value) => Math.round(value * 10) / 10));
  if (first) {
    stroke = null;
    if (!view.contains([px, py])) return;
    stroke = { points: [at], color: element("color").value, radius: Math.max(0.5, (longSide() * Number(element("radius").value)) / 100) };
  } else if (stroke && stroke.points.length < MOST_POINTS) {
    const [lx, ly] = /** @type {[number, number]} */ (stroke.points.at(-1));
    if (Math.hypot(at[0] - lx, at[1] - ly) > radiusOf(stroke) / 2) stroke.points.push(at);
  }
  redraw();
}

/** The uppermost hint at a place. @param {[number, number]} place */
function hintAt([x, y]) {
  const least = 8 / view.scale;
  return hints().findLastIndex((hint) => hint.points.some(([px, py]) => Math.hypot(px - x, py - y) <= Math.max(radiusOf(hint), least)));
}

/** @param {number} index */
function remove(index) {
  if (index >= 0) choose({ hints: hints().filter((_, at) => at !== index) });
}

/** @param {boolean} kept */
function painted(kept) {
  if (kept && stroke) choose({ hints: [...hints(), stroke] });
  stroke = null;
  redraw();
}

/** @param {number} x @param {number} y */
function click(x, y) {
  const place = view.toPhoto(x, y);
  if (!view.contains(place)) return;
  if (tool() === "ask") attempt(() => suggest(place));
  if (tool() === "erase") remove(hintAt(place));
  if (tool() === "paint") {
    paint(x, y, true);
    painted(true);
  }
}

/** List the likely colors of the thing at a place. @param {[number, number]} place */
async function suggest(place) {
  const now = ++turn;
  const list = element("alternatives");
  askedAt = place;
  redraw();
  list.replaceChildren(make("li", { class: "quiet", text: "Asking the model" }));
  try {
    await save();
    const [x, y] = place.map((value) => value.toFixed(1));
    /** @type {Alternative[]} */
    const found = await askJson(`/jobs/${job().id}/alternatives?x=${x}&y=${y}&page=${desk.page}`);
    if (now !== turn) return;
    list.replaceChildren(...found.map(option));
    say(`${found.length} likely colors`);
  } catch (error) {
    list.replaceChildren();
    throw error;
  }
}

/** @param {Alternative} one */
function option({ color, probability, hint }) {
  const percent = `${probability < 0.01 ? "< 1" : Math.round(probability * 100)} %`;
  return make("li", {}, make("button", { type: "button", "aria-label": `Use ${color}, ${percent} likely`,
    onclick: () => choose({ hints: [...hints(), hint] }) }, swatch(color), make("span", { text: percent })));
}

/** A patch of a color: an image, as the page allows no styles written into it. @param {string} color */
function swatch(color) {
  const canvas = make("canvas", { class: "swatch", width: 1, height: 1, "aria-hidden": "true" });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return canvas;
}

/** Draw hints over the photo, in its pixels. @param {CanvasRenderingContext2D} context */
function marks(context) {
  if (tool() === "look") return;
  const thin = 1.5 / view.scale;
  for (const hint of [...hints(), ...(stroke ? [stroke] : [])]) {
    for (const [width, color] of /** @type {[number, string][]} */ ([[2 * thin, "#fff"], [0, hint.color]])) {
      context.beginPath();
      context.moveTo(...hint.points[0]);
      for (const point of hint.points) context.lineTo(...point);
      if (hint.points.length === 1) context.lineTo(hint.points[0][0] + 0.01, hint.points[0][1]);
      Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: color });
      context.lineWidth = Math.max(2 * radiusOf(hint), 6 * thin) + width;
      context.stroke();
    }
  }
  if (tool() === "ask" && askedAt) {
    context.beginPath();
    context.arc(...askedAt, 8 / view.scale, 0, 7);
    Object.assign(context, { lineWidth: 2 * thin, strokeStyle: "#fff" });
    context.stroke();
    Object.assign(context, { lineWidth: thin, strokeStyle: "#000" });
    context.stroke();
  }
}

function show() {
  const takes = modelNamed(desk.choice?.model ?? null)?.takes_hints ?? true;
  const now = tool();
  element("stage").dataset.tool = now;
  element("brush").hidden = now !== "paint";
  element("alternatives").hidden = now !== "ask";
  element("tool-note").textContent = takes ? NOTES[now] : "This model takes no hints; choose another one below.";
  for (const input of document.querySelectorAll("input[name=tool]")) /** @type {any} */ (input).disabled = !takes && /** @type {any} */ (input).value !== "look";
  const list = hints().map((hint, at) => make("li", {}, swatch(hint.color),
    make("span", { text: `${hint.points.length > 1 ? "Stroke" : "Point"} at ${hint.points[0].map(Math.round).join(", ")}` }),
    make("button", { type: "button", class: "plain", "aria-label": `Remove hint ${at + 1}`, text: "✕", onclick: () => remove(at) })));
  element("hint-list").replaceChildren(...list);
  element("clear-hints").disabled = element("save-hints").disabled = hints().length === 0;
  redraw();
}

/** Show where the model is guessing, or hide it. */
async function showGuess() {
  const { checked } = element("guess");
  if (!checked || !desk.job) return setStage({ over: null, says: { guess: undefined } });
  try {
    await save();
    const response = await ask(`/jobs/${job().id}/guess.png?page=${desk.page}`);
    const over = await createImageBitmap(await response.blob());
    if (element("guess").checked) setStage({ over, says: { guess: "shown" } });
    say("Blue: the model is sure. Yellow: it is guessing.");
  } catch (error) {
    element("guess").checked = false;
    throw error;
  }
}

/** @param {File} file */
async function load(file) {
  await save();
  const body = await file.arrayBuffer();
  await adopt(() => askJson(`/jobs/${job().id}/hints`, { method: "PUT", body }));
  note(`${hints().length} ${hints().length === 1 ? "hint" : "hints"} loaded`);
}

/** Begin, with the stage. */
export function startHints() {
  startStage({ moved: () => {}, draws: () => tool() === "paint", draw: paint, drawn: painted, click });
  setStage({ marks });
  for (const input of document.querySelectorAll("input[name=tool]")) input.addEventListener("change", show);
  watch((change) => {
    if (change === "opened") {
      askedAt = null;
      element("guess").checked = false;
      element("alternatives").replaceChildren();
    }
    if (change === "opened" || change === "choice") show();
    if (change === "saved" && element("guess").checked) attempt(showGuess);
  });
  addEventListener("models-known", show);
  element("guess").addEventListener("change", () => {
    if (element("guess").checked && tool() === "look") element("tool-ask").click(); // what it guesses is asked for next
    attempt(showGuess);
  });
  element("clear-hints").addEventListener("click", () => choose({ hints: [] }));
  element("save-hints").addEventListener("click", () => attempt(async () => {
    await save();
    saveFile(`${API}/jobs/${job().id}/hints`);
  }));
  takesFile("load-hints", "hint-file", load);
}
