// The review desk works without this script: it saves the reload, and adds the keys, the grips and the dialogs.
// The server renders every state, so that what a document looks like is decided in one place.

import { askReason } from "./desk-ask.js";
import { adoptReferrals, applyGrey, isBlurred, remember, remembered, toggleGrey, toggleText } from "./desk-care.js";
import { Editor } from "./desk-edit.js";
import { TextMap } from "./desk-text.js";

const RENEW_EVERY = 60_000;
const VERDICTS = new Set(["E", "S", "N"]);
const DECISIONS = { y: "confirm", n: "reject", x: "insufficient" };
const status = document.querySelector("#status");
let keysOn = remembered("keys") !== "off";
let active = false;
let review = null;

function say(sentence) {
  status.textContent = sentence;
}

/** One rendered desk: spans to step through, forms to send, an editor. */
class Review {
  constructor(desk, mark) {
    this.desk = desk;
    this.document = desk.dataset.document;
    this.rows = [...desk.querySelectorAll(".span-row")].sort((a, b) => a.dataset.mark - b.dataset.mark);
    this.segments = [...desk.querySelectorAll("a.segment")];
    this.current = null;
    this.busy = false;
    this.waiting = [];
    const text = desk.querySelector("#marked");
    this.editor = text ? new Editor(desk, new TextMap(text), say) : null;
    for (const hidden of desk.querySelectorAll("[data-js]")) {
      hidden.hidden = false;
    }
    applyGrey(desk);
    adoptReferrals(desk);
    desk.addEventListener("click", (event) => this.onClick(event));
    desk.addEventListener("submit", (event) => this.onSubmit(event));
    desk.querySelector("#keys-on").checked = keysOn;
    if (mark) {
      this.goTo(mark, { scroll: false });
    }
  }

  row(mark) {
    return this.rows.find((row) => row.dataset.mark === String(mark));
  }

  /** Moves to the next or previous span, from the one on show or from the ends of the text. */
  step(direction) {
    const place = this.rows.findIndex((row) => row.dataset.mark === this.current);
    const start = direction > 0 ? -1 : this.rows.length;
    const next = this.rows[(place === -1 ? start : place) + direction];
    if (next) {
      this.goTo(next.dataset.mark);
    } else {
      say(this.rows.length === 0 ? "There are no spans." : "There are no more spans this way.");
    }
  }

  goTo(mark, { scroll = true } = {}) {
    const row = this.row(mark);
    if (!row) {
      return;
    }
    this.current = row.dataset.mark;
    for (const other of this.rows) {
      other.classList.toggle("current", other === row);
    }
    const mine = (segment) => segment.dataset.marks.split(" ").includes(this.current);
    for (const segment of this.segments) {
      segment.classList.toggle("current", mine(segment));
    }
    const target = this.segments.find(mine);
    if (scroll) {
      row.scrollIntoView({ block: "nearest" });
      target?.scrollIntoView({ block: "nearest" });
    }
    (isBlurred(this.desk) ? row.querySelector("a") : target)?.focus({ preventScroll: true });
  }

  onClick(event) {
    const target = event.target;
    const segment = target.closest("a.segment");
    const row = target.closest(".span-row");
    if (segment && !this.editor?.open) {
      event.preventDefault();
      const marks = segment.dataset.marks.split(" ");
      // A second click on words of several spans goes on to the next of them.
      this.goTo(marks[(marks.indexOf(this.current) + 1) % marks.length]);
    } else if (segment) {
      event.preventDefault();
    } else if (target.closest("[data-edit]")) {
      event.preventDefault();
      this.edit(row);
    } else if (target.closest("[data-goto]")) {
      event.preventDefault();
      this.goTo(row.dataset.mark);
    } else if (target.closest("[data-add]")) {
      event.preventDefault();
      this.add();
    } else if (target.closest("[data-leave]")) {
      event.preventDefault();
      this.editor.leave();
    } else if (target.closest("[data-reveal]")) {
      event.preventDefault();
      this.reveal();
    } else if (target.closest("[data-grey]")) {
      toggleGrey(this.desk);
    } else if (target.closest("[data-help]")) {
      this.help();
    } else if (target.id === "keys-on") {
      keysOn = target.checked;
      remember("keys", keysOn ? "on" : "off");
    } else if (row && !target.closest("button, a, input, label")) {
      this.goTo(row.dataset.mark, { scroll: false });
    }
  }

