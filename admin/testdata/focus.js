// What somebody who goes through the page by the Tab key would stumble over; the
// first Tab was pressed. Returns a list of complaints.
(() => {
  const complaints = [];
  const name = (e) => `<${e.tagName.toLowerCase()}${e.id ? " #" + e.id : ""}> ${(e.getAttribute("aria-label") || e.textContent || e.name || "").trim().slice(0, 40)}`;
  const first = document.activeElement;
  if (document.querySelector(".skip") && !first.matches(".skip, [autofocus], [autofocus] ~ *, form *")) complaints.push(`the first stop is ${name(first)}`);

  const stops = [...document.querySelectorAll("a[href],button:not(:disabled),input:not([type=hidden]):not(:disabled),select,textarea,summary")]
    .filter((e) => e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true }) && !(e.type === "radio" && !e.checked && document.querySelector(`[name="${e.name}"]:checked`)));
  let before;
  for (const e of stops) {
    e.focus();
    if (document.activeElement !== e) { complaints.push(`no stop for the Tab key: ${name(e)}`); continue; }
    const style = getComputedStyle(e);
    if (!e.matches(":focus-visible") || style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) complaints.push(`no ring around ${name(e)}`);
    const r = e.getBoundingClientRect();
    const covered = document.elementFromPoint(Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1), r.top + Math.min(r.height / 2, 12));
    if (r.width > 1 && !(covered && (e.contains(covered) || covered.contains(e) || covered.closest("label")?.control === e))) complaints.push(`${name(e)} is behind ${covered ? name(covered) : "the edge"}`);
    // Reading order: what follows is not above, unless it is in the column beside.
    if (e.closest("main") && r.width > 1) {
      const top = r.top + scrollY;
      if (before && top + r.height <= before.top && r.left < before.right) complaints.push(`${name(e)} follows, but stands above ${before.name}`);
      before = { top, right: r.right, name: name(e) };
    }
  }
  scrollTo(0, 0);
  return complaints;
})()
