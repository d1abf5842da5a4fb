// Care for the reader: revealing and blurring, grey mode, referrals. What a person prefers stays in their browser.

/** Shows the blurred text, or blurs it again; forms carry it on, so that the page stays so after a decision. */
export function toggleText(desk) {
  const reading = desk.querySelector("#reading");
  const link = desk.querySelector("[data-reveal]");
  if (!reading || !link) {
    return false;
  }
  const kind = reading.dataset.blur ?? [...reading.classList].find((name) => name.startsWith("blur-"));
  const show = reading.classList.contains("blurred");
  reading.dataset.blur = kind ?? "blur-whole";
  reading.classList.toggle("blurred", !show);
  reading.classList.toggle(reading.dataset.blur, !show);
  const text = desk.querySelector("#marked");
  if (text) {
    text.inert = !show && reading.dataset.blur === "blur-whole";
  }
  link.firstChild.textContent = show ? "Blur the text " : "Show the text ";
  for (const field of desk.querySelectorAll("input[name=reveal]")) {
    field.value = show ? "1" : "";
  }
  return show;
}

export function isBlurred(desk) {
  return Boolean(desk.querySelector("#reading.blurred.blur-whole"));
}

export function applyGrey(desk) {
  const grey = remembered("grey") === "on";
  desk.classList.toggle("grey", grey);
  desk.querySelector("[data-grey]")?.setAttribute("aria-pressed", String(grey));
}

export function toggleGrey(desk) {
  remember("grey", remembered("grey") === "on" ? "off" : "on");
  applyGrey(desk);
}

/** Shows the referrals of a country in place; the last one is shown again on the next document. */
export function adoptReferrals(desk) {
  const details = desk.querySelector("#referrals")?.closest("details");
  if (!details) {
    return;
  }
  details.addEventListener("toggle", () => {
    const country = remembered("country");
    if (details.open && country && country !== details.querySelector("#country").value) {
      showReferrals(details, country);
    }
  });
  details.addEventListener("change", (event) => {
    if (event.target.id === "country") {
      remember("country", event.target.value);
      showReferrals(details, event.target.value);
    }
  });
}

async function showReferrals(details, country) {
  const answer = await fetch(`/referrals?country=${encodeURIComponent(country)}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const panel = page.querySelector("#referrals");
  if (answer.ok && panel) {
    details.querySelector("#referrals").replaceWith(document.importNode(panel, true));
    details.querySelector("#country").focus();
  }
}

export function remembered(name) {
  try {
    return localStorage.getItem(`tellsign-${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`tellsign-${name}`, value);
  } catch {
    // A browser that keeps nothing is fine: the choice then lasts as long as the page.
  }
}
