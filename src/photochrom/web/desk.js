// @ts-check
// The photo being edited: what is chosen for it, undone and redone, kept on the server, and told to all parts.

import { ask, askJson, hasEnded, Refused } from "./api.js";
import { hear, hearing, tell, until } from "./news.js";
import { note } from "./page.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Choice} Choice */
/** "opened": another photo; "choice": something else is chosen; "saved": the server knows it; "job": its state changed.
 * @typedef {"opened" | "choice" | "saved" | "job" | "closed"} Change */

const SAVE_MS = 350;
const MOST_STEPS = 200;

/** @type {{job: Job | null, choice: Choice | null, page: number}} */
export const desk = { job: null, choice: null, page: 0 };
/** @type {Set<(change: Change) => void>} */
const listeners = new Set();
/** @type {Choice[]} */
let past = [];
/** @type {Choice[]} */
let future = [];
/** What was chosen when the last step ended. @type {Choice | null} */
let settled = null;
let timer = 0;
/** @type {Promise<void> | null} */
let saving = null;

/** Call this for every change. @param {(change: Change) => void} listener */
export function watch(listener) {
  listeners.add(listener);
}

/** @param {Change} change */
function announce(change) {
  for (const listener of listeners) listener(change);
}

/** The open photo, which there is. @returns {Job} */
export function job() {
  if (!desk.job) throw new Error("no photo is open");
  return desk.job;
}

/** @param {unknown} one @param {unknown} other */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** How far a job is, as it was told; everything else as it is known. @param {Job} known @param {Job} told @returns {Job} */
function moved(known, { state, progress, place, ready, problem, seconds, revision }) {
  return { ...known, state, progress, place, problem, seconds, ready: ready && revision === known.revision };
}

/** Ask for a job; what is told meanwhile is newer. @param {string} id @param {() => Promise<Job>} asking @returns {Promise<Job>} */
async function current(id, asking) {
  const [answer, told] = await hearing(asking);
  const newer = told.get(id);
  if (newer === null) throw new Error("this photo was deleted");
  return newer ? (newer.revision > answer.revision ? newer : moved(answer, newer)) : answer;
}

/** Open a photo. @param {string} id */
export async function open(id) {
  const opened = await current(id, () => askJson(`/jobs/${id}`));
  Object.assign(desk, { job: opened, choice: opened.choice, page: 0 });
  [past, future, settled] = [[], [], opened.choice];
  announce("opened");
  announce("saved");
}

/** Close the photo; what was chosen last is still kept. */
export async function close() {
  await save();
  Object.assign(desk, { job: null, choice: null });
  announce("closed");
}

/** Look at another page. @param {number} page */
export function turnTo(page) {
  desk.page = page;
  announce("opened");
  announce("saved");
}

/** Choose something else. @param {Partial<Choice>} change @param {boolean} [done] whether this ends a step that can be undone */
export function choose(change, done = true) {
  if (!desk.choice) return;
  const next = { ...desk.choice, ...change };
  if (!same(next, desk.choice)) {
    desk.choice = next;
    announce("choice");
  }
  if (done) settle();
}

/** End a step: it can be undone as a whole, and is kept. */
export function settle() {
  if (!desk.choice || !settled) return;
  if (same(desk.choice, settled)) {
    if (desk.choice === settled) return;
    desk.choice = settled; // moved, and moved back again
    return keep();
  }
  past.push(settled);
  if (past.length > MOST_STEPS) past.shift();
  future = [];
  settled = desk.choice;
  keep();
  announce("job");
}

/** Which steps can be taken back, or again. */
export const steps = () => ({ undo: past.length > 0, redo: future.length > 0 });

/** @param {Choice[]} from @param {Choice[]} to */
function step(from, to) {
  const next = from.pop();
  if (!next || !settled) return;
  to.push(settled);
  desk.choice = settled = next;
  announce("choice");
  keep();
}

export const undo = () => step(past, future);
export const redo = () => step(future, past);

/** Have what is chosen kept soon; where the server has it already, it is shown at once. */
function keep() {
  if (desk.choice !== desk.job?.choice || saving) return saveSoon();
  clearTimeout(timer);
  announce("saved");
}

function saveSoon() {
  clearTimeout(timer);
  timer = setTimeout(save, SAVE_MS);
}

/** Have the server keep what is chosen; returns when it does. */
export async function save() {
  clearTimeout(timer);
  while (saving) await saving;
  if (!desk.job || !desk.choice || desk.choice === desk.job.choice) return;
  if (same(desk.choice, desk.job.choice)) {
    desk.choice = settled = desk.job.choice;
    return announce("saved");
  }
  saving = put(desk.job.id, desk.choice);
  try {
    await saving;
  } finally {
    saving = null;
  }
  if (settled && desk.job && !same(settled, desk.job.choice)) saveSoon();
}

/** @param {string} id @param {Choice} choice */
async function put(id, choice) {
  try {
    await adopt(() => askJson(`/jobs/${id}/choice`, { method: "PUT", json: choice }), choice);
  } catch (error) {
    note(/** @type {Error} */ (error).message, true);
    if (error instanceof Refused && error.status === 422 && desk.job?.id === id) takeBack(choice);
  }
}

/** The server refuses a choice: go back to the last one that it took. @param {Choice} choice */
function takeBack(choice) {
  if (!desk.job || !same(desk.choice, choice)) return;
  desk.choice = settled = desk.job.choice;
  past = past.filter((one) => !same(one, choice));
  announce("choice");
  announce("saved");
}

/** Ask for something that changes the open photo, and take over what the server says of it then.
 * @param {() => Promise<Job>} asking @param {Choice} [sent] what is asked for, where it was chosen here */
export async function adopt(asking, sent) {
  takeOver(await current(job().id, asking), sent);
}

/** @param {Job} next @param {Choice} [sent] */
function takeOver(next, sent) {
  if (desk.job?.id !== next.id) return;
  const mine = desk.choice;
  desk.job = next;
  if (sent && !same(mine, sent)) return announce("job"); // something else was chosen meanwhile: it is saved next
  if (!sent && settled && !same(settled, next.choice)) past.push(settled);
  desk.choice = settled = next.choice;
  if (!same(mine, next.choice)) announce("choice");
  announce("saved");
}

/** Make the result of what is chosen, and wait for it. @returns {Promise<Job>} */
export async function makeResult() {
  await save();
  const { id } = job();
  for (let ran = false; ; ) {
    /** @type {[Job, Map<string, Job | null>]} */
    const [now, told] = await hearing(() => askJson(`/jobs/${id}`));
    const newer = told.get(id);
    if (now.ready) {
      tell(now);
      return now;
    }
    if (!hasEnded(now)) {
      if (!newer || !hasEnded(newer)) await until(id, hasEnded);
    } else if (ran && now.state !== "done") {
      throw new Error(now.state === "canceled" ? "it was canceled" : (now.problem ?? "it failed"));
    } else {
      await ask(`/jobs/${id}/run`, { method: "POST" });
      ran = true;
    }
  }
}

/** Stop making the result. */
export async function stopResult() {
  await ask(`/jobs/${job().id}/cancel`, { method: "POST" });
}

hear({
  job(told) {
    if (desk.job?.id !== told.id) return;
    const elsewhere = told.revision > desk.job.revision && !saving && same(desk.choice, desk.job.choice);
    if (elsewhere) return takeOver(told);
    desk.job = moved(desk.job, told);
    announce("job");
  },
  deleted(id) {
    if (desk.job?.id !== id) return;
    Object.assign(desk, { job: null, choice: null });
    note("This photo was deleted");
    location.hash = "";
  },
});
