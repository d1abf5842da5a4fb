// The text of the desk as code points, which the server's offsets count, and as ranges, which the page draws.

/** Every run of characters of the text with its first code point; generated labels have no characters. */
export class TextMap {
  constructor(root) {
    this.root = root;
    this.runs = [];
    for (const piece of root.querySelectorAll("[data-start]")) {
      let start = Number(piece.dataset.start);
      const walker = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const node = walker.currentNode;
        const length = Array.from(node.data).length;
        this.runs.push({ node, start, length });
        start += length;
      }
    }
    const last = this.runs.at(-1);
    this.length = last ? last.start + last.length : 0;
    this.byNode = new Map(this.runs.map((run) => [run.node, run]));
    this.places = null;
  }

  /** The code point at a place of the document; null outside of the text. */
  offsetOf(node, offset) {
    const run = this.byNode.get(node);
    if (run) {
      return run.start + Array.from(node.data.slice(0, offset)).length;
    }
    if (!this.root.contains(node) || this.runs.length === 0) {
      return null;
    }
    // Between elements: the first characters at or after the place, else the end of the text.
    const after = node.childNodes[offset] ?? null;
    const next = this.runs.find((other) =>
      after ? after.contains(other.node) || after.compareDocumentPosition(other.node) & Node.DOCUMENT_POSITION_FOLLOWING
        : node.compareDocumentPosition(other.node) === Node.DOCUMENT_POSITION_FOLLOWING);
    return next ? next.start : this.length;
  }

  /** The code point nearest to a point of the window; null where there is no text. */
  offsetAt(x, y) {
    const place = document.caretPositionFromPoint?.(x, y);
    if (place) {
      return this.offsetOf(place.offsetNode, place.offset);
    }
    const range = document.caretRangeFromPoint?.(x, y);
    return range ? this.offsetOf(range.startContainer, range.startOffset) : null;
  }

  /** The boxes of the words alone: labels and elements around them have boxes too, which would lie over these. */
  boxes(start, end) {
    const range = document.createRange();
    const boxes = [];
    for (const { node, start: first, length } of this.runs) {
      if (first < end && start < first + length) {
        range.setStart(node, unitsTo(node, Math.max(0, start - first)));
        range.setEnd(node, unitsTo(node, Math.min(length, end - first)));
        boxes.push(...[...range.getClientRects()].filter((box) => box.width > 0));
      }
    }
    return boxes;
  }

  text(start, end) {
    return Array.from(this.runs.map((run) => run.node.data).join("")).slice(start, end).join("");
  }

  /**
   * The next place where a character, as people count them, begins.
   * By words: where a word begins, for the start of a span, or ends, for its end.
   */
  step(offset, direction, byWord, atStart) {
    this.places ??= boundaries(this.runs.map((run) => run.node.data).join(""));
    const { characters, beginnings, endings } = this.places;
    const places = !byWord ? characters : atStart ? beginnings : endings;
    if (direction > 0) {
      return places.find((place) => place > offset) ?? this.length;
    }
    return places.findLast((place) => place < offset) ?? 0;
  }
}

/** The UTF-16 offset of a code point in a text node. */
function unitsTo(node, points) {
  return Array.from(node.data).slice(0, points).join("").length;
}

/** Where characters begin, and where words begin and end, in code points. */
function boundaries(text) {
  if (!Intl.Segmenter) {
    const all = Array.from({ length: Array.from(text).length + 1 }, (_, place) => place);
    return { characters: all, beginnings: all, endings: all };
  }
  const characters = [0];
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    characters.push(characters.at(-1) + Array.from(segment).length);
  }
  const [beginnings, endings] = [[], []];
  let place = 0;
  for (const { segment, isWordLike } of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)) {
    const end = place + Array.from(segment).length;
    // What is hidden is no word to the browser, and one to a reader.
    if (isWordLike || segment.includes("█")) {
      beginnings.push(place);
      endings.push(end);
    }
    place = end;
  }
  return { characters, beginnings, endings };
}
