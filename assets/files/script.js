// What makes the pages quicker to use. Every page works without it.
"use strict";

// Where ⌘ or Ctrl with K is pressed, the palette opens: a field that finds
// people, addresses, settings and pages.
(() => {
  const link = document.querySelector("[data-palette]");
  if (!link || !window.HTMLDialogElement) return;
  let dialog, field, list, pending;

  const build = () => {
    dialog = document.createElement("dialog");
    dialog.className = "palette";
    dialog.setAttribute("aria-label", link.dataset.palette);
    field = document.createElement("input");
    field.type = "search";
    field.setAttribute("aria-label", link.dataset.palette);
    field.placeholder = link.dataset.palette;
    list = document.createElement("div");
    dialog.append(field, list);
    document.body.append(dialog);
    field.addEventListener("input", ask);
    dialog.addEventListener("keydown", move);
    dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); });
  };

  const ask = async () => {
    pending?.abort();
    pending = new AbortController();
    try {
      const url = link.href + "?part=results&q=" + encodeURIComponent(field.value);
      const answer = await fetch(url, { signal: pending.signal });
      if (answer.ok && !answer.redirected) list.innerHTML = await answer.text(); // our own page, escaped there
    } catch { /* the next letter was quicker */ }
  };

  const move = (e) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (e.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (e.key === "ArrowUp") (at > 0 ? links[at - 1] : field).focus();
    else if (e.key === "Enter" && at < 0) links[0]?.click();
    else return;
    e.preventDefault();
  };

  const open = (e) => {
    e.preventDefault();
    if (!dialog) build();
    if (!dialog.open) { dialog.showModal(); field.select(); ask(); }
  };
  link.addEventListener("click", open);
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "k") open(e);
  });
})();

// A choice that is its own submission; without script there is a button.
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
  select.form.querySelector("[data-submit-button]")?.remove();
}

// What is shown once can be copied.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.done;
  });
}

// A form is sent once.
document.addEventListener("submit", (e) => {
  if (e.defaultPrevented || e.target.method === "get") return;
  for (const b of e.target.querySelectorAll("button")) setTimeout(() => { b.disabled = true; }, 0);
});
addEventListener("pageshow", (e) => {
  if (e.persisted) for (const b of document.querySelectorAll("button")) b.disabled = false;
});

// What is a list of something that goes on is loaded again when there is more of it,
// by the address of the page: with the same wishes and the same rights.
for (const list of document.querySelectorAll("[data-follow]")) {
  if (!window.EventSource) break;
  const source = new EventSource(list.dataset.follow);
  source.addEventListener("message", async () => {
    try {
      const answer = await fetch(location.href);
      if (!answer.ok || answer.redirected) return source.close();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(list.id);
      if (fresh) list.replaceChildren(...fresh.childNodes);
    } catch { /* the next line asks again */ }
  });
  addEventListener("pagehide", () => source.close());
}

// Figures that change while somebody looks. Where nothing is streamed they stay
// as they were.
for (const place of document.querySelectorAll("[data-stream]")) {
  if (!window.EventSource) break;
  const source = new EventSource(place.dataset.stream);
  source.addEventListener("message", (e) => {
    for (const line of e.data.split("\n")) {
      const at = line.indexOf(" ");
      const figure = place.querySelector(`[data-live="${CSS.escape(line.slice(0, at))}"]`);
      if (figure && figure.textContent !== line.slice(at + 1)) figure.textContent = line.slice(at + 1);
    }
  });
  addEventListener("pagehide", () => source.close());
}
