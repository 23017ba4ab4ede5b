// What the pages do beyond htmx: the live list, timers, local times, keyboard, copying. No framework.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const MOST_ROWS = 300;

  // Times: the server writes its own local time; the reader's may be another.
  const two = (n) => String(n).padStart(2, "0");
  const FORMS = {
    time: (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`,
    day: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
    full: (d) => `${FORMS.day(d)} ${FORMS.time(d)}`,
    second: (d) => `${FORMS.minute(d)}:${two(d.getSeconds())}`,
    minute: (d) => `${d.getDate()} ${d.toLocaleString("en", { month: "short" })} ${two(d.getHours())}:${two(d.getMinutes())}`,
  };
  const localise = (root) => {
    for (const element of all("time[data-form]", root)) {
      const text = FORMS[element.dataset.form](new Date(element.dateTime));
      if (element.textContent !== text) element.textContent = text;
    }
  };

  // Timers of what runs.
  const spent = (ms) => {
    if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
    const minutes = Math.floor(ms / 60000);
    return minutes < 60 ? `${minutes} m ${Math.floor(ms / 1000) % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  };
  const tick = () => {
    const now = Date.now();
    for (const element of document.getElementsByClassName("timer")) {
      element.textContent = spent(Math.max(0, now - new Date(element.dataset.since).getTime()));
    }
  };

  const say = (text) => {
    const place = $("#said");
    if (!place) return;
    place.textContent = text;
    place.classList.add("on");
    clearTimeout(say.timer);
    say.timer = setTimeout(() => place.classList.remove("on"), 1800);
  };

  // The live list: rows are known by their ids, so that a row that comes twice is there once.
  const feed = { paused: false, waiting: [], fresh: 0 };
  const parse = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return [...holder.content.querySelectorAll("tr")];
  };
  const put = (row) => {
    const body = $("#rows");
    const there = document.getElementById(row.id);
    const wanted = new URLSearchParams(location.search).get("status");
    if (wanted && row.dataset.status !== wanted) { if (there) there.remove(); return; }
    if (there) {
      if (there.classList.contains("at")) row.classList.add("at");
      const focused = there.contains(document.activeElement);
      there.replaceWith(row);
      if (focused) $("a", row)?.focus({ preventScroll: true });
      return;
    }
    let next = body.firstElementChild;
    while (next && key(next) > key(row)) next = next.nextElementSibling;
    body.insertBefore(row, next);
  };
  const key = (row) => Number(row.dataset.key);
  const show = (kind, html) => {
    const body = $("#rows");
    const rows = parse(html);
    for (const row of rows) localise(row);
    if (kind === "snapshot") {
      const known = new Set(rows.map((row) => row.id));
      const oldest = Math.min(...rows.map(key));
      // What lies between the rows that are here and those that come is unknown: then the old ones go.
      const joined = rows.length > 0 && [...body.children].some((row) => key(row) >= oldest);
      for (const row of [...body.children]) if (!known.has(row.id) && !(joined && key(row) < oldest)) row.remove();
    }
    rows.forEach(put);
    while (body.children.length > MOST_ROWS) body.lastElementChild.remove();
    tick();
    $("#none").hidden = body.children.length > 0;
    $("#older").hidden = !body.children.length;
  };
  const state = (name, text) => {
    const place = $("#link-state");
    if (!place) return;
    const cls = feed.paused && name === "on" ? "paused" : name;
    const words = feed.paused && name === "on" ? `paused, ${feed.fresh} new` : text;
    if (place.className !== `pulse ${cls}`) place.className = `pulse ${cls}`;
    if ($("b", place).textContent !== words) $("b", place).textContent = words;
  };
  // A browser has few connections to one server: a page nobody looks at gives its own back, and one that was
  // opened behind others takes none before somebody looks at it.
  const sources = new Map();
  const REST_AFTER = 2000;
  let resting = 0;
  let mark = "";
  let opened = 0;
  const unopened = () => Object.assign(new EventTarget(), { readyState: EventSource.CLOSED, close() {} });
  htmx.createEventSource = (url) => {
    if (document.hidden) {
      const source = unopened();
      sources.set(source, true);
      opened++;
      return source;
    }
    // The browser remembers what it had last only within one source; a new one is told.
    const source = new EventSource(mark && url.startsWith("/live/") ? `${url}&after=${encodeURIComponent(mark)}` : url);
    sources.set(source, false);
    return source;
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(resting);
    if (document.hidden) {
      resting = setTimeout(() => { for (const source of sources.keys()) { source.close(); sources.set(source, true); } }, REST_AFTER);
      return;
    }
    for (const [source, rested] of [...sources]) {
      if (!rested) continue;
      sources.delete(source);
      source.onerror();
    }
  });
  document.addEventListener("htmx:sseOpen", () => {
    state("on", "live");
    // What happened while the connection was away, nobody told.
    if (opened++) for (const tail of all(".tail")) htmx.trigger(tail, "sse:changed");
  });
  document.addEventListener("htmx:sseError", () => state("off", "reconnecting"));
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.target.id !== "rows") return;
    event.preventDefault();
    const { type, data, lastEventId } = event.detail;
    mark = lastEventId || mark;
    if (!feed.paused) return show(type, data);
    if (type === "snapshot") feed.waiting = [];
    feed.waiting.push([type, data]);
    feed.fresh = new Set(feed.waiting.flatMap(([, html]) => parse(html).map((row) => row.id)).filter((id) => !document.getElementById(id))).size;
    state("on");
  });
  const pause = () => {
    const button = $("#pause");
    if (!button) return;
    feed.paused = !feed.paused;
    button.setAttribute("aria-pressed", String(feed.paused));
    $("span", button).textContent = feed.paused ? "Resume" : "Pause";
    if (!feed.paused) for (const [type, data] of feed.waiting.splice(0)) show(type, data);
    feed.fresh = 0;
    state("on", "live");
  };

  // Keyboard.
  let prefix = 0;
  const items = () => all("main tr.row, main .turn, main .found").filter((one) => one.offsetParent !== null);
  const move = (step) => {
    const list = items();
    if (!list.length) return;
    const at = list.findIndex((one) => one.classList.contains("at"));
    const next = list[Math.min(Math.max(at + step, 0), list.length - 1)];
    for (const one of list) one.classList.toggle("at", one === next);
    (next.matches(".turn") ? next : $("a", next))?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
    if ($("dialog[open]")) return;
    const since = Date.now() - prefix;
    prefix = 0;
    if (since < 1200) {
      const link = $(`.rail nav a[data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); return; }
    }
    const actions = {
      "/": () => $("#search").focus(), "?": () => $("#help").showModal(), g: () => { prefix = Date.now(); },
      j: () => move(1), k: () => move(-1), p: pause, f: () => $("#find-here")?.focus(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open).showModal();
    if (event.target.closest("#pause")) pause();
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    const folder = event.target.closest("[data-fold]");
    if (folder) for (const one of all("details", $(folder.dataset.fold))) one.open = folder.dataset.to === "open";
  });
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy) ?? button.closest(".copyable")?.querySelector("pre.code, .plain");
    const text = button.dataset.text ?? (button.dataset.href ? await (await fetch(button.dataset.href)).text() : source.textContent);
    try { await navigator.clipboard.writeText(text); say("Copied"); } catch { say("The browser did not allow copying"); }
  };

  // The list of turns, narrowed to those with a tool or a failure.
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-only]");
    if (!chosen) return;
    const on = chosen.getAttribute("aria-pressed") !== "true";
    const place = chosen.closest("details");
    for (const one of all("[data-only]", place)) one.setAttribute("aria-pressed", String(on && one === chosen));
    for (const row of all(".steps li", place)) row.hidden = on && !row.dataset.marks?.includes(`|${chosen.dataset.only}|`);
  });
  // Where a link of the outline leads to what is on the page already, there is nothing to load.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".outline a[href*='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!named(link.hash)) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    reveal();
  });

  // Filters act as they change; the address keeps them.
  document.addEventListener("change", (event) => { if (event.target.matches(".filters select, .filters input[type=date]")) event.target.form.requestSubmit(); });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".filters")) return;
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });
  window.addEventListener("pageshow", () => { for (const field of all(".filters [disabled]")) field.disabled = false; });

  // A block that an address names is opened, with all that folds around it.
  const named = (hash) => { try { return document.getElementById(decodeURIComponent(hash.slice(1))); } catch { return null; } };
  const reveal = () => {
    const target = named(location.hash);
    if (!target) return;
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    for (const one of all(".target")) one.classList.remove("target");
    target.classList.add("target");
    target.scrollIntoView({ block: "start" });
  };
  window.addEventListener("hashchange", reveal);

  // What one opened or closed stays so when the end of a conversation is renewed.
  let folds = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.matches?.(".tail")) folds = new Map(all("details[id]", event.target).map((one) => [one.id, one.open]));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, open] of folds) {
      const one = document.getElementById(id);
      if (one && one.open !== open) one.open = open;
    }
    folds = new Map();
  });
  // What goes on is renewed as it changes; whoever has come to a link there by keyboard stays at it.
  let held = null;
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "now" || event.target.id === "state") held = event.target.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null; });
  document.addEventListener("htmx:sseBeforeMessage", (event) => { if (event.target.id === "now") held = event.target.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null; });
  document.addEventListener("htmx:sseMessage", (event) => {
    if (event.target.id !== "now") return;
    localise(event.target);
    tick();
    if (held) $(`#now a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    held = null;
  });
  document.addEventListener("htmx:afterSettle", (event) => { localise(event.target); tick(); });
  document.addEventListener("htmx:responseError", (event) => say(event.detail.xhr.status === 401 ? "Locked: run lensctl dashboard" : "That did not work"));
  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    tick();
    setInterval(tick, 100);
    reveal();
    if (document.getElementById("rows")) htmx.process(document.body);
  });
})();

