// Tables that can be sorted, and the table of all figures.

// sortableTable makes a table. A column is {title, value(row), text(row), cell(row), number}: value
// is what is sorted by and kept beside the text, and cell, where it is there, makes the content.
function sortableTable({ columns, rows, foot, label }) {
  let by = -1;
  let down = false;
  const body = element("tbody");
  const cell = (column, row, i, tag) =>
    element(
      tag || (i === 0 ? "th" : "td"),
      {
        class: column.number ? "number" : "name",
        scope: i === 0 ? "row" : null,
        "data-value": column.value && column.number ? column.value(row) : null,
      },
      column.cell ? column.cell(row) : column.text(row),
    );
  const rowOf = (row) =>
    element("tr", { class: row.class || null }, ...columns.map((c, i) => cell(c, row, i)));
  const heads = columns.map((column, i) => {
    const th = element("th", { scope: "col", class: column.number ? "number" : null });
    if (!column.value) {
      th.append(column.title);
      return th;
    }
    const button = element("button", { type: "button" }, column.title);
    button.addEventListener("click", () => {
      down = by === i ? !down : Boolean(column.number);
      by = i;
      show();
      say(`sorted by ${column.title}, ${down ? "largest" : "smallest"} first`);
    });
    th.append(button);
    return th;
  });
  const show = () => {
    heads.forEach((th, i) => {
      if (i === by) th.setAttribute("aria-sort", down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    const sorted =
      by < 0
        ? rows
        : [...rows].sort((a, b) => compare(columns[by].value(a), columns[by].value(b), down));
    body.replaceChildren(...sorted.map(rowOf));
  };
  show();
  const table = element(
    "table",
    { class: "figures" },
    element("thead", null, element("tr", null, ...heads)),
    body,
  );
  if (foot) {
    table.append(
      element("tfoot", null, element("tr", null, ...columns.map((c, i) => cell(c, foot, i)))),
    );
  }
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    table,
  );
}

// compare orders values; what there is not comes last either way.
function compare(a, b, down) {
  const missing = (x) => x === null || x === undefined;
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  const order = typeof a === "string" ? (a < b ? -1 : a > b ? 1 : 0) : a - b;
  return down ? -order : order;
}

// FIGURES are the columns of the table of all figures.
const FIGURES = [
  ["requests", "requests", count],
  ["impossible", "impossible", count],
  ["wait p50, s", "wait_p50_seconds", plainSeconds],
  ["wait p95, s", "wait_p95_seconds", plainSeconds],
  ["wait p99, s", "wait_p99_seconds", plainSeconds],
  ["wait max, s", "wait_max_seconds", plainSeconds],
  ["wait mean, s", "wait_mean_seconds", plainSeconds],
  ["used", "used_worker_seconds", (x) => decimal(x, 0)],
  ["paid", "paid_worker_seconds", (x) => decimal(x, 0)],
  ["free", "free_worker_seconds", (x) => decimal(x, 0)],
  ["provisioning", "provision_worker_seconds", (x) => decimal(x, 0)],
  ["lost work", "lost_worker_seconds", (x) => decimal(x, 0)],
  ["preempted", "preempted", count],
  ["caused", "caused", count],
  ["lost", "lost", count],
];

function figuresTable(variant) {
  const columns = [
    { title: "account", value: (a) => accountName(a.account), text: (a) => accountName(a.account) },
    ...FIGURES.map(([title, field, write]) => ({
      title,
      number: true,
      value: (a) => a[field],
      text: (a) => write(a[field]),
    })),
  ];
  const rows = [...variant.accounts].sort((a, b) => a.account - b.account);
  return sortableTable({ columns, rows, foot: variant.all, label: `figures of ${variant.label}` });
}

function poolTable() {
  const rows = [
    ["span", (p) => humanSeconds(p.span_seconds)],
    ["utilisation", (p) => percent(p.utilisation)],
    ["useful", (p) => percent(p.utilisation_useful)],
    ["provisioning", (p) => percent(p.provision)],
    ["lost work", (p) => percent(p.lost_work)],
    ["requests that wait, mean", (p) => decimal(p.queue_mean, 1)],
    ["requests that wait, most", (p) => count(p.queue_max)],
    ["preemptions", (p) => count(p.preemptions)],
    ["Jain's index of shares", (p) => decimal(p.jain, 3)],
    ["Jain's index of shares, on time", (p) => decimal(p.jain_served, 3)],
    ["Jain's index of waits", (p) => decimal(p.jain_waits, 3)],
  ];
  return tableOf(
    ["pool", ...data.variants.map((v) => v.label)],
    rows.map(([name, write]) => [name, ...data.variants.map((v) => write(v.pool))]),
  );
}

function drawFigures() {
  const parent = place("figures");
  if (data.variants.length === 0) {
    none(parent, "There are no policies in these results.");
    return;
  }
  const box = element("div", { "data-table": "figures" });
  const show = (i) => {
    box.dataset.variant = i;
    box.replaceChildren(figuresTable(data.variants[i]));
  };
  const options = data.variants.map((v, i) => [String(i), v.label]);
  const { node } = choice("Policy", options, (value) => show(Number(value)));
  parent.append(poolTable(), element("div", { class: "controls" }, node), box);
  show(0);
}
