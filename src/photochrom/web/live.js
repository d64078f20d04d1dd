// @ts-check
// Colors that follow the hand: small fields of color from the server, laid over the lightness here.

import { ask, isStale, previewAddress, API } from "./api.js";
import { color, lightnessOf } from "./lab.js";
import { desk, watch } from "./desk.js";
import { attempt, element, note } from "./page.js";
import { setStage, showPhoto } from "./stage.js";

/** @typedef {import("./api.js").Choice} Choice */
/** @typedef {import("./api.js").Job} Job */

const SIDE = 1024;
const LIVE_SIDE = 800;
/** The lightness that fields are laid over, and where they are drawn.
 * @type {{folded: Float32Array, picture: ImageData, canvas: HTMLCanvasElement} | null} */
let paper = null;
/** @type {AbortController} */
let photo = new AbortController();
/** The choice that is asked for at the moment, and the one to be asked for next. @type {Choice | null} */
let asking = null;
/** @type {Choice | null} */
let next = null;
let shownTurn = 0;
/** Whether the stage shows what the server keeps: live colors of the same choice come too late then. */
let settled = false;
let loading = false;
let count = 0;
/** What the network was last asked for; anything else takes a run of it. */
let known = "";

/** @param {string} address @param {AbortSignal} signal */
async function picture(address, signal) {
  const response = await ask(address.replace(API, ""), { signal });
  return createImageBitmap(await response.blob());
}

/** Load the photo itself. */
async function openPhoto() {
  photo.abort();
  photo = new AbortController();
  const { signal } = photo;
  const opened = /** @type {Job} */ (desk.job);
  [paper, next, asking, loading] = [null, null, null, true];
  showPhoto(opened, desk.page);
  tellWork();
  const before = await picture(previewAddress(opened, "photo", SIDE, desk.page), signal);
  if (signal.aborted) return;
  setStage({ before });
  const scale = Math.min(1, LIVE_SIDE / Math.max(before.width, before.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(before.width * scale));
  canvas.height = Math.max(1, Math.round(before.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(before, 0, 0, canvas.width, canvas.height);
  const data = context.getImageData(0, 0, canvas.width, canvas.height);
  paper = { folded: lightnessOf(data), picture: data, canvas };
  if (desk.choice !== desk.job?.choice) showChoice();
}

/** Say whether anything is on its way. */
function tellWork() {
  element("working").hidden = !loading && next === null && asking === null;
}

/** What the network's answer depends on. @param {Choice} choice */
const matters = ({ model, hints, effort }) => JSON.stringify([desk.job?.id, desk.page, model, hints, effort]);

/** Show what the server has of the choice that it keeps. */
async function showSaved() {
  const { signal } = photo;
  const saved = /** @type {Job} */ (desk.job);
  const turn = ++shownTurn;
  loading = true;
  tellWork();
  try {
    const after = await picture(previewAddress(saved, "result", SIDE, desk.page), signal);
    if (turn !== shownTurn || signal.aborted || desk.job?.revision !== saved.revision || desk.choice !== saved.choice) return;
    settled = true;
    known = matters(saved.choice);
    setStage({ job: saved, after, sharp: true, says: { shows: String(saved.revision), live: undefined } });
  } finally {
    if (turn === shownTurn) loading = false;
    tellWork();
  }
}

/**
 * Show a choice as soon as can be; while one is on its way, only the last of the others is asked for next.
 * The best effort takes seconds: new hints are shown with the normal one first, and better when they are kept.
 */
async function showChoice() {
  next = desk.choice;
  shownTurn++;
  settled = loading = false;
  setStage({ sharp: false });
  tellWork();
  if (asking) return;
  const { signal } = photo;
  while (next && desk.job) {
    asking = next;
    next = null;
    try {
      const json = matters(asking) === known ? asking : { ...asking, effort: "normal" };
      const response = await ask(`/jobs/${desk.job.id}/field?page=${desk.page}`, { method: "POST", json, signal });
      const ab = new Float32Array(await response.arrayBuffer());
      if (signal.aborted) return;
      const [columns, rows] = [Number(response.headers.get("X-Width")), Number(response.headers.get("X-Height"))];
      if (paper && !settled) lay({ ab, columns, rows });
    } catch (error) {
      if (isStale(error) || signal.aborted) return;
      if (!next) note(/** @type {Error} */ (error).message, true);
    } finally {
      if (!signal.aborted) {
        asking = null;
        tellWork();
      }
    }
  }
}

/** @param {{ab: Float32Array, columns: number, rows: number}} field */
function lay(field) {
  if (!paper) return;
  color(paper.folded, paper.picture, field);
  paper.canvas.getContext("2d")?.putImageData(paper.picture, 0, 0);
  setStage({ after: paper.canvas, sharp: false, says: { live: String(++count), shows: undefined } });
}

/** Begin. */
export function startLive() {
  watch((change) => {
    if (change === "opened") attempt(openPhoto);
    if (change === "choice") showChoice();
    if (change === "saved") attempt(showSaved);
    if (change === "closed") photo.abort();
  });
}
