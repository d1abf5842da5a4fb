// The page works without this script: it saves the reload, and adds the panel, the keys and the copy buttons.
// The server renders every result, so that what a text looks like is decided in one place.

import { adopt } from "./panel.js";

const form = document.querySelector("#ask");
const box = document.querySelector("#text");
const count = document.querySelector("#count");
const status = document.querySelector("#status");
const limit = Number(count.dataset.limit);
const number = new Intl.NumberFormat("en");
let running = null;

/** Characters as the server counts them: code points, where `length` would count an emoji twice. */
function countCharacters() {
  const characters = Array.from(box.value).length;
  const over = characters > limit;
  count.textContent = over
    ? `${number.format(characters - limit)} characters over the limit of ${number.format(limit)}`
    : `${number.format(characters)} of ${number.format(limit)} characters`;
  count.classList.toggle("over", over);
  box.setAttribute("aria-invalid", String(over));
}

function showTrouble(sentence) {
  const trouble = document.createElement("p");
  trouble.className = "card problem";
  trouble.textContent = sentence;
  document.querySelector("#result").replaceChildren(trouble);
  status.textContent = sentence;
}

/** Puts the result of a page that the server rendered in the place of the one on show. */
function showResult(page) {
  const result = document.importNode(page.querySelector("#result"), true);
  document.querySelector("#result").replaceWith(result);
  document.title = page.title;
  adopt(result);
  const heading = result.querySelector("#verdict");
  status.textContent = heading.closest("[data-summary]").dataset.summary;
  heading.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  result.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

async function analyze() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  form.setAttribute("aria-busy", "true");
  status.textContent = "Reading the text";
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, signal: mine.signal });
    if (answer.redirected) {
      showTrouble("You are no longer signed in. Your text is still in the box.");
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("#verdict")) {
      showResult(page);
    } else {
      showTrouble("The service gave an answer that this page cannot show.");
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      showTrouble("The service cannot be reached. Your text is still in the box.");
    }
  } finally {
    if (running === mine) {
      form.removeAttribute("aria-busy");
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  analyze();
});

form.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-example]");
  if (!chip || event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  box.value = chip.dataset.example;
  countCharacters();
  box.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

box.addEventListener("input", countCharacters);
for (const hidden of form.querySelectorAll("[data-js]")) {
  hidden.hidden = false;
}
if (box.value) {
  countCharacters();
}
adopt(document.querySelector("#result"));
