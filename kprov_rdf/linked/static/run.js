// Charts of one run: one for each metric, with its validation beside it. They follow the
// server's stream while the training runs, or show a file of points.
"use strict";
(() => {
  const root = document.getElementById("charts");
  const charts = new Map();
  let last = -1;
  const LAST = ["learning_rate", "elapsed_time"];
  const TITLES = { learning_rate: "learning rate", elapsed_time: "seconds per epoch" };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const order = (name) => (name === "loss" ? 0 : LAST.includes(name) ? 2 + LAST.indexOf(name) : 1);
  const known = (name, values) =>
    name.startsWith("val_") && name.slice(4) in values ? name.slice(4) : name;

  function format(value) {
    if (value == null) return "–";
    return Number(value.toPrecision(5)).toString();
  }

  function create(name) {
    const box = document.createElement("div");
    box.className = "chart";
    box.dataset.metric = name;
    const title = document.createElement("h2");
    title.textContent = TITLES[name] ?? name;
    box.append(title);
    const after = [...root.children].find((other) => {
      const theirs = other.dataset.metric;
      return order(name) < order(theirs) || (order(name) === order(theirs) && name < theirs);
    });
    root.insertBefore(box, after ?? null);
    return { box, plot: null, data: [[], [], []], second: false };
  }

  function draw(name, chart) {
    const series = [
      { label: "epoch" },
      { label: TITLES[name] ?? "training", stroke: colour("--first"), width: 2, value: (_, v) => format(v), points: { size: 5 }, ...(name === "learning_rate" && { paths: uPlot.paths.stepped({ align: 1 }) }) },
    ];
    if (chart.second) series.push({ label: "validation", stroke: colour("--second"), width: 2, value: (_, v) => format(v), points: { size: 5 } });
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    chart.plot?.destroy();
    chart.plot = new uPlot(
      {
        width: chart.box.clientWidth - 24,
        height: 220,
        scales: { x: { time: false } },
        axes: [{ ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }, { ...axis, size: 70, values: (_, ticks) => ticks.map(format) }],
        series,
        cursor: { drag: { x: true, y: false } },
      },
      columns(chart),
      chart.box,
    );
  }

  const columns = (chart) => (chart.second ? chart.data : chart.data.slice(0, 2));

  function add(epochs) {
    const touched = new Set();
    for (const { epoch, values } of epochs) {
      if (epoch <= last) continue; // sent again after a reconnection
      last = epoch;
      const points = new Map();
      for (const [metric, value] of Object.entries(values)) {
        const name = known(metric, values);
        const pair = points.get(name) ?? [null, null];
        pair[name === metric ? 0 : 1] = value;
        points.set(name, pair);
        if (name !== metric) pair.validated = true;
      }
      for (const [name, pair] of points) {
        if (!charts.has(name)) charts.set(name, create(name));
        const chart = charts.get(name);
        if (pair.validated && !chart.second) {
          chart.second = true;
          chart.plot?.destroy();
          chart.plot = null;
        }
        chart.data[0].push(epoch);
        chart.data[1].push(pair[0]);
        chart.data[2].push(pair[1]);
        touched.add(name);
      }
    }
    for (const name of touched) {
      const chart = charts.get(name);
      if (chart.plot) chart.plot.setData(columns(chart));
      else draw(name, chart);
      // Where nobody points at the chart, its legend tells the latest values; a new chart
      // has its legend only after this turn.
      setTimeout(() => {
        if (!(chart.plot.cursor.left >= 0)) chart.plot.setLegend({ idx: chart.data[0].length - 1 });
      });
    }
    root.dataset.last = String(last);
  }

  function show(told) {
    add(told.epochs);
    if (told.status) {
      const status = document.getElementById("status");
      status.textContent = told.status;
      status.className = "status " + told.status.toLowerCase();
    }
    if (began === "RUNNING") renew(told.status !== "RUNNING");
    if (told.count != null) document.getElementById("epochs").textContent = String(told.count);
  }

  // The tables are made by the server: fetched anew now and then, and when the training ends.
  const began = document.getElementById("status").textContent;
  let renewed = Date.now();
  async function renew(ended) {
    if (!ended && Date.now() - renewed < 5000) return;
    renewed = Date.now();
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["tables", "record-of-it"]) {
      const old = document.getElementById(id);
      const made = page.getElementById(id);
      const open = new Map([...old.querySelectorAll("details.group")].map((one) => [one.firstElementChild.firstChild.textContent, one.open]));
      for (const one of made.querySelectorAll("details.group")) {
        const was = open.get(one.firstElementChild.firstChild.textContent);
        if (was != null) one.open = was;
      }
      old.replaceWith(made);
    }
    // What is put in anew is no :target of the address.
    target()?.classList.add("marked");
  }

  async function poll(url) {
    const answer = await fetch(`${url}?after=${last}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return null;
    const told = await answer.json();
    if (told) show(told);
    return told;
  }

  function follow(url) {
    const source = new EventSource(url);
    source.addEventListener("epochs", (event) => show(JSON.parse(event.data)));
    source.addEventListener("end", () => source.close());
    // Too many pages follow the server: ask now and then instead.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      const timer = setInterval(async () => {
        const told = await poll(url);
        if (told && told.status !== "RUNNING") clearInterval(timer);
      }, 2000);
    });
  }

  function target() {
    try {
      return document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return null; // no fragment of ours has a broken escape
    }
  }

  function unfold() {
    const group = target()?.closest("details");
    for (const one of document.querySelectorAll(".marked")) one.classList.remove("marked");
    if (group && !group.open) {
      group.open = true;
      target().scrollIntoView();
    }
  }

  addEventListener("hashchange", unfold);
  unfold();
  let waiting;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const { plot, box } of charts.values()) plot?.setSize({ width: box.clientWidth - 24, height: 220 });
    }, 100);
  }).observe(root);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const [name, chart] of charts) draw(name, chart);
  });
  if (root.dataset.live) follow(root.dataset.live);
  else if (root.dataset.points) fetch(root.dataset.points).then(async (answer) => show(await answer.json()));
})();
