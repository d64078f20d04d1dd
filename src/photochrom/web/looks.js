// @ts-check
// Versions of the photo side by side, to choose one.

import { askJson } from "./api.js";
import { choose, desk, job, watch } from "./desk.js";
import { attempt, element, make } from "./page.js";

/** @typedef {import("./api.js").Look} Look */

const COUNT = 6;
const NAMES = { natural: "Natural", conservative: "Careful", vivid: "Vivid" };
/** What the looks that are shown depend on. */
let shown = "";
let seed = 0;
let turn = 0;

/** @param {string} name */
const label = (name) => NAMES[/** @type {keyof typeof NAMES} */ (name)] ?? name.replace("sample-", "Sample ");

/** Load the looks, where anything has changed that they show. */
async function load() {
  const { choice, id } = job();
  const { look: _look, format: _format, quality: _quality, seed: _seed, ...matters } = choice;
  const key = JSON.stringify([id, desk.page, seed, matters]);
  element("more-looks").disabled = choice.colors === "transplant";
  if (key === shown) return;
  shown = key;
  const now = ++turn;
  /** @type {Look[]} */
  const looks = await askJson(`/jobs/${id}/looks?count=${COUNT}&seed=${seed}`);
  if (now !== turn) return;
  const box = element("looks");
  if (box.children.length !== looks.length) box.replaceChildren(...looks.map(button));
  looks.forEach((look, at) => {
    const address = new URL(look.preview, location.href);
    address.searchParams.set("page", String(desk.page));
    box.children[at].querySelector("img").src = address.pathname.slice(1).replace(/^.*?(?=api\/)/, "") + address.search;
  });
  mark();
}

/** @param {Look} look */
function button(look) {
  const image = make("img", { alt: "", decoding: "async" });
  return make("button", { type: "button", class: "look", "data-look": look.name, "aria-pressed": "false",
    onclick: () => choose({ look: look.name, seed: look.name.startsWith("sample") ? seed : 0 }) },
    make("span", { class: "frame" }, image), make("span", { text: label(look.name) }));
}

function mark() {
  for (const one of element("looks").children) {
    const chosen = one.dataset.look === desk.choice?.look && (!one.dataset.look.startsWith("sample") || desk.choice?.seed === seed);
    one.setAttribute("aria-pressed", String(chosen));
    one.disabled = desk.choice?.colors === "transplant";
  }
}

/** Begin. */
export function startLooks() {
  watch((change) => {
    if (change === "closed") return;
    if (change === "opened") {
      seed = job().choice.seed;
      shown = "";
      for (const image of element("looks").querySelectorAll("img")) image.removeAttribute("src");
    }
    mark();
    if (change === "saved") attempt(load);
  });
  element("more-looks").addEventListener("click", () => {
    seed = Math.floor(Math.random() * 2 ** 31);
    if (desk.choice?.look.startsWith("sample")) choose({ seed });
    attempt(load);
  });
}
