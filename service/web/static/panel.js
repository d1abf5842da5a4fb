// One result: the why-panel, moving over the spans by key, and the copy buttons.

/** Makes a rendered result respond to clicks and keys. */
export function adopt(result) {
  const panel = result.querySelector("#panel");
  if (!panel) {
    return;
  }
  for (const hidden of result.querySelectorAll("[data-js]")) {
    hidden.hidden = false;
  }
  const reader = new Reader(result, panel);
  result.addEventListener("click", (event) => reader.onClick(event));
  result.addEventListener("keydown", (event) => reader.onKey(event));
}

class Reader {
  constructor(result, panel) {
    this.result = result;
    this.panel = panel;
    this.segments = [...result.querySelectorAll("a.segment")];
    this.marks = [...new Set(this.segments.flatMap(marksOf))].sort((a, b) => a - b);
    this.origin = null;
    this.current = null;
  }

  onClick(event) {
    const segment = event.target.closest("a.segment");
    const quote = event.target.closest("[data-goto]");
    const copy = event.target.closest("[data-copy]");
    if (segment) {
      event.preventDefault();
      this.open(segment, marksOf(segment));
      this.panel.querySelector("#panel-heading").focus({ preventScroll: true });
    } else if (quote) {
      event.preventDefault();
      this.goTo(Number(quote.dataset.goto));
    } else if (event.target.closest("[data-close]")) {
      this.close();
    } else if (copy) {
      copyText(copy, this.result.querySelector(`#${copy.dataset.copy}`));
    }
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Escape" && !this.panel.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      this.step(event.key === "j" ? 1 : -1);
    }
  }

  /** Moves to the next or previous span, from the one on show or from the ends of the text. */
  step(direction) {
    if (this.marks.length === 0) {
      return;
    }
    const place = this.marks.indexOf(this.current);
    const start = direction > 0 ? -1 : this.marks.length;
    const next = (place === -1 ? start : place) + direction;
    if (next >= 0 && next < this.marks.length) {
      this.goTo(this.marks[next]);
    }
  }

  goTo(mark) {
    const segment = this.segments.find((candidate) => marksOf(candidate).includes(mark));
    if (segment) {
      this.open(segment, [mark]);
      segment.focus();
    }
  }

  /** Shows why the marks are there; what it says is a copy of the list of indicators. */
  open(segment, marks) {
    this.origin = segment;
    this.current = marks[0];
    for (const other of this.segments) {
      other.classList.toggle("current", marksOf(other).some((mark) => marks.includes(mark)));
    }
    const indicators = new Set(marks.map((mark) => this.indicatorOf(mark)));
    this.panel.querySelector(".panel-body").replaceChildren(...[...indicators].map(explain));
    this.panel.hidden = false;
    this.panel.scrollTop = 0;
  }

  indicatorOf(mark) {
    return this.result.querySelector(`.scores [data-goto="${mark}"]`).closest(".indicator");
  }

  close() {
    this.panel.hidden = true;
    for (const segment of this.segments) {
      segment.classList.remove("current");
    }
    this.origin?.focus();
  }
}

function marksOf(segment) {
  return segment.dataset.marks.split(" ").map(Number);
}

/** The head and the why-text of an indicator, copied without ids: an id stands for one element only. */
function explain(indicator) {
  const entry = document.createElement("section");
  entry.className = indicator.className;
  const parts = [".head", ".meter", ".state", ".why"].map((part) => indicator.querySelector(part));
  entry.append(...parts.filter(Boolean).map((part) => part.cloneNode(true)));
  for (const named of entry.querySelectorAll("[id]")) {
    named.removeAttribute("id");
  }
  return entry;
}

async function copyText(button, source) {
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers allow the clipboard on https and on this machine only: elsewhere the text is selected instead.
    getSelection().selectAllChildren(source);
    button.textContent = "Selected: press Ctrl + C";
  }
  setTimeout(() => {
    button.textContent = label;
  }, 2500);
}
