// What somebody who sees badly, or uses the keyboard, would stumble over. Returns
// a list of complaints about the page.
(() => {
  const complaints = [];
  const name = (e) => `<${e.tagName.toLowerCase()}${e.id ? " #" + e.id : ""}${e.className.baseVal ?? (e.className && " ." + e.className)}> ${(e.textContent || e.name || "").trim().slice(0, 40)}`;
  const say = (what, e) => complaints.push(what + (e ? ": " + name(e) : ""));
  const seen = (e) => {
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return r.width > 1 && r.height > 1 && s.visibility !== "hidden" && s.display !== "none" && !e.closest(".hidden, .skip, [hidden]");
  };

  // Structure.
  if (!document.documentElement.lang) say("the page has no language");
  if (!document.title.trim()) say("the page has no title");
  if (document.querySelectorAll("h1").length !== 1) say("the page has not one first heading");
  if (document.querySelectorAll("main").length !== 1) say("the page has not one main part");
  let level = 0;
  for (const h of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    const n = Number(h.tagName[1]);
    if (n > level + 1) say("a heading leaves out a level", h);
    level = n;
  }
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) say("an id stands twice", e);
    ids.add(e.id);
  }
  for (const e of document.querySelectorAll("[aria-describedby],[aria-labelledby]"))
    for (const id of `${e.getAttribute("aria-describedby") ?? ""} ${e.getAttribute("aria-labelledby") ?? ""}`.split(/\s+/))
      if (id && !ids.has(id)) say("refers to what is not there", e);

  // Names.
  for (const e of document.querySelectorAll("input:not([type=hidden]),select,textarea"))
    if (!e.labels?.length && !e.getAttribute("aria-label")) say("a field has no label", e);
  for (const e of document.querySelectorAll("a[href],button"))
    if (!e.textContent.trim() && !e.getAttribute("aria-label")) say("nothing says what it does", e);
  for (const e of document.querySelectorAll("img:not([alt]),svg:not([aria-hidden]):not([aria-label]):not([aria-labelledby]):not(:has(title))"))
    say("a picture has no text", e);
  for (const e of document.querySelectorAll("thead th:not([scope])")) say("the head of a column has no scope", e);
  for (const e of document.querySelectorAll("[style],script:not([src])")) say("style or script in the page", e);
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) say("the order of focus is forced", e);

  // Size of what is touched; links within a text are as large as the text.
  for (const e of document.querySelectorAll("button,.button,input:not([type=hidden]),select,nav a,th a,summary")) {
    if (!seen(e)) continue;
    const box = e.type === "checkbox" || e.type === "radio" ? e.closest(".choice, .tick") ?? e : e;
    const r = box.getBoundingClientRect();
    if (r.height < 39.5) say(`only ${Math.round(r.height)} px high`, e);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) say(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${innerWidth}`);

  // Contrast, as WCAG 2.2 counts it.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, below) => { const a = top[3] / 255; return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)).concat(255); };
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 255]);
  };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), done = new Set();
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || done.has(e) || !seen(e) || e.closest("option,button:disabled,dialog:not([open])")) continue;
    done.add(e);
    const below = ground(e), style = getComputedStyle(e);
    const ink = over(rgba(e instanceof SVGElement ? style.fill : style.color), below);
    const [a, b] = [light(ink), light(below)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, e);
  }
  return complaints;
})()
