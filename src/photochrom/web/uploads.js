// @ts-check
// Photos on their way to the server: dropped, pasted or chosen; two at once.

import { API, pause, refusal, Refused } from "./api.js";
import { element, note, sentence } from "./page.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {{file: File, key: string, cancel: () => void, moved: (share: number) => void,
 *   ended: (problem: string | null, came?: boolean) => void}} Upload */

const AT_ONCE = 2;
const TRIES = 5;
/** @type {Upload[]} */
const waiting = [];
let running = 0;
let largest = Infinity;

/** @param {number} bytes */
export function limitUploads(bytes) {
  largest = bytes;
}

/** Take photos from everywhere. @param {(upload: Upload) => void} show what makes an upload visible */
export function takePhotos(show) {
  /** @param {File[]} files */
  const take = (files) => {
    for (const file of files) begin(file, show);
    next();
  };
  const chooser = element("files");
  element("choose").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    take([...chooser.files]);
    chooser.value = "";
  });
  addEventListener("paste", (event) => take([...(event.clipboardData?.files ?? [])]));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    element("drop").classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) element("drop").classList.remove("over");
  });
  addEventListener("drop", async (event) => {
    event.preventDefault();
    element("drop").classList.remove("over");
    if (event.dataTransfer) take(await dropped(event.dataTransfer));
  });
}

/** List dropped files, those in folders, too. @param {DataTransfer} data @returns {Promise<File[]>} */
async function dropped(data) {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (!entries.some((entry) => entry.isDirectory)) return [...data.files];
  return (await Promise.all(entries.map(filesIn))).flat();
}

/** @param {FileSystemEntry} entry @returns {Promise<File[]>} */
async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((found, failed) => /** @type {FileSystemFileEntry} */ (entry).file(found, failed))];
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const files = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!some.length) return files;
    for (const one of some) if (!one.name.startsWith(".")) files.push(...(await filesIn(one)));
  }
}

/** @param {File} file @param {(upload: Upload) => void} show */
function begin(file, show) {
  if (file.size > largest) {
    note(`${file.name} has ${Math.round(file.size / 1e6)} MB; the server takes ${Math.round(largest / 1e6)} MB at most`, true);
    return;
  }
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  /** @type {Upload} */
  const upload = { file, key, cancel: () => {}, moved: () => {}, ended: () => {} };
  upload.cancel = () => {
    waiting.splice(waiting.indexOf(upload) >>> 0, 1);
    upload.ended(null);
  };
  show(upload);
  waiting.push(upload);
}

async function next() {
  while (running < AT_ONCE && waiting.length) {
    const upload = /** @type {Upload} */ (waiting.shift());
    running++;
    sent(upload).then(
      (job) => upload.ended(null, job !== null), // the job itself is told by the server, in order with its later changes
      (error) => upload.ended(sentence(error.message)),
    ).finally(() => {
      running--;
      next();
    });
  }
}

/** Send a photo, again where the server is busy: the key keeps it one job. @param {Upload} upload @returns {Promise<Job | null>} */
async function sent(upload) {
  for (let tries = 1; ; tries++) {
    try {
      return await send(upload);
    } catch (error) {
      const refused = /** @type {Refused} */ (error);
      if (tries === TRIES || (refused.status && !refused.wait)) throw error;
      await pause(1000 * (refused.wait || tries));
    }
  }
}

/** @param {Upload} upload @returns {Promise<Job | null>} null where it was canceled */
function send(upload) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", upload.file, upload.file.name);
    request.open("POST", `${API}/jobs`);
    request.setRequestHeader("Idempotency-Key", upload.key);
    request.upload.onprogress = (event) => upload.moved(event.total ? event.loaded / event.total : 0);
    request.onload = () => {
      if (request.status < 300) done(JSON.parse(request.responseText));
      else failed(refusal(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => failed(new Refused("the server does not answer; is photochrom serve still running?", 0));
    request.onabort = () => done(null);
    upload.cancel = () => request.abort();
    request.send(form);
  });
}
