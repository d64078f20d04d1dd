// @ts-check
// The page begins here: all photos, or the one whose id follows the # of the address.

import { API, askJson } from "./api.js";
import { startControls } from "./controls.js";
import { close, desk, job, open, save } from "./desk.js";
import { startDownload } from "./download.js";
import { offerSettings, startGallery } from "./gallery.js";
import { startHints } from "./hints.js";
import { startLive } from "./live.js";
import { startLooks } from "./looks.js";
import { loadModels, startModels } from "./models.js";
import { listen } from "./news.js";
import { attempt, element, note, sentence } from "./page.js";
import { limitUploads } from "./uploads.js";

/** Show what the address says. */
async function go() {
  const id = location.hash.slice(1);
  if (!/^[0-9a-f]{32}$/.test(id)) {
    if (desk.job) await close();
    document.title = "Photochrom";
    return show("gallery");
  }
  if (desk.job && desk.job.id !== id) await close();
  show("editor");
  try {
    await open(id);
    element("photo-name").focus({ preventScroll: true });
  } catch (error) {
    location.hash = "";
    throw error;
  }
}

/** @param {"gallery" | "editor"} name */
function show(name) {
  for (const screen of document.querySelectorAll("main")) screen.hidden = screen.id !== name;
  scrollTo(0, 0);
}

/** Ask for the token: the server gives a cookie for it. */
function startEntry() {
  const dialog = element("entry");
  addEventListener("token-wanted", () => dialog.open || dialog.showModal());
  const enter = async () => {
    const headers = { Authorization: `Bearer ${element("token").value}` };
    const response = await fetch(`${API}/session`, { method: "POST", headers });
    if (response.ok) return location.reload();
    element("entry-problem").textContent = sentence((await response.json()).detail);
  };
  element("enter").addEventListener("click", () => attempt(enter));
  element("token").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && attempt(enter));
}

async function start() {
  const health = await askJson("/health");
  limitUploads(health.max_upload_bytes);
  await loadModels();
  listen();
  await go();
}

startEntry();
startGallery();
startModels();
startControls();
startLive();
startLooks();
startHints();
startDownload();
addEventListener("hashchange", () => attempt(go));
addEventListener("pagehide", () => void save());
element("share").addEventListener("click", () => {
  offerSettings(job().id);
  note("Select photos, then apply the settings");
});
attempt(start).then(() => {
  if (!location.hash) show("gallery");
});
