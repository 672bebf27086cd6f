// Keeps the page of runs current: the server sends the list anew when something changed.
"use strict";
(() => {
  const table = document.getElementById("runs");
  const base = table.dataset.base;
  const body = table.tBodies[0];

  function cell(row, text, kind) {
    const made = row.insertCell();
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function show(runs) {
    table.hidden = runs.length === 0;
    document.getElementById("none").hidden = runs.length > 0;
    const rows = runs.map((run) => {
      const row = document.createElement("tr");
      row.dataset.path = run.path;
      const link = document.createElement("a");
      link.href = base + run.path;
      link.textContent = run.run;
      cell(row, "").append(link);
      cell(row, run.tag);
      const status = document.createElement("span");
      status.className = "status " + run.status.toLowerCase();
      status.textContent = run.status;
      cell(row, "").append(status);
      cell(row, run.optimizer);
      cell(row, run.rate, "number");
      cell(row, run.epochs, "number");
      const time = document.createElement("time");
      time.dateTime = run.started;
      const at = new Date(run.started);
      const two = (n) => String(n).padStart(2, "0");
      time.textContent =
        `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
        `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
      cell(row, "").append(time);
      cell(row, run.seconds, "number");
      cell(row, run.record);
      return row;
    });
    body.replaceChildren(...rows);
  }

  const source = new EventSource(table.dataset.live);
  source.addEventListener("runs", (event) => show(JSON.parse(event.data)));
  // Too many pages follow the server: ask now and then instead.
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    setInterval(async () => {
      const answer = await fetch(table.dataset.live, { headers: { Accept: "application/json" } });
      if (answer.ok) show(await answer.json());
    }, 3000);
  });
})();
