// @ts-check
// The models of the server and their cards.

import { askJson } from "./api.js";
import { attempt, element, make } from "./page.js";

/** @typedef {import("./api.js").Model} Model */

/** @type {Model[]} */
let models = [];

/** The model of a name; the first where none is named. @param {string | null} name @returns {Model | undefined} */
export function modelNamed(name) {
  return name === null ? models[0] : models.find((model) => model.name === name);
}

/** Load the list. */
export async function loadModels() {
  models = await askJson("/models");
  element("model").replaceChildren(...models.map(({ name }) => make("option", { value: name, text: name })));
  dispatchEvent(new Event("models-known"));
}

/** @param {Model} model */
function cardOf({ name, takes_hints, card }) {
  const decode = card.decode ?? {};
  const facts = [
    ["License", card.license],
    ["Hints", takes_hints ? "taken" : "not taken by this model"],
    ["Looks at photos at", decode.working_size ? `${decode.working_size} pixels; results have full size` : null],
    ["Usual temperature", decode.temperature],
  ];
  const list = facts.filter(([, text]) => text != null).flatMap(([term, text]) => [make("dt", { text: term }), make("dd", { text: String(text) })]);
  const origins = (card.origins ?? []).map((/** @type {Record<string, string>} */ one) =>
    make("li", {}, make("b", { text: `${one.what}: ` }), `${one.name} (${one.terms})`));
  return make("article", {}, make("h3", { text: name }), make("p", { text: card.description ?? "" }), make("dl", {}, ...list),
    make("details", {}, make("summary", { text: "What it was made of" }), make("ul", {}, ...origins)),
    make("details", {}, make("summary", { text: "How well it does" }), table(card.metrics ?? {})),
    make("details", {}, make("summary", { text: "The whole card" }),
      make("pre", { tabindex: 0, text: JSON.stringify(card, null, 1) })));
}

/** @param {Record<string, any>} metrics */
function table(metrics) {
  /** @type {Record<string, any>[]} */
  const rows = Array.isArray(metrics.rows) ? metrics.rows : [];
  if (!rows.length) return make("p", { text: "Nothing was measured for this card." });
  const columns = ["candidate", "psnr", "ciede2000", "colorfulness", "told_apart"].filter((column) => column in rows[0]);
  const heads = { candidate: "", psnr: "PSNR, dB", ciede2000: "CIEDE2000", colorfulness: "Colorfulness", told_apart: "Told apart" };
  const head = columns.map((column) => make(column === "candidate" ? "td" : "th", { scope: column === "candidate" ? null : "col", text: heads[/** @type {keyof typeof heads} */ (column)] }));
  const body = rows.map((row) => make("tr", {}, ...columns.map((column) => make("td", { text: String(row[column] ?? "–") }))));
  return make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Measurements" },
    make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)),
    make("p", { class: "quiet", text: metrics.protocol ?? "" }));
}

/** Begin. */
export function startModels() {
  element("hide-models").addEventListener("click", () => element("models").close());
  element("show-models").addEventListener("click", () => attempt(async () => {
    if (!models.length) await loadModels();
    element("model-cards").replaceChildren(...models.map(cardOf));
    element("models").showModal();
  }));
}
