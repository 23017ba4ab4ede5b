// Draws what the tables of numbers say, with uPlot. The tables stay: for keyboards, screen readers, and copying.
"use strict";
(() => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const drawn = new Set();
  const short = (value) => value >= 1e9 ? `${+(value / 1e9).toFixed(1)}G` : value >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : value >= 1e4 ? `${+(value / 1e3).toFixed(1)}k` : String(+value.toFixed(2));
  const FORMS = { money: (value) => `$${value >= 100 ? short(Math.round(value)) : +value.toFixed(4)}`, count: short };

  const read = (table) => {
    const heads = [...table.tHead.rows[0].cells].slice(1);
    const rows = [...table.tBodies[0].rows];
    const link = (cell) => cell.querySelector("a")?.href;
    return {
      heads: heads.map((head) => ({ name: head.textContent.trim(), colour: head.dataset.colour })),
      words: rows.map((row) => row.cells[0].textContent.trim()),
      values: heads.map((_, column) => rows.map((row) => Number(row.cells[column + 1].dataset.v ?? 0))),
      texts: (row, column) => rows[row].cells[column + 1].textContent.trim(),
      link: (row, column) => (column >= 0 && link(rows[row].cells[column + 1])) || link(rows[row].cells[0]),
    };
  };

  const stacked = (values) => {
    const sums = [];
    for (const [column, own] of values.entries()) sums.push(own.map((value, row) => value + (column ? sums[column - 1][row] : 0)));
    // Where there is nothing, not even a line is drawn.
    const whole = sums.at(-1) ?? [];
    return sums.map((own) => own.map((value, row) => whole[row] > 0 ? value : null));
  };

  const tip = (data) => {
    let box;
    const line = (head, text) => {
      const made = document.createElement("div");
      const key = document.createElement("i");
      key.className = `key c-${head.colour}`;
      const name = document.createElement("bdi");
      name.textContent = head.name;
      const value = document.createElement("b");
      value.textContent = text;
      made.append(key, name, value);
      return made;
    };
    return {
      init: (plot) => {
        box = document.createElement("div");
        box.className = "tip";
        box.hidden = true;
        plot.over.append(box);
        plot.over.addEventListener("mouseleave", () => { box.hidden = true; });
      },
      setCursor: (plot) => {
        const { idx, left } = plot.cursor;
        box.hidden = idx === null || idx === undefined || left < 0;
        if (box.hidden) return;
        const title = document.createElement("strong");
        title.textContent = data.words[idx];
        const lines = data.heads.map((head, column) => [column, line(head, data.texts(idx, column))]);
        const shown = lines.filter(([column]) => data.values[column][idx] > 0).map(([, made]) => made);
        shown.reverse();
        box.replaceChildren(title, ...(shown.length ? shown : ["nothing"]));
        const right = left > plot.over.clientWidth / 2;
        box.style.left = right ? "" : `${left + 14}px`;
        box.style.right = right ? `${plot.over.clientWidth - left + 14}px` : "";
      },
    };
  };

  const axes = (data, form) => [
    {
      stroke: () => colour("faint"), grid: { show: false }, ticks: { show: false }, size: 30, gap: 8, font: `11px ${colour("sans")}`,
      space: 92, incrs: [1, 2, 3, 5, 7, 10, 14, 20, 28, 50, 100],
      values: (plot, splits) => splits.map((at) => (Number.isInteger(at) && data.words[at]) ? data.words[at] : ""),
    },
    {
      stroke: () => colour("faint"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false }, size: 58, gap: 6,
      font: `11px ${colour("sans")}`, space: 34, values: (plot, splits) => splits.map(FORMS[form] ?? short),
    },
  ];

  // The column and the bar that is pointed at.
  const pointed = (plot, sums) => {
    const { idx, top } = plot.cursor;
    if (idx === null || idx === undefined) return null;
    const value = plot.posToVal(top, "y");
    return [idx, sums.findIndex((own) => own[idx] !== null && value <= own[idx])];
  };

  const draw = (figure) => {
    const place = figure.querySelector(".plot");
    const data = read(figure.querySelector("table"));
    const sums = stacked(data.values);
    const order = data.heads.map((_, column) => column);
    // The tallest first: each shorter one then covers its lower part.
    order.reverse();
    const last = data.words.length - 1;
    const paint = (column) => () => colour(data.heads[column].colour);
    const bars = uPlot.paths.bars({ size: [0.78, 64] });
    const series = order.map((column) => ({ fill: paint(column), stroke: () => colour("card"), width: last > 60 ? 0 : 1, paths: bars, points: { show: false } }));
    const options = {
      width: Math.max(place.clientWidth, 120), height: place.clientHeight, legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
      scales: {
        x: { time: false, range: (plot, min, max) => [Math.max(0, Math.floor(min + 0.5)) - 0.5, Math.min(last, Math.max(Math.ceil(max - 0.5), Math.floor(min + 0.5))) + 0.5] },
        y: { range: (plot, min, max) => [0, max > 0 ? max * 1.06 : 1] },
      },
      axes: axes(data, figure.dataset.form),
      series: [{}, ...series],
      padding: [8, 12, 0, 0],
      plugins: [{ hooks: tip(data) }],
    };
    const rows = data.words.map((_, row) => row);
    const plot = new uPlot(options, [rows, ...order.map((column) => sums[column])], place);
    plot.over.addEventListener("click", () => {
      const at = pointed(plot, sums);
      const link = at && data.link(...at);
      if (link) location.assign(link);
    });
    const zoomed = figure.querySelector(".zoom-out");
    plot.hooks.setScale = [(one, key) => { if (key === "x") zoomed.hidden = one.scales.x.min <= -0.5 && one.scales.x.max >= last + 0.5; }];
    zoomed.addEventListener("click", () => plot.setScale("x", { min: 0, max: last }));
    const sized = new ResizeObserver(() => {
      if (!place.isConnected) { sized.disconnect(); plot.destroy(); drawn.delete(plot); return; }
      if (place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: place.clientHeight });
    });
    sized.observe(place);
    drawn.add(plot);
    figure.dataset.drawn = "";
  };

  const all = (root) => { for (const figure of root.querySelectorAll("[data-kind=bars]:not([data-drawn])")) draw(figure); };
  document.addEventListener("htmx:afterSettle", (event) => all(event.target));
  document.addEventListener("DOMContentLoaded", () => all(document));
  const again = () => requestAnimationFrame(() => { for (const plot of drawn) plot.redraw(false, true); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
})();
