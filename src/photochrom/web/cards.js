// @ts-check
// One photo of the history: its picture, how far it is, and what can be done with it.

import { API, ask, hasEnded, previewAddress } from "./api.js";
import { attempt, confirmed, make, sentence } from "./page.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./uploads.js").Upload} Upload */
/** @typedef {{root: HTMLLIElement, box: HTMLInputElement, job: Job, update: (job: Job) => void}} Card */

/** @param {Job} job */
function stateText(job) {
  if (job.state === "queued") return job.place ? `Waiting, ${job.place} before it` : "Waiting";
  if (job.state === "running") return `Coloring, ${Math.round(job.progress * 100)} %`;
  if (job.state === "failed") return sentence(job.problem ?? "it failed");
  if (job.state === "canceled") return "Canceled";
  if (!job.ready) return "Result is out of date";
  return `${job.photo.width} × ${job.photo.height}, ${(job.seconds ?? 0).toFixed(1)} s`;
}

/** Make the card of a photo. @param {Job} first @param {() => void} picked @returns {Card} */
export function makeCard(first, picked) {
  const name = first.name;
  const image = make("img", { alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.classList.add("missing"));
  image.addEventListener("load", () => image.classList.remove("missing"));
  const box = make("input", { type: "checkbox", "aria-label": `Select ${name}`, onchange: picked });
  const state = make("span", { class: "state" });
  const bar = make("progress", { max: 1, value: 0, "aria-label": `Progress of ${name}` });
  const cancel = make("button", { type: "button", "aria-label": `Cancel ${name}`, text: "Cancel" });
  const again = make("button", { type: "button", "aria-label": `Run ${name} again`, text: "Run again" });
  const download = make("a", { class: "button", href: `${API}/jobs/${first.id}/result`, download: "", "aria-label": `Download ${name}`, text: "Download" });
  const remove = make("button", { type: "button", "aria-label": `Delete ${name}`, text: "Delete" });
  const root = make("li", { class: "card", "data-id": first.id },
    make("a", { class: "thumb", href: `#${first.id}`, "aria-label": `Open ${name}` }, image),
    make("label", { class: "pick" }, box),
    make("div", { class: "about" }, make("span", { class: "name", title: name, text: name }), state, bar),
    make("div", { class: "acts" }, download, cancel, again, remove));
  cancel.addEventListener("click", () => attempt(() => ask(`/jobs/${first.id}/cancel`, { method: "POST" })));
  again.addEventListener("click", () => attempt(() => ask(`/jobs/${first.id}/run`, { method: "POST" })));
  remove.addEventListener("click", () => attempt(async () => {
    if (!(await confirmed(`Delete ${name} and everything made of it?`, "Delete"))) return;
    await ask(`/jobs/${first.id}`, { method: "DELETE" });
  }));

  /** @type {Card} */
  const card = { root, box, job: first, update };
  /** @param {Job} job */
  function update(job) {
    card.job = job;
    const shows = previewAddress(job, job.state === "done" ? "result" : "photo", 384);
    if (image.getAttribute("src") !== shows) image.setAttribute("src", shows);
    root.dataset.state = job.state;
    state.textContent = state.title = stateText(job);
    bar.value = job.progress;
    bar.hidden = cancel.hidden = hasEnded(job);
    download.hidden = !job.ready;
    again.hidden = !hasEnded(job) || job.ready;
  }
  update(first);
  return card;
}

/** Make the card of a photo on its way to the server; it goes when the photo has come. @param {Upload} upload */
export function makeUploadCard(upload) {
  const name = upload.file.name;
  const image = make("img", { alt: "", src: URL.createObjectURL(upload.file) });
  image.addEventListener("error", () => image.classList.add("missing"));
  const state = make("span", { class: "state", text: "Waiting to be sent" });
  const bar = make("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
  const cancel = make("button", { type: "button", "aria-label": `Cancel ${name}`, text: "Cancel" });
  const root = make("li", { class: "card", "data-state": "sending", "data-name": name },
    make("div", { class: "thumb" }, image),
    make("div", { class: "about" }, make("span", { class: "name", title: name, text: name }), state, bar),
    make("div", { class: "acts" }, cancel));
  const gone = () => {
    URL.revokeObjectURL(image.src);
    root.remove();
    dispatchEvent(new Event("photos-changed"));
  };
  cancel.addEventListener("click", () => upload.cancel());
  upload.moved = (share) => {
    bar.value = share;
    state.textContent = share < 1 ? `Sending, ${Math.round(share * 100)} %` : "Checking";
  };
  upload.ended = (problem, came) => {
    if (problem === null && came) return void setTimeout(gone, 1000); // its job's card takes its place before
    if (problem === null) return gone();
    root.dataset.state = "failed";
    state.textContent = state.title = problem;
    state.setAttribute("role", "alert");
    bar.hidden = true;
    cancel.textContent = "Close";
    cancel.setAttribute("aria-label", `Close the message about ${name}`);
    upload.cancel = gone;
  };
  return root;
}