  async onSubmit(event) {
    const form = event.target;
    const act = form.dataset.act;
    if (act === undefined) {
      return;
    }
    event.preventDefault();
    const submitter = event.submitter;
    const needs = (act === "verdict" ? form.querySelector("[name=verdict]:checked") : submitter)?.dataset.reason;
    if (needs && !form.elements.reason.value.trim()) {
      const reason = await askReason(needs);
      if (reason === null) {
        return;
      }
      form.elements.reason.value = reason;
    }
    await this.send(form, submitter);
  }

  async send(form, submitter) {
    if (this.busy) {
      return;
    }
    this.busy = true;
    const body = new URLSearchParams(new FormData(form));
    if (submitter?.name) {
      body.set(submitter.name, submitter.value);
    }
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.busy = false;
      show(answer, page);
    } catch {
      this.busy = false;
      this.trouble("The service cannot be reached. Nothing was decided; try again.");
    }
  }

  /** Says what went wrong; keys that waited for it to go well are forgotten. */
  trouble(sentence) {
    this.waiting = [];
    this.desk.querySelector("#trouble")?.remove();
    const message = document.createElement("p");
    message.id = "trouble";
    message.className = "message problem";
    message.setAttribute("role", "alert");
    message.tabIndex = -1;
    message.textContent = sentence;
    this.desk.querySelector(".page-head").after(message);
    message.scrollIntoView({ block: "nearest" });
  }

  decide(kind) {
    const row = this.row(this.current);
    const button = row?.querySelector(`button[value="${kind}"]`);
    if (button) {
      button.form.requestSubmit(button);
    } else {
      say(row ? "You added this span; undo takes it back." : "Choose a span first.");
    }
  }

  edit(row, place = null) {
    if (isBlurred(this.desk)) {
      say("Show the text first.");
    } else if (row?.querySelector("[data-edit]")) {
      this.goTo(row.dataset.mark, { scroll: false });
      this.editor.change(row, place);
    } else {
      say("Choose a span first.");
    }
  }

  add() {
    if (isBlurred(this.desk)) {
      say("Show the text first.");
    } else {
      this.editor?.add();
    }
  }

  reveal() {
    say(toggleText(this.desk) ? "The text is on show." : "The text is blurred.");
  }

  choose(key) {
    const choice = this.desk.querySelector(`#verdict-form [data-key="${key}"]`);
    if (choice) {
      choice.checked = true;
      say(`${choice.closest("label").textContent.trim()} is chosen. Enter decides.`);
    }
  }

  /** Decides and goes on; on a document that is not held, takes it or goes on to the next. */
  goOn() {
    const verdict = this.desk.querySelector("#verdict-form");
    if (!verdict) {
      const ways = ["form[action$='/claim']", "form[action='/queue/next']"];
      ways.map((way) => this.desk.querySelector(way)).find(Boolean)?.requestSubmit();
    } else if (verdict.querySelector("[name=verdict]:checked")) {
      verdict.requestSubmit();
    } else {
      this.trouble("Choose a verdict first: Shift with E, S or N.");
    }
  }

  help() {
    this.desk.querySelector("#help").showModal();
    this.desk.querySelector("#help-heading").focus();
  }

  press(selector) {
    this.desk.querySelector(selector)?.click();
  }

  jump(selector) {
    const target = this.desk.querySelector(selector);
    const details = target?.closest("details");
    if (details) {
      details.open = true;
    }
    target?.focus();
  }

  /** Does what a key stands for; false when it stands for nothing. */
  onKey(event) {
    if (this.editor?.open) {
      if (event.key === "Escape") {
        this.editor.leave();
        return true;
      }
      return this.editor.onKey(event);
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    }
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.shiftKey && VERDICTS.has(key.toUpperCase())) {
      this.choose(key.toUpperCase());
    } else if (digit) {
      this.edit(this.row(this.current), Number(digit[1]) + (event.shiftKey ? 9 : 0));
    } else if (key in DECISIONS) {
      this.decide(DECISIONS[key]);
    } else if (key in COMMANDS) {
      COMMANDS[key](this);
    } else {
      return false;
    }
    return true;
  }
}

