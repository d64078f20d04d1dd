// @ts-check
// What the server tells by itself, as it happens.

import { API } from "./api.js";
import { note } from "./page.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {{ready?: () => void, job?: (job: Job) => void, deleted?: (id: string) => void}} Listener */

/** @type {Set<Listener>} */
const listeners = new Set();
const AGAIN_MS = 2000;
let lost = false;

/** Hear what happens; returns how to end that. @param {Listener} listener */
export function hear(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tell all listeners that a job has changed. @param {Job} job */
export function tell(job) {
  for (const listener of [...listeners]) listener.job?.(job);
}

/**
 * Ask for jobs, and hear what is told of them until the answer is there: that may be newer. Null says that one was deleted.
 * @template T @param {() => Promise<T>} asking @returns {Promise<[T, Map<string, Job | null>]>}
 */
export async function hearing(asking) {
  /** @type {Map<string, Job | null>} */
  const told = new Map();
  const end = hear({ job: (job) => void told.set(job.id, job), deleted: (id) => void told.set(id, null) });
  try {
    return [await asking(), told];
  } finally {
    end();
  }
}

/** Wait until a job is as wanted. @param {string} id @param {(job: Job) => boolean} wanted @returns {Promise<Job>} */
export function until(id, wanted) {
  return new Promise((done, failed) => {
    const end = hear({
      job(job) {
        if (job.id === id && wanted(job)) {
          end();
          done(job);
        }
      },
      deleted(gone) {
        if (gone === id) {
          end();
          failed(new Error("the photo was deleted meanwhile"));
        }
      },
    });
  });
}

/** Begin to listen, and go on after the connection was lost. */
export function listen() {
  const source = new EventSource(`${API}/events`);
  source.addEventListener("ready", () => {
    if (lost) note("The server is there again");
    lost = false;
    for (const listener of [...listeners]) listener.ready?.();
  });
  source.addEventListener("job", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("deleted", (event) => {
    const { id } = JSON.parse(event.data);
    for (const listener of [...listeners]) listener.deleted?.(id);
  });
  source.addEventListener("error", () => {
    if (!lost) note("The server does not answer. Is photochrom serve still running? Nothing that it took is lost", true);
    lost = true;
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, AGAIN_MS);
  });
}
