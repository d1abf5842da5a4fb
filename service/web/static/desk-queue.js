// Enter anywhere on the queue takes the next document, as it does on the desk.

const form = document.querySelector("#next-form");
for (const hidden of document.querySelectorAll("[data-js]")) {
  hidden.hidden = false;
}
document.addEventListener("keydown", (event) => {
  const idle = event.target === document.body || event.target.id === "main";
  if (event.key === "Enter" && idle && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    form.requestSubmit();
  }
});
