// Changing and adding spans: the ends follow arrow keys, the grips in the text, or what is selected with the mouse.

const HALF_GRIP = 12;

export class Editor {
  /**
   * @param {HTMLElement} desk The rendered desk.
   * @param {import("./desk-text.js").TextMap} map Its text.
   * @param {(sentence: string) => void} say Says a sentence to who cannot see.
   */
  constructor(desk, map, say) {
    this.desk = desk;
    this.map = map;
    this.say = say;
    this.form = desk.querySelector("#edit");
    this.frame = desk.querySelector(".text-frame");
    this.layer = null;
    this.start = null;
    this.end = null;
    if (this.form && this.frame) {
      this.listen();
    }
  }

  get open() {
    return Boolean(this.form) && !this.form.hidden;
  }

  listen() {
    this.form.addEventListener("input", () => this.fromFields());
    this.frame.addEventListener("pointerup", () => setTimeout(() => this.fromSelection()));
    addEventListener("resize", () => this.open && this.draw());
    if (this.open) {
      this.begin();
    }
  }

  /** Opens the form on a span of the list, with another indicator already chosen where one is given. */
  change(row, place = null) {
    const { span, mark, from, to, indicator, assertion } = row.dataset;
    if (!this.form || !span) {
      return;
    }
    this.fill({ kind: "change", span, mark, heading: `Change span ${mark}`, needs: "changing a span" });
    this.form.elements.indicator.value = indicator;
    this.form.elements.assertion.value = assertion;
    if (place !== null) {
      this.pick(place);
    }
    this.begin(Number(from), Number(to));
  }

  add() {
    if (!this.form) {
      return;
    }
    this.fill({ kind: "add", span: "", mark: "", heading: "Add a span", needs: "" });
    const chosen = this.selected();
    this.begin(...(chosen ?? [null, null]));
    if (!chosen) {
      this.say("Select the words in the text, or press an arrow key to begin at the start of the text.");
    }
  }

  fill({ kind, span, mark, heading, needs }) {
    this.form.elements.kind.value = kind;
    this.form.elements.span.value = span;
    this.form.elements.mark.value = mark;
    this.form.elements.reason.value = "";
    this.form.querySelector("[type=submit]").dataset.reason = needs;
    this.form.querySelector("#edit-heading").textContent = heading;
  }

  begin(start = undefined, end = undefined) {
    this.form.hidden = false;
    this.desk.classList.add("editing");
    if (start === undefined) {
      this.fromFields();
    } else {
      this.set(start, end);
    }
    this.form.querySelector("#edit-heading").focus({ preventScroll: true });
    this.form.scrollIntoView({ block: "nearest" });
    this.show();
  }

  leave() {
    this.form.hidden = true;
    this.desk.classList.remove("editing");
    this.layer?.remove();
    this.layer = null;
  }

