// Asks for the reason that the server wants, before it has to refuse: a preset by its number, or own words.

// Ends the question before, whose closing the browser may not have told of yet.
let leave = () => {};

/** A reason, or null when the person leaves. */
export function askReason(about) {
  leave();
  const dialog = document.querySelector("#ask");
  const words = dialog.querySelector("#ask-reason");
  dialog.querySelector("#ask-about").textContent = `A reason is needed for ${about}.`;
  words.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  dialog.querySelector("[data-preset]").focus();
  const asking = new AbortController();
  const { signal } = asking;
  return new Promise((resolve) => {
    leave = () => {
      asking.abort();
      resolve(null);
    };
    const save = (reason) => {
      words.value = reason;
      dialog.close("save");
    };
    dialog.addEventListener("click", (event) => {
      const preset = event.target.closest("[data-preset]");
      if (preset) {
        save(preset.dataset.preset);
      }
    }, { signal });
    dialog.addEventListener("keydown", (event) => onKey(event, dialog, words, save), { signal });
    dialog.addEventListener("submit", (event) => {
      if (event.submitter?.value === "save" && !words.value.trim()) {
        event.preventDefault();
        words.focus();
      }
    }, { signal });
    dialog.addEventListener("close", () => {
      // That of the question before, told of late.
      if (dialog.open) {
        return;
      }
      asking.abort();
      resolve(dialog.returnValue === "save" ? words.value.trim() : null);
    }, { signal });
  });
}

function onKey(event, dialog, words, save) {
  const typing = event.target === words;
  const preset = /^[1-9]$/.test(event.key) && !typing ? dialog.querySelectorAll("[data-preset]")[event.key - 1] : null;
  if (preset) {
    event.preventDefault();
    save(preset.dataset.preset);
  } else if (typing && event.key === "Enter" && !event.shiftKey && words.value.trim()) {
    event.preventDefault();
    save(words.value);
  }
}
