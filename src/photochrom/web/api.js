// @ts-check
// What the server is asked, and what it answers. Addresses are relative: the application may be mounted anywhere.

/** @typedef {{points: [number, number][], color: string, radius: number | null}} Hint */
/** @typedef {{model: string | null, temperature: number | null, saturation: number, warmth: number, effort: "normal" | "best",
 *   look: string, seed: number, colors: "model" | "reference" | "transplant", hints: Hint[], format: string | null,
 *   quality: number | null}} Choice */
/** @typedef {{format: string, width: number, height: number, pages: number, sizes: [number, number][], bits: number,
 *   channels: string, alpha: boolean, bytes: number, colored: boolean | null}} Photo */
/** @typedef {{id: string, name: string, state: "queued" | "running" | "done" | "failed" | "canceled",
 *   progress: number, place: number | null, photo: Photo, choice: Choice, revision: number, ready: boolean,
 *   result_name: string, problem: string | null, command: string, created: string, finished: string | null,
 *   seconds: number | null}} Job */
/** @typedef {{jobs: Job[], total: number, next: number | null}} JobPage */
/** @typedef {{name: string, preview: string}} Look */
/** @typedef {{color: string, ab: [number, number], probability: number, hint: Hint}} Alternative */
/** @typedef {{name: string, takes_hints: boolean, card: Record<string, any>}} Model */
/** @typedef {{method?: string, json?: unknown, body?: BodyInit, signal?: AbortSignal}} Request */

export const API = "api/v1";
const PATIENCE = 3;

/** A request that was not done; the message is the server's own text. */
export class Refused extends Error {
  /** @param {string} detail @param {number} status 0 where the server did not answer @param {number} wait seconds */
  constructor(detail, status, wait = 0) {
    super(detail);
    this.status = status;
    this.wait = wait;
  }
}

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Ask the server; once too busy, ask again when it says. @param {string} path @param {Request} [request] */
export async function ask(path, request = {}) {
  for (let tries = 1; ; tries++) {
    try {
      return await askOnce(path, request);
    } catch (error) {
      if (!(error instanceof Refused) || !error.wait || tries === PATIENCE || request.signal?.aborted) throw error;
      await pause(error.wait * 1000);
    }
  }
}

/** @param {string} path @param {Request} [request] @returns {Promise<any>} */
export async function askJson(path, request) {
  return (await ask(path, request)).json();
}

/** @param {string} path @param {Request} request @returns {Promise<Response>} */
async function askOnce(path, { method = "GET", json, body, signal }) {
  /** @type {RequestInit} */
  const init = { method, signal, body };
  if (json !== undefined) Object.assign(init, { body: JSON.stringify(json), headers: { "Content-Type": "application/json" } });
  let response;
  try {
    response = await fetch(`${API}${path}`, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused("the server does not answer; is photochrom serve still running?", 0);
  }
  if (!response.ok) throw await refusal(response.status, await response.text(), response.headers.get("Retry-After"));
  return response;
}

/** Read a problem+json answer. @param {number} status @param {string} text @param {string | null} wait */
export function refusal(status, text, wait) {
  let detail = `the server answered ${status}`;
  try {
    detail = JSON.parse(text).detail ?? detail;
  } catch {
    // Not one of ours: a proxy's page, perhaps.
  }
  if (status === 401) dispatchEvent(new Event("token-wanted"));
  return new Refused(detail, status, Number(wait) || 0);
}

/** Tell whether an error only says that an answer is no longer wanted. @param {unknown} error */
export const isStale = (error) => error instanceof DOMException && error.name === "AbortError";

/** The address of a page's picture. @param {Job} job @param {"photo" | "result"} of @param {number} side */
export function previewAddress(job, of, side, page = 0) {
  return `${API}/jobs/${job.id}/preview?of=${of}&side=${side}&page=${page}&revision=${job.revision}`;
}

/** Tell whether a job is at its end. @param {Job} job */
export const hasEnded = (job) => job.state !== "queued" && job.state !== "running";
