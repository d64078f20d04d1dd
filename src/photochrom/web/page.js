// @ts-check
// Small things of the page itself: elements, messages, a question.

/** @param {string} id @returns {any} */
export const element = (id) => document.getElementById(id);

/**
 * Make an element; names beginning with "on" are listeners, others attributes, "text" its text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any>} [about] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, about = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** Tell a screen reader. @param {string} text */
export function say(text) {
  element("said").textContent = text;
}

/** A text as a sentence; names of files keep their first letter. @param {string} text */
export function sentence(text) {
  const whole = /^[a-z]+[ ,;]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** Show a message until it is closed, or for a while where it is no problem. @param {string} text @param {boolean} [bad] */
export function note(text, bad = false) {
  const shown = sentence(text);
  for (const old of element("notes").children) if (old.dataset.text === shown) old.remove();
  const close = make("button", { class: "plain", type: "button", "aria-label": "Close this message", text: "✕" });
  const box = make("div", { class: bad ? "toast bad" : "toast", role: bad ? "alert" : "status", "data-text": shown },
    make("span", { text: shown }), close);
  close.addEventListener("click", () => box.remove());
  element("notes").append(box);
  if (!bad) setTimeout(() => box.remove(), 5000);
  while (element("notes").children.length > 3) element("notes").firstElementChild.remove();
}

/** Do something, and show why where it cannot be done. @template T @param {() => Promise<T>} work */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) note(/** @type {Error} */ (error).message, true);
    return undefined;
  }
}

/** Ask before something is done that cannot be undone. @param {string} text @param {string} yes @returns {Promise<boolean>} */
export function confirmed(text, yes) {
  const dialog = element("question");
  element("question-text").textContent = text;
  element("question-yes").textContent = yes;
  dialog.showModal();
  return new Promise((answer) => {
    /** @param {boolean} value */
    const end = (value) => {
      dialog.onclose = null;
      dialog.close();
      answer(value);
    };
    element("question-yes").onclick = () => end(true);
    element("question-no").onclick = () => end(false);
    dialog.onclose = () => end(false);
  });
}

/** Call at most once in a while, with the last arguments. @template {any[]} A @param {(...all: A) => void} work @param {number} ms */
export function later(work, ms) {
  let timer = 0;
  return (/** @type {A} */ ...all) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...all), ms);
  };
}

/** Save an address of this server as a file. @param {string} address */
export function save(address) {
  const link = make("a", { href: address, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

/** Send a small file to one place of the page. @param {string} button @param {string} input @param {(file: File) => Promise<void>} take */
export function takesFile(button, input, take) {
  element(button).addEventListener("click", () => element(input).click());
  element(input).addEventListener("change", async () => {
    const [file] = element(input).files;
    if (file) await attempt(() => take(file));
    element(input).value = "";
  });
}