// JSON as a tree that folds; branches are built when they are opened.
(() => {
  "use strict";
  const MOST = 500;
  const element = (tag, cls, text) => {
    const made = document.createElement(tag);
    if (cls) made.className = cls;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const shown = (text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const leaf = (name, value) => {
    const line = element("div", "leaf");
    if (name !== null) line.append(element("span", "k", `${shown(String(name))}: `));
    line.append(typeof value === "string" ? element("span", "s", shown(JSON.stringify(value)).replaceAll("\\n", "\n")) : element("span", "n", String(value)));
    return line;
  };
  const node = (name, value, open) => {
    if (value === null || typeof value !== "object") return leaf(name, value);
    const entries = Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value);
    const branch = element("details");
    const head = element("summary");
    if (name !== null) head.append(element("span", "k", `${shown(String(name))}: `));
    const hint = value.type ?? value.name ?? value.role;
    head.append(Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}${typeof hint === "string" ? ` ${shown(hint.slice(0, 60))}` : ""}`);
    branch.append(head);
    const fill = () => {
      if (branch.children.length > 1) return;
      for (const [key, item] of entries.slice(0, MOST)) branch.append(node(key, item, false));
      if (entries.length > MOST) branch.append(element("div", "leaf", `… ${entries.length - MOST} more`));
    };
    branch.addEventListener("toggle", () => { if (branch.open) fill(); });
    if (open) { fill(); branch.open = true; }
    return branch;
  };
  document.addEventListener("toggle", async (event) => {
    const place = event.target.dataset?.json ? event.target.querySelector(".json") : null;
    if (!place || !event.target.open || place.childElementCount) return;
    const answer = await fetch(event.target.dataset.json);
    const text = await answer.text();
    place.replaceChildren();
    try { place.append(node(null, JSON.parse(text), true)); } catch { place.append(element("div", "leaf", shown(text))); }
  }, true);
  // Timeline: the buttons and the wheel zoom, dragging moves; the axis says what is seen.
  const lasted = (ms) => {
    if (ms < 1000) return `${Math.round(ms)} ms`;
    if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
    const minutes = Math.floor(ms / 60000);
    return minutes < 60 ? `${minutes} m ${Math.floor(ms / 1000) % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  };
  const axis = (svg) => {
    const knots = JSON.parse(svg.dataset.knots ?? "[]");
    const words = [...(svg.closest(".track")?.querySelectorAll(".ticks span") ?? [])];
    if (knots.length < 2 || !words.length) return;
    const [x, , width] = svg.getAttribute("viewBox").split(" ").map(Number);
    words.forEach((word, index) => {
      const at = x + width * index / (words.length - 1);
      const beyond = knots.findIndex(([place]) => place > at);
      const after = beyond < 0 ? knots.length - 1 : Math.max(beyond, 1);
      const [[x0, t0], [x1, t1]] = [knots[after - 1], knots[after]];
      word.textContent = lasted(x1 > x0 ? t0 + (t1 - t0) * Math.min(1, (at - x0) / (x1 - x0)) : t1);
    });
  };
  const zoom = (svg, factor, at = 0.5) => {
    const [x, y, width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const wider = factor === 0 ? 1000 : Math.min(1000, Math.max(0.5, width * factor));
    const left = Math.min(Math.max(0, x + (width - wider) * at), 1000 - wider);
    svg.setAttribute("viewBox", `${left} ${y} ${wider} ${height}`);
    axis(svg);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom-by]");
    if (button) zoom(button.closest("details").querySelector("svg[data-zoom]"), Number(button.dataset.zoomBy));
  });
  document.addEventListener("wheel", (event) => {
    const svg = event.target.closest?.("svg[data-zoom]");
    if (!svg || !(event.ctrlKey || event.shiftKey)) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(svg, (event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, (event.clientX - box.left) / box.width);
  }, { passive: false });
})();