  /** Keys while the form is open and nothing is being typed; true when the key was one of them. */
  onKey(event) {
    const digit = /^Digit([1-9])$/.exec(event.code);
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.move(event.key === "ArrowRight" ? 1 : -1, event.shiftKey, event.ctrlKey || event.altKey);
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    } else if (digit) {
      this.pick(Number(digit[1]) + (event.shiftKey ? 9 : 0));
    } else if (event.key === "t") {
      this.turn();
    } else if (event.key === "Enter") {
      this.form.requestSubmit(this.form.querySelector("[type=submit]"));
    } else {
      return false;
    }
    return true;
  }

  move(direction, atStart, byWord) {
    if (this.start === null) {
      this.set(0, this.map.step(0, 1, true, false));
    } else if (atStart) {
      this.set(Math.min(this.map.step(this.start, direction, byWord, true), this.end - 1), this.end);
    } else {
      this.set(this.start, Math.max(this.map.step(this.end, direction, byWord, false), this.start + 1));
    }
    this.show();
  }

  pick(place) {
    const choice = this.form.querySelector(`[data-place="${place}"]`);
    if (choice) {
      choice.checked = true;
      this.say(choice.closest("label").textContent.trim());
    }
  }

  /** The next way in which the text can hold the words. */
  turn() {
    const choices = [...this.form.elements.assertion];
    const next = choices[(choices.findIndex((choice) => choice.checked) + 1) % choices.length];
    next.checked = true;
    this.say(next.closest("label").textContent.trim());
  }

  selected() {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || selection.rangeCount === 0) {
      return null;
    }
    const range = selection.getRangeAt(0);
    const start = this.map.offsetOf(range.startContainer, range.startOffset);
    const end = this.map.offsetOf(range.endContainer, range.endOffset);
    return start === null || end === null || start >= end ? null : [start, end];
  }

  fromSelection() {
    const chosen = this.open ? this.selected() : null;
    if (chosen) {
      this.set(...chosen);
      getSelection().removeAllRanges();
    }
  }

  fromFields() {
    const [start, end] = [this.form.elements.start.value, this.form.elements.end.value].map(Number);
    if (this.form.elements.end.value && start < end && end <= this.map.length) {
      this.set(start, end);
    }
  }

  set(start, end) {
    this.start = start;
    this.end = end;
    this.form.elements.start.value = start ?? "";
    this.form.elements.end.value = end ?? "";
    this.form.querySelector(".draft").textContent = start === null ? "" : this.map.text(start, end);
    this.draw();
  }

  show() {
    const part = this.layer?.querySelector(".draft-part");
    part?.scrollIntoView({ block: "nearest" });
  }

  /** Draws the words as they would be marked, with a grip at each end, over the text and without changing it. */
  draw() {
    this.layer?.remove();
    this.layer = document.createElement("div");
    this.layer.className = "draft-layer";
    this.frame.append(this.layer);
    if (this.start === null) {
      return;
    }
    const origin = this.frame.getBoundingClientRect();
    const boxes = this.map.boxes(this.start, this.end);
    for (const box of boxes) {
      const part = document.createElement("div");
      part.className = "draft-part";
      place(part, box.left - origin.left, box.top - origin.top, box.height);
      part.style.width = `${box.width}px`;
      this.layer.append(part);
    }
    if (boxes.length > 0) {
      const [first, last] = [boxes[0], boxes.at(-1)];
      this.layer.append(this.grip("start", first.left - origin.left, first.top - origin.top, first.height));
      this.layer.append(this.grip("end", last.right - origin.left, last.top - origin.top, last.height));
    }
  }

  grip(name, left, top, height) {
    const grip = document.createElement("div");
    grip.className = "grip";
    grip.dataset.grip = name;
    place(grip, left, top, height);
    grip.addEventListener("pointerdown", (event) => {
      this.drag(event, name, event.clientX - grip.getBoundingClientRect().left - HALF_GRIP);
    });
    return grip;
  }

  /** Moves one end with the pointer; listens on the window, since every step draws the grips anew. */
  drag(event, name, slip) {
    event.preventDefault();
    // What lies under the pointer has to be the text, not the grip that follows it.
    this.frame.classList.add("dragging");
    const following = new AbortController();
    const onMove = (moved) => {
      const offset = this.map.offsetAt(moved.clientX - slip, moved.clientY);
      if (offset === null) {
        return;
      }
      if (name === "start" && offset < this.end) {
        this.set(offset, this.end);
      } else if (name === "end" && offset > this.start) {
        this.set(this.start, offset);
      }
    };
    addEventListener("pointermove", onMove, { signal: following.signal });
    for (const ending of ["pointerup", "pointercancel"]) {
      addEventListener(ending, () => this.drop(following), { signal: following.signal });
    }
  }

  drop(following) {
    following.abort();
    this.frame.classList.remove("dragging");
  }
}

function place(element, left, top, height) {
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
  element.style.height = `${height}px`;
}
