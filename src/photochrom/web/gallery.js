// @ts-check
// All photos: the queue and the history, newest first.

import { API, ask, askJson } from "./api.js";
import { makeCard, makeUploadCard } from "./cards.js";
import { hear, hearing } from "./news.js";
import { attempt, confirmed, element, later, make, note, save, say } from "./page.js";
import { takePhotos } from "./uploads.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./cards.js").Card} Card */

const AT_ONCE = 48;
/** @type {Map<string, Card>} */
const cards = new Map();
/** What goes into "before" for older photos; null at the end. @type {number | null} */
let following = null;
let total = 0;
let asked = 0;
/** Whose settings are offered. @type {string} */
let source = "";

/** Load the newest photos, or older ones. @param {boolean} [older] */
async function load(older = false) {
  const turn = ++asked;
  const search = encodeURIComponent(element("search").value.trim());
  const before = older && following !== null ? `&before=${following}` : "";
  /** @type {[import("./api.js").JobPage, Map<string, Job | null>]} */
  const [page, told] = await hearing(() => askJson(`/jobs?limit=${AT_ONCE}&search=${search}${before}`));
  if (turn !== asked) return;
  const listed = new Set(page.jobs.map((job) => job.id));
  if (!older) {
    for (const id of [...cards.keys()]) if (!listed.has(id) && !told.has(id)) drop(id);
    if ([...told].some(([id, job]) => job === null || !listed.has(id))) reload(); // the list is out of date already
  }
  for (const job of page.jobs) {
    const newer = told.get(job.id);
    if (newer !== null) place(newer ?? job);
  }
  following = page.next;
  total = page.total;
  refresh();
}

const reload = later(() => attempt(load), 200);

/** Put a job's card where it belongs, or bring it up to date; one just sent takes the place of its upload. @param {Job} job */
function place(job) {
  const known = cards.get(job.id);
  if (known) return known.update(job);
  const card = makeCard(job, refresh);
  cards.set(job.id, card);
  const upload = [...element("grid").children].findLast((root) => root.dataset.state === "sending" && root.dataset.name === job.name);
  if (upload) return upload.replaceWith(card.root);
  const older = [...element("grid").children].find((root) => root.dataset.id && (cards.get(root.dataset.id)?.job.created ?? "") < job.created);
  element("grid").insertBefore(card.root, older ?? null);
}

/** @param {string} id */
function drop(id) {
  cards.get(id)?.root.remove();
  cards.delete(id);
}

/** Whether a job that is told of belongs into what is shown. @param {Job} job */
function belongs(job) {
  if (cards.has(job.id)) return true;
  const search = element("search").value.trim().toLowerCase();
  const oldest = [...cards.values()].map((card) => card.job.created).sort()[0] ?? "";
  return job.name.toLowerCase().includes(search) && (following === null || job.created >= oldest);
}

/** The selected photos. @returns {Job[]} */
function picked() {
  return [...cards.values()].filter((card) => card.box.checked).map((card) => card.job);
}

/** Bring everything up to date that depends on which photos there are, and which are selected. */
function refresh() {
  const some = picked();
  const nothing = element("grid").children.length === 0;
  element("gallery").dataset.empty = String(nothing && !element("search").value);
  element("empty").hidden = !nothing;
  element("empty").textContent = element("search").value ? "No photo has this in its name." : "No photos yet. The first one takes a few seconds.";
  element("total").textContent = total ? `${total} ${total === 1 ? "photo" : "photos"}` : "";
  element("more").hidden = following === null;
  element("album").hidden = some.length === 0;
  element("picked").textContent = `${some.length} selected`;
  for (const card of cards.values()) card.root.classList.toggle("picked", card.box.checked);
  const from = element("album-from");
  const options = [...cards.values()].map(({ job }) => make("option", { value: job.id, text: job.name }));
  const chosen = from.value;
  from.replaceChildren(...options);
  from.value = cards.has(source) ? source : cards.has(chosen) ? chosen : (options[0]?.value ?? "");
}

/** Offer the settings of a photo to the ones that are selected next. @param {string} id */
export function offerSettings(id) {
  source = id;
  for (const card of cards.values()) card.box.checked = false;
  refresh();
}

/** Give all selected photos the settings of one, without what belongs to that photo alone, and color them anew. */
async function applySettings() {
  const from = element("album-from").value;
  /** @type {Job} */
  const given = await askJson(`/jobs/${from}`);
  const others = picked().filter((job) => job.id !== from);
  let done = 0;
  for (const job of others) {
    const choice = { ...given.choice, hints: job.choice.hints, colors: job.choice.colors };
    await ask(`/jobs/${job.id}/choice`, { method: "PUT", json: choice });
    const now = await askJson(`/jobs/${job.id}`);
    if (now.state === "queued" || now.state === "running") await ask(`/jobs/${job.id}/cancel`, { method: "POST" });
    await rerun(job.id);
    say(`Settings applied to ${++done} of ${others.length} photos`);
  }
  note(`Settings applied to ${done} ${done === 1 ? "photo" : "photos"}`);
}

/** Run a job that may still be stopping. @param {string} id */
async function rerun(id) {
  for (let tries = 0; ; tries++) {
    try {
      return await ask(`/jobs/${id}/run`, { method: "POST" });
    } catch (error) {
      if (/** @type {import("./api.js").Refused} */ (error).status !== 409 || tries === 20) throw error;
      await new Promise((done) => setTimeout(done, 250));
    }
  }
}

async function deletePicked() {
  const some = picked();
  const what = some.length === 1 ? some[0].name : `${some.length} photos`;
  if (!(await confirmed(`Delete ${what} and everything made of them?`, "Delete"))) return;
  for (const job of some) await ask(`/jobs/${job.id}`, { method: "DELETE" });
}

/** @param {boolean} on */
function pickAll(on) {
  for (const card of cards.values()) card.box.checked = on;
  refresh();
}

/** Begin: photos may be given, and the history is shown. */
export function startGallery() {
  takePhotos((upload) => {
    element("grid").prepend(makeUploadCard(upload));
    if (location.hash.length > 1) location.hash = "";
    refresh();
  });
  hear({
    ready: () => attempt(load),
    job(job) {
      if (!belongs(job)) return;
      if (!cards.has(job.id)) total++;
      place(job);
      refresh();
    },
    deleted(id) {
      if (cards.has(id)) total--;
      drop(id);
      refresh();
    },
  });
  addEventListener("photos-changed", refresh);
  element("search").addEventListener("input", reload);
  element("more").addEventListener("click", () => attempt(() => load(true)));
  element("pick-all").addEventListener("click", () => pickAll(true));
  element("pick-none").addEventListener("click", () => pickAll(false));
  element("delete-picked").addEventListener("click", () => attempt(deletePicked));
  element("album-from").addEventListener("change", () => (source = element("album-from").value));
  element("album-apply").addEventListener("click", () => attempt(applySettings));
  element("zip-picked").addEventListener("click", () => save(`${API}/results.zip?${picked().map((job) => `id=${job.id}`).join("&")}`));
}
