// @ts-check
// Sliders, the model, and where colors come from.

import { askJson } from "./api.js";
import { adopt, choose, desk, job, redo, save, settle, steps, turnTo, undo, watch } from "./desk.js";
import { modelNamed } from "./models.js";
import { element, make, takesFile } from "./page.js";

/** @typedef {"saturation" | "warmth" | "temperature"} Slider */

/** @type {Slider[]} */
const SLIDERS = ["saturation", "warmth", "temperature"];
const SOURCES = {
  model: "What the model knows of the world.",
  reference: "The model, with the palette of the reference photo.",
  transplant: "The colored version that you gave; looks and sliders do not change it.",
};

/** The value a slider shows. @param {Slider} name */
function value(name) {
  const chosen = desk.choice?.[name];
  return chosen ?? modelNamed(desk.choice?.model ?? null)?.card.decode?.temperature ?? 0.5;
}

/** @param {Slider} name @param {number} now */
function said(name, now) {
  if (name === "saturation") return `${Math.round(now * 100)} %`;
  if (name === "warmth") return Math.abs(now) < 0.005 ? "0" : `${now > 0 ? "+" : "−"}${Math.abs(Math.round(now * 100))}`;
  return desk.choice?.temperature === null ? `${now.toFixed(2)} (usual)` : now.toFixed(2);
}

function show() {
  if (!desk.job || !desk.choice) return;
  for (const name of SLIDERS) {
    element(name).value = String(value(name));
    element(name).disabled = desk.choice.colors === "transplant";
    element(`${name}-value`).textContent = said(name, value(name));
  }
  element("model").value = desk.choice.model ?? element("model").options[0]?.value ?? "";
  element("effort").value = desk.choice.effort;
  element("effort").disabled = desk.choice.colors === "transplant";
  element("source").textContent = SOURCES[desk.choice.colors];
  element("own-colors").hidden = desk.choice.colors === "model";
  element("undo").disabled = !steps().undo;
  element("redo").disabled = !steps().redo;
}

function showPhoto() {
  const { name, photo, problem } = job();
  element("photo-name").textContent = name;
  element("shown-name").textContent = element("shown-name").title = name;
  document.title = `${name} – Photochrom`;
  const colored = photo.colored ? ", had color already" : "";
  element("facts").textContent =
    `${photo.width.toLocaleString("en")} × ${photo.height.toLocaleString("en")}, ${photo.format.toUpperCase()}, ${photo.bits} bits${colored}`;
  element("job-problem").hidden = !problem;
  element("job-problem").textContent = problem ?? "";
  element("page-row").hidden = photo.pages < 2;
  const numbers = Array.from({ length: photo.pages }, (_, at) => make("option", { value: at, text: `${at + 1} of ${photo.pages}` }));
  element("page-number").replaceChildren(...numbers);
  element("page-number").value = String(desk.page);
}

/** Give the photo another one, and take its colors. @param {"reference" | "transplant"} kind @param {File} file */
async function give(kind, file) {
  await save();
  const form = new FormData();
  form.append("file", file, file.name);
  element("source").textContent = "Sending";
  try {
    await adopt(() => askJson(`/jobs/${job().id}/${kind}`, { method: "PUT", body: form }));
  } finally {
    show();
  }
}

/** Begin. */
export function startControls() {
  watch((change) => {
    if (change === "opened") showPhoto();
    show();
  });
  for (const name of SLIDERS) {
    element(name).addEventListener("input", () => choose({ [name]: Number(element(name).value) }, false));
    element(name).addEventListener("change", settle);
  }
  element("reset").addEventListener("click", () => choose({ saturation: 1, warmth: 0, temperature: null }));
  element("undo").addEventListener("click", undo);
  element("redo").addEventListener("click", redo);
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && ["text", "search", "number", "password"].includes(event.target.type);
    if (!desk.job || typing || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) redo();
    else undo();
  });
  element("model").addEventListener("change", () => choose({ model: element("model").value }));
  element("effort").addEventListener("change", () => choose({ effort: element("effort").value }));
  element("page-number").addEventListener("change", () => turnTo(Number(element("page-number").value)));
  element("own-colors").addEventListener("click", () => choose({ colors: "model" }));
  takesFile("give-reference", "reference-file", (file) => give("reference", file));
  takesFile("give-transplant", "transplant-file", (file) => give("transplant", file));
}