const COMMANDS = {
  j: (mine) => mine.step(1),
  k: (mine) => mine.step(-1),
  e: (mine) => mine.edit(mine.row(mine.current)),
  a: (mine) => mine.add(),
  u: (mine) => mine.press("form[action='/desk/undo'] button"),
  v: (mine) => mine.reveal(),
  g: (mine) => toggleGrey(mine.desk),
  r: (mine) => mine.jump("#verdict-form input[name=reason]"),
  m: (mine) => mine.jump(".unmask input[type=radio]"),
  d: (mine) => mine.jump("#cluster-verdict"),
  p: (mine) => mine.press("button[name=choice][value=pause]"),
  b: (mine) => mine.press("form[action$='/release'] button"),
  "?": (mine) => mine.help(),
  Enter: (mine) => mine.goOn(),
};

/** Puts the desk of a page that the server rendered in the place of the one on show. */
function show(answer, page) {
  const desk = page.querySelector("#desk");
  const trouble = page.querySelector("#trouble");
  if (!desk) {
    location.assign(answer.redirected ? answer.url : "/queue");
    return;
  }
  if (answer.status === 422 && trouble) {
    // Whatever is typed or chosen stays as it is: only what was refused is said.
    review.trouble(trouble.textContent);
    return;
  }
  const same = desk.dataset.document === review.document;
  const { current, waiting } = review;
  const next = document.importNode(desk, true);
  document.querySelector("#desk").replaceWith(next);
  document.title = page.title;
  if (answer.redirected) {
    history[same ? "replaceState" : "pushState"](null, "", answer.url);
  }
  review = new Review(next, same ? current : null);
  if (!same) {
    scrollTo(0, 0);
    say(`Next document: ${next.querySelector("h1").textContent}`);
  }
  if (!same || !review.current) {
    document.querySelector("#main").focus({ preventScroll: true });
  }
  for (const key of waiting) {
    handle(key);
  }
}

function handle(key) {
  if (review.busy) {
    // Keys that come faster than the answer are done in their order, on what the answer shows.
    review.waiting.push(key);
    return true;
  }
  return review.onKey(key);
}

function isTyping(target) {
  return target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
}

document.addEventListener("keydown", (event) => {
  active = true;
  const target = event.target;
  // A dialog that its own key has just closed is no longer there to be seen, but the key was for it.
  if (event.defaultPrevented) {
    return;
  }
  if (!keysOn && event.key !== "?" && !review.editor?.open) {
    return;
  }
  if (target.closest("dialog[open]") || (isTyping(target) && event.key !== "Escape")) {
    return;
  }
  // What has the focus answers to its own keys; only the words of the text pass theirs on.
  const acts = target.matches("a:not(.segment), button, summary, input");
  if (acts && (event.key === "Enter" || event.key === " " || (target.type === "radio" && event.key.startsWith("Arrow")))) {
    return;
  }
  const { key, code, shiftKey, ctrlKey, metaKey, altKey } = event;
  if (handle({ key, code, shiftKey, ctrlKey, metaKey, altKey })) {
    event.preventDefault();
  }
});

for (const name of ["pointerdown", "wheel"]) {
  addEventListener(name, () => {
    active = true;
  }, { passive: true });
}

setInterval(async () => {
  if (!active || !review.desk.dataset.holds) {
    return;
  }
  active = false;
  const mine = review;
  const headers = { "X-CSRF-Token": document.body.dataset.csrf };
  const answer = await fetch(`/desk/${mine.document}/renew`, { method: "POST", headers }).catch(() => null);
  if (answer?.status === 409 && mine === review) {
    mine.trouble("You no longer hold this document. What you have decided on its spans stays.");
  }
}, RENEW_EVERY);

addEventListener("popstate", () => location.reload());
document.documentElement.classList.add("scripted");
review = new Review(document.querySelector("#desk"), new URL(location.href).hash.replace("#row-", ""));
