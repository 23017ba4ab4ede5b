// Going back to a page finds it as one left it: what was open, what was looked for, and how far down one was.
"use strict";
(() => {
  const MOST = 100;
  const PATIENCE = 8000;
  const key = () => `left:${location.pathname}${location.search}`;
  // A panel without a name of its own is known by what its head says, without counts.
  const name = (panel) => panel.id || `=${panel.querySelector(":scope > summary")?.textContent.replace(/[\d.,]+/g, "").trim().slice(0, 80) ?? ""}`;
  const panels = () => [...document.querySelectorAll("main details")];

  window.addEventListener("pagehide", () => {
    const open = panels().filter((one) => one.open && !one.matches(".menu")).map(name).slice(0, MOST);
    const left = { open, find: document.getElementById("find-here")?.value ?? "", y: Math.round(scrollY) };
    try { sessionStorage.setItem(key(), JSON.stringify(left)); } catch { /* a full or closed storage: it opens from its beginning */ }
  });

  const kept = () => {
    const how = performance.getEntriesByType("navigation")[0]?.type;
    if (how !== "back_forward" && how !== "reload") return null;
    try { return JSON.parse(sessionStorage.getItem(key()) ?? "null"); } catch { return null; }
  };

  const restore = (left) => {
    history.scrollRestoration = "manual";
    const waiting = new Set(left.open);
    const until = performance.now() + PATIENCE;
    let reached = false;
    const stop = () => { reached = true; };
    for (const event of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(event, stop, { once: true, passive: true });
    const step = () => {
      if (reached || performance.now() > until) return;
      // Some panels come only when another has been opened.
      for (const panel of panels()) if (waiting.delete(name(panel))) panel.open = true;
      if (document.documentElement.scrollHeight - innerHeight >= left.y || !document.querySelector(".htmx-request, .more")) scrollTo(0, left.y);
      else scrollTo(0, document.documentElement.scrollHeight);
    };
    document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(step));
    const find = document.getElementById("find-here");
    if (find && left.find) {
      find.value = left.find;
      htmx.trigger(find, "search");
    }
    step();
    setTimeout(step, 100);
  };

  addEventListener("load", () => {
    const left = kept();
    if (left) restore(left);
  });
})();
