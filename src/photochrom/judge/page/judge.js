// @ts-check
// The page of the human test. Addresses are relative: the application may be mounted anywhere.

/** @typedef {"left" | "right"} Side */
/** @typedef {{judged: number, recognized: number, fooled: number}} Result */
/** @typedef {{session: string, test: string, viewing: "second" | "free", trials: number, answered: number,
 *   result: Result | null}} State */
/** @typedef {Record<Side, HTMLImageElement>} Pair */

const SHOWN_MS = 1000;
const PAUSE_MS = 600;
const KEPT = "photochrom-judge-session";
/** @type {Side[]} */
const SIDES = ["left", "right"];
const NAMES = { left: "Left", right: "Right" };
const VIEWINGS = {
  second: "Each picture is shown for one second only, first the left, then the right one. Then take your time.",
  free: "Look at both pictures for as long as you like.",
};

/** @type {State} */
let state;
/** @type {Map<number, Promise<Pair>>} */
const pairs = new Map();
/** When answering became possible; null while it is not. @type {number | null} */
let askedAt = null;

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Show one of the page's screens. @param {"welcome" | "trial" | "end" | "trouble"} name */
function show(name) {
  for (const screen of document.querySelectorAll("main")) screen.hidden = screen.id !== name;
}

/** @param {string} path @param {object} [body] @returns {Promise<State>} */
async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const request = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(`api/sessions${path}`, { ...request, signal: AbortSignal.timeout(15_000) });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status });
  return answer;
}

/** Do something that needs the server; where that fails, say so and offer to do it again. @param {() => Promise<void>} work */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    const status = /** @type {any} */ (error).status;
    element("reason").textContent = status
      ? `The server refused: ${/** @type {Error} */ (error).message}.`
      : "The server does not answer. Is photochrom judge still running? Nothing you answered is lost.";
    element("again").onclick = () => (status === 409 || status === 404 ? location.reload() : attempt(work));
    show("trouble");
    element("again").focus();
  }
}

/** @param {string | null} token */
function keep(token) {
  try {
    if (token === null) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, token);
  } catch {
    // Without storage the test cannot be resumed after a reload, and works otherwise.
  }
}

/** @returns {string | null} */
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** Load and decode both pictures of a pair, once. @param {number} number @returns {Promise<Pair>} */
function load(number) {
  let pair = pairs.get(number);
  if (pair === undefined) {
    pair = loaded(state.session, number);
    pair.catch(() => pairs.delete(number));
    pairs.set(number, pair);
  }
  return pair;
}

/** @param {string} session @param {number} number @returns {Promise<Pair>} */
async function loaded(session, number) {
  const images = SIDES.map((side) => {
    const image = new Image();
    image.alt = `${NAMES[side]} picture`;
    image.draggable = false;
    image.src = `api/sessions/${session}/pictures/${number}/${side}`;
    return image;
  });
  await Promise.all(images.map((image) => image.decode()));
  return { left: images[0], right: images[1] };
}

/** @param {Side} side @returns {HTMLElement} */
const frame = (side) => element(side).querySelector(".frame");

/** Wait until the page can be seen: a hidden tab shows nothing for one second. */
async function visible() {
  while (document.hidden) await new Promise((seen) => addEventListener("visibilitychange", seen, { once: true }));
}

/** @param {string} text */
function say(text) {
  element("said").textContent = text;
}

/** Show pictures for one second each, one after the other. @param {Pair} pair */
async function flash(pair) {
  for (const side of SIDES) {
    say(`${NAMES[side]} picture`);
    frame(side).replaceChildren(pair[side]);
    await pause(SHOWN_MS);
    frame(side).replaceChildren();
  }
}

/** Show the current pair and ask. */
async function trial() {
  const number = state.answered;
  show("trial");
  element("count").textContent = `Pair ${number + 1} of ${state.trials}`;
  element("progress").max = state.trials;
  element("progress").value = number;
  element("prompt").textContent = state.viewing === "second" ? "Look at the pictures" : "";
  element("question").focus({ preventScroll: true });
  for (const side of SIDES) {
    frame(side).replaceChildren();
    element(side).classList.remove("chosen");
  }
  const [pair] = await Promise.all([load(number), pause(PAUSE_MS)]);
  await visible();
  if (state.viewing === "second") await flash(pair);
  else for (const side of SIDES) frame(side).replaceChildren(pair[side]);
  for (const side of SIDES) element(side).disabled = false;
  askedAt = performance.now();
  element("prompt").textContent = "Left or right?";
  say(`Pair ${number + 1} of ${state.trials}. Which one is the real photo? Left or right arrow key.`);
  pairs.delete(number - 1);
  if (number + 1 < state.trials) load(number + 1).catch(() => {});
}

/** @param {Side} side */
function choose(side) {
  if (askedAt === null) return;
  const body = { trial: state.answered, answer: side, response_ms: Math.round(performance.now() - askedAt) };
  askedAt = null;
  for (const each of SIDES) element(each).disabled = true;
  element(side).classList.add("chosen");
  element("prompt").textContent = "";
  attempt(async () => {
    state = await ask(`/${state.session}/answers`, body);
    await go();
  });
}

/** Go on where the participant is. */
async function go() {
  if (state.result === null) await trial();
  else finish(state.result);
}

/** @param {Result} result */
function finish(result) {
  const pictures = result.judged === 1 ? "pair" : "pairs";
  element("result").textContent = `You recognized the real photo in ${result.recognized} of ${result.judged} ${pictures}.`;
  element("meaning").textContent =
    result.fooled === 0
      ? "The computer's colors never fooled you."
      : `In the other ${result.fooled} you took the computer's colors for real. Guessing would give about half.`;
  say(`Done, thank you! ${element("result").textContent}`);
  show("end");
  element("thanks").focus();
}

async function begin() {
  pairs.clear();
  state = await ask("", {});
  keep(state.session);
  await go();
}

/** Return the unfinished session of this browser, if the server knows it. @returns {Promise<State | null>} */
async function resumable() {
  const token = kept();
  if (token === null || !/^[\w-]{22}$/.test(token)) return null;
  try {
    return await ask(`/${token}`);
  } catch (error) {
    if (/** @type {any} */ (error).status !== 404) throw error;
    keep(null);
    return null;
  }
}

async function welcome() {
  const [about, found] = await Promise.all([fetch("api/test").then((response) => response.json()), resumable()]);
  const open = found !== null && found.result === null && found.answered > 0;
  document.body.dataset.viewing = about.viewing;
  element("viewing").textContent = VIEWINGS[/** @type {State["viewing"]} */ (about.viewing)];
  element("start").textContent = open ? `Go on with pair ${found.answered + 1} of ${found.trials}` : `Start (${about.trials} pairs)`;
  element("fresh").hidden = !open;
  element("start").onclick = () =>
    attempt(async () => {
      if (!open) return begin();
      state = found;
      await go();
    });
  show("welcome");
}

for (const side of SIDES) element(side).addEventListener("click", () => choose(side));
element("fresh").addEventListener("click", () => attempt(begin));
element("next").addEventListener("click", () => {
  keep(null);
  attempt(welcome);
});
addEventListener("keydown", (event) => {
  if (event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || askedAt === null) return;
  if (event.key === "ArrowLeft") choose("left");
  else if (event.key === "ArrowRight") choose("right");
  else return;
  event.preventDefault();
});
attempt(welcome);
