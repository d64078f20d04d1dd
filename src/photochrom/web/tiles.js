// @ts-check
// Sharp pieces of large photos, fetched where one looks and kept for a while.

import { ask, isStale } from "./api.js";

/** @typedef {{address: string, level: number, x: number, y: number, size: number}} Place */
/** @typedef {Place & {image: ImageBitmap}} Tile */

const SIDE = 512;
const DEEPEST = 10;
const KEPT = 96;
const AT_ONCE = 4;

export class Tiles {
  /** @param {() => void} arrived called when there is something new to draw */
  constructor(arrived) {
    this.arrived = arrived;
    /** Least recently used first. @type {Map<string, Tile>} */
    this.kept = new Map();
    /** @type {Map<string, AbortController>} */
    this.coming = new Map();
    /** @type {Set<string>} */
    this.failed = new Set();
  }

  /** Forget everything, as another photo is looked at. */
  clear() {
    for (const control of this.coming.values()) control.abort();
    for (const tile of this.kept.values()) tile.image.close();
    this.kept.clear();
    this.coming.clear();
    this.failed.clear();
  }

  /**
   * Fetch what is missing of these places, nearest to the middle first; stop fetching anything else.
   * @param {Place[]} wanted
   */
  want(wanted) {
    const names = new Set(wanted.map((place) => place.address));
    for (const [address, control] of this.coming) if (!names.has(address)) control.abort();
    for (const place of wanted) {
      const known = this.kept.get(place.address);
      if (known) {
        this.kept.delete(place.address);
        this.kept.set(place.address, known);
      } else if (this.coming.size < AT_ONCE && !this.coming.has(place.address) && !this.failed.has(place.address)) {
        this.fetch(place);
      }
    }
  }

  /** Whether anything is on its way. */
  get busy() {
    return this.coming.size > 0;
  }

  /** What is there of one kind of picture, coarse pieces first. @param {string} kind */
  of(kind) {
    return [...this.kept.values()].filter((tile) => tile.address.startsWith(kind)).sort((one, two) => two.level - one.level);
  }

  /** @param {Place} place */
  async fetch(place) {
    const control = new AbortController();
    this.coming.set(place.address, control);
    try {
      const response = await ask(place.address, { signal: control.signal });
      const image = await createImageBitmap(await response.blob());
      if (control.signal.aborted) return image.close();
      this.kept.set(place.address, { ...place, image });
      this.forgetOld();
    } catch (error) {
      if (!isStale(error) && !control.signal.aborted) this.failed.add(place.address);
    } finally {
      if (this.coming.get(place.address) === control) this.coming.delete(place.address);
      this.arrived();
    }
  }

  forgetOld() {
    for (const [address, tile] of this.kept) {
      if (this.kept.size <= KEPT) return;
      tile.image.close();
      this.kept.delete(address);
    }
  }
}

/** The beginning of the addresses of one kind of picture. @param {import("./api.js").Job} job @param {"photo" | "result"} of @param {number} page */
export function tileKind(job, of, page) {
  const revision = of === "result" ? `&revision=${job.revision}` : "";
  return `/jobs/${job.id}/tile?of=${of}&page=${page}${revision}&`;
}

/**
 * List the pieces that are needed to show a part of the photo sharply, the middle ones first.
 * @param {string} kind @param {[number, number, number, number]} part left, top, right, bottom
 * @param {number} zoom pixels of the screen per pixel of the photo
 * @returns {Place[]}
 */
export function placesIn(kind, [left, top, right, bottom], zoom) {
  const level = Math.min(DEEPEST, Math.max(0, Math.floor(-Math.log2(zoom) + 0.01)));
  const size = SIDE * 2 ** level;
  /** @type {Place[]} */
  const places = [];
  for (let y = Math.floor(top / size) * size; y < bottom; y += size) {
    for (let x = Math.floor(left / size) * size; x < right; x += size) {
      places.push({ address: `${kind}x=${x}&y=${y}&w=${size}&h=${size}&scale=${2 ** -level}`, level, x, y, size });
    }
  }
  /** @param {Place} place */
  const far = (place) => Math.hypot(place.x + size / 2 - (left + right) / 2, place.y + size / 2 - (top + bottom) / 2);
  return places.sort((one, two) => far(one) - far(two));
}
