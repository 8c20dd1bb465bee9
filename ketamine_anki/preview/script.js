"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const notes = [...document.querySelectorAll(".note")];
  const claims = [...document.querySelectorAll(".claim")];
  const filters = [...document.querySelectorAll("[data-filter]")];
  const search = byId("search");
  const MARKS = "ins{text-decoration:none;background:#c9efd8;color:#0c3b22}del{background:#fbd5d9;color:#5c1019}";
  // A card in Anki has MathJax; here a font with a table of math is what sets roots, bars and subscripts.
  const MATH = "'Cambria Math','STIX Two Math','STIX Math','Latin Modern Math','Noto Sans Math','Libertinus Math','DejaVu Math TeX Gyre',math";
  const FRAME = `.card{min-width:0;box-sizing:border-box}math{font-family:${MATH}}`;
  const PAPER = ".card img{max-height:38mm;width:auto}.card{padding:1mm 2mm;background:none}";

  // --- cards: the note type's CSS and the pictures --------------------------------------------
  const sheet = (css) => {
    const made = new CSSStyleSheet();
    made.replaceSync(css);
    return made;
  };
  const frame = sheet(FRAME + MARKS);
  const paper = sheet(PAPER);
  const looks = Object.fromEntries(Object.entries(data.css).map(([kind, css]) => [kind, sheet(css)]));
  const dress = (face, ...more) => {
    face.shadowRoot.adoptedStyleSheets = [looks[face.dataset.kind], frame, ...more];
  };
  const faces = [...document.querySelectorAll(".face")];
  const inside = (face) => face.shadowRoot.querySelector(".card");
  const sources = {};
  for (const face of faces) {
    dress(face);
    for (const picture of face.shadowRoot.querySelectorAll("img[data-picture]")) {
      const source = (sources[picture.dataset.picture] ??= picture.getAttribute("src"));
      if (source) picture.src = source;
    }
    for (const link of face.shadowRoot.querySelectorAll("a")) {
      link.target = "_blank";
      link.rel = "noopener noreferrer";
    }
  }

  // --- what is remembered: for this tab the filters, for the reader night and width -------------
  const recall = (store, key) => {
    try { return window[store].getItem("preview " + key); } catch { return null; }
  };
  const remember = (store, key, value) => {
    try { window[store].setItem("preview " + key, value); } catch { /* a private window */ }
  };

  // --- search and filters -----------------------------------------------------------------------
  // Words of a query are found at the beginning of words, and what stands in quotes as it stands. Hyphens, and spaces
  // where one writes them, do not count: "pre eclampsia" is "pre-eclampsia" and "preeclampsia". Other scripts than
  // these join articles to words, or part no words, so there a word is found anywhere.
  const PARTED = /^[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{N}]/u;
  const INLINE = /^(?:a|b|code|del|em|i|ins|m[a-z]+|s|small|span|strong|sub|sup|u)$/;
  const words = (text) =>
    text.normalize("NFKC").toLowerCase().match(/\p{N}+(?:[.,]\p{N}+)+|[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.localName === "style") return "";
    const gap = INLINE.test(node.localName) ? "" : " ";
    const inner = [...node.childNodes, ...(node.shadowRoot?.childNodes ?? [])].map(read).join("");
    return gap + (node.alt ?? "") + inner + gap;
  };
  const texts = new Map([...notes, ...claims].map((one) =>
    [one, ` ${words([read(one), one.dataset.tag, one.dataset.claims].join(" ")).join(" ")}`]));
  const asked = (query) => query.split(/["“”„]/).flatMap((part, n) => {
    const all = words(part);
    const spellings = n % 2 ? [[all.join(" ")]] : all.map((word, at) => [
      word, (all[at - 1] ?? "") + word, word + (all[at + 1] ?? ""),
      ...(word.length > 3 ? Array.from(word.slice(1), (_, k) => `${word.slice(0, k + 1)} ${word.slice(k + 1)}`) : []),
    ]);
    return spellings.map((all) => all.map((one) => (PARTED.test(one) ? ` ${one}` : one)));
  });
  const found = (element, wanted) => wanted.every((all) => all.some((one) => texts.get(element).includes(one)));
  const fits = (element, names) => filters.every(({ dataset: { filter }, value }) =>
    !value || !names.includes(filter) || element.dataset[filter] === value
    || (["tag", "flag"].includes(filter) && (element.dataset[filter] || "").split(" ").includes(value)));
  const show = () => {
    const wanted = asked(search.value);
    const listing = pressed("untested");
    let shown = 0;
    for (const note of notes) {
      note.hidden = listing || !found(note, wanted)
        || !fits(note, filters.map((one) => one.dataset.filter));
      shown += !note.hidden;
    }
    let open = 0;
    for (const claim of claims) {
      claim.hidden = !fits(claim, ["deck", "section"]) || !found(claim, wanted);
      open += !claim.hidden;
    }
    if (byId("claims")) { // not on a public page
      byId("claims").hidden = !listing;
      byId("claims").querySelector(".none").hidden = open > 0;
    }
    byId("nothing").hidden = listing || shown > 0;
    byId("count").textContent = listing
      ? `${open} of ${claims.length} untested claims` : `${shown} of ${notes.length} notes`;
    remember("sessionStorage", "filters", JSON.stringify([search.value, ...filters.map((one) => one.value)]));
  };
  const clear = () => {
    search.value = "";
    for (const one of filters) one.value = "";
    press("untested", false);
    show();
  };

  // --- buttons ------------------------------------------------------------------------------------
  const pressed = (id) => byId(id)?.getAttribute("aria-pressed") === "true";
  const press = (id, on) => byId(id)?.setAttribute("aria-pressed", String(on));
  const night = (on) => {
    press("night", on);
    document.documentElement.classList.toggle("night", on);
    for (const face of faces) for (const name of ["nightMode", "night_mode"]) inside(face).classList.toggle(name, on);
  };
  const phone = (on) => {
    press("phone", on);
    document.documentElement.classList.toggle("phone", on);
  };
  const actions = {
    night: () => { night(!pressed("night")); remember("localStorage", "night", pressed("night")); },
    phone: () => { phone(!pressed("phone")); remember("localStorage", "phone", pressed("phone")); },
    untested: () => { press("untested", !pressed("untested")); show(); },
    clear,
    print: () => window.print(),
    help: () => byId("keys").showModal(),
  };
  for (const [id, act] of Object.entries(actions)) byId(id)?.addEventListener("click", act);
  search.addEventListener("input", show);
  for (const one of filters) one.addEventListener("change", show);

  // --- keys -----------------------------------------------------------------------------------------
  const current = () => document.activeElement && document.activeElement.closest(".note");
  // Where a note is scrolled to, below the bar, whose height changes with the width of the window.
  const bar = document.querySelector(".tools");
  new ResizeObserver(() => {
    const covered = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
    document.documentElement.style.scrollPaddingTop = `${covered + 10}px`;
  }).observe(bar);
  const step = (by) => {
    const open = notes.filter((note) => !note.hidden);
    const at = open.indexOf(current());
    const next = open[at < 0 ? (by > 0 ? 0 : open.length - 1) : at + by];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView();
  };
  const keys = {
    "/": () => { search.focus(); search.select(); },
    j: () => step(1),
    k: () => step(-1),
    n: actions.night,
    p: actions.phone,
    u: actions.untested,
    c: clear,
    o: () => { const place = (current() || notes[0])?.querySelector(".place"); if (place) place.click(); },
    "?": actions.help,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
    if (event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- a link to one note: never hidden by a filter ----------------------------------------------
  const go = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* not an encoded name */ }
    const note = notes.find((one) => one.id === name);
    if (!note) return;
    if (note.hidden) clear();
    note.scrollIntoView();
  };
  window.addEventListener("hashchange", go);

  // --- paper --------------------------------------------------------------------------------------------
  const PER_SHEET = 6;
  const cell = (side) => {
    const made = document.createElement("div");
    made.className = "cell";
    if (!side) return made;
    const label = made.appendChild(document.createElement("p"));
    label.textContent = side.getAttribute("aria-label");
    const face = side.querySelector(".face");
    const copy = made.appendChild(document.createElement("div"));
    copy.className = "face";
    copy.dataset.kind = face.dataset.kind;
    const root = copy.attachShadow({ mode: "open" });
    root.append(inside(face).cloneNode(true));
    root.firstElementChild.classList.remove("nightMode", "night_mode");
    dress(copy, paper);
    return made;
  };
  const lay = () => {
    if (byId("paper")) return;
    const whole = document.createElement("div");
    whole.id = "paper";
    const cards = notes.filter((note) => !note.hidden)
      .flatMap((note) => [...note.querySelectorAll(".sides")]).map((sides) => [...sides.children]);
    for (let first = 0; first < cards.length; first += PER_SHEET) {
      const here = Array.from({ length: PER_SHEET }, (_, n) => cards[first + n] || []);
      const front = document.createElement("div");
      const back = document.createElement("div");
      front.className = back.className = "sheet";
      here.forEach(([question], n) => {
        front.append(cell(question));
        back.append(cell(here[n ^ 1][1])); // turned over, the right column lies behind the left
      });
      whole.append(front, back);
    }
    document.body.append(whole);
    shrink([...whole.querySelectorAll(".face")]);
  };
  const shrink = (copies) => {
    let sizes = copies.map((face) => [face, 1]);
    for (let turn = 0; turn < 12 && sizes.length; turn += 1) {
      sizes = sizes.filter(([face]) => inside(face).getBoundingClientRect().height > face.clientHeight + 1);
      sizes = sizes.map(([face, size]) => [face, size * 0.92]);
      for (const [face, size] of sizes) inside(face).style.zoom = size;
    }
  };
  window.addEventListener("beforeprint", lay);
  window.addEventListener("afterprint", () => byId("paper")?.remove());

  // --- begin -------------------------------------------------------------------------------------------
  const remembered = recall("localStorage", "night");
  night(remembered === null ? matchMedia("(prefers-color-scheme: dark)").matches : remembered === "true");
  phone(recall("localStorage", "phone") === "true");
  try {
    const [typed, ...chosen] = JSON.parse(recall("sessionStorage", "filters") || "[]");
    search.value = typed || "";
    filters.forEach((one, n) => { one.value = chosen[n] || ""; if (one.selectedIndex < 0) one.value = ""; });
  } catch { /* written by another version of this page */ }
  show();
  go();
  const reloadWhenSaved = async () => {
    try {
      const now = await (await fetch("version")).text();
      if (now !== data.live) return location.reload();
    } catch { /* the server has ended, or not begun again */ }
    setTimeout(reloadWhenSaved, 500);
  };
  if (data.live) reloadWhenSaved();
})();
