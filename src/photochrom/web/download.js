// @ts-check
// The result at full resolution, and the command line that makes the same.

import { API } from "./api.js";
import { choose, desk, job, makeResult, stopResult, watch } from "./desk.js";
import { attempt, element, note, save, say } from "./page.js";

const LOSSY = ["jpeg", "webp", "avif"];
let making = false;

function show() {
  if (!desk.job || !desk.choice) return;
  const { state, progress, command, place } = desk.job;
  const busy = state === "queued" || state === "running";
  element("format").value = desk.choice.format ?? "";
  if (document.activeElement !== element("quality")) element("quality").value = desk.choice.quality ?? "";
  element("quality").disabled = !LOSSY.includes(desk.choice.format ?? desk.job.photo.format);
  element("command").textContent = command;
  element("making").value = busy ? progress : making ? 1 : 0;
  element("making").classList.toggle("idle", !busy);
  element("stop").hidden = !busy;
  element("download").disabled = making;
  element("download").textContent = !making && !busy ? "Download at full resolution"
    : state === "queued" ? `Waiting${place ? `, ${place} before it` : ""}` : `Coloring, ${Math.round(progress * 100)} %`;
  if (busy && !making) element("download").textContent = "Download when it is ready";
}

async function download() {
  making = true;
  show();
  try {
    const { id, result_name } = await makeResult();
    save(`${API}/jobs/${id}/result`);
    say(`${result_name} is ready`);
  } finally {
    making = false;
    show();
  }
}

/** Copy the command; where the browser does not let us, select it. */
async function copy() {
  try {
    await navigator.clipboard.writeText(job().command);
    note("Copied");
  } catch {
    getSelection()?.selectAllChildren(element("command"));
    note("Selected: copy it with Ctrl C");
  }
}

/** Begin. */
export function startDownload() {
  watch(show);
  element("format").addEventListener("change", () => {
    const format = element("format").value || null;
    choose({ format, quality: LOSSY.includes(format ?? job().photo.format) ? (desk.choice?.quality ?? null) : null });
  });
  element("quality").addEventListener("change", () => {
    const quality = Math.round(Number(element("quality").value));
    choose({ quality: quality ? Math.min(100, Math.max(1, quality)) : null });
  });
  element("download").addEventListener("click", () => attempt(download));
  element("stop").addEventListener("click", () => attempt(stopResult));
  element("copy").addEventListener("click", copy);
}
