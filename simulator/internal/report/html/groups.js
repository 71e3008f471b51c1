// Figures by the value of a label and by size: how full each group's workers are over time, and a
// table.

// groupsOf returns a variant's groups of a grouping.
function groupsOf(variant, by) {
  const found = variant.groupings.find((g) => g.by === by);
  return found ? found.groups : [];
}

// HEAT says what the strips of a grouping can show: a part from 0 to 1 of a group at a step.
const HEAT = {
  busy: ["busy part of the workers", (g) => g.busy.map((x) => (g.workers > 0 ? x / g.workers : 0))],
  queue: [
    "waiting requests, as a part of the most of any",
    (g, most) => g.queue.map((x) => x / most),
  ],
};

// FULL is the utilisation above which a group is called full.
const FULL = 0.9;

function groupText(g) {
  return (
    `${g.value}: ${percent(g.utilisation)} of ${count(g.workers)} workers busy, ` +
    `${count(g.queue_mean)} requests waiting on average, ${count(g.queue_max)} at most; ` +
    `wait p50 ${humanSeconds(g.wait_p50_seconds)}, at most ${humanSeconds(g.wait_max_seconds)}`
  );
}

// heatStrips draws a row for each group into a box: the stronger the colour, the fuller.
function heatStrips(box, { variant, groups, kind }, width) {
  const series = variant.series;
  const rowHeight = 22;
  const narrow = width < 560;
  const names = longest(groups.map((g) => ({ label: g.value })));
  const left = narrow ? 0 : Math.min(200, Math.max(80, names * 7.4 + 14));
  const title = narrow ? 16 : 0;
  const right = 62;
  const points = Math.max(1, ...groups.map((g) => g.busy.length));
  const step = series.step_seconds || 1;
  const first = series.start_seconds;
  const [from, to] = shownSpan(first, first + points * step);
  const x = (t) =>
    left + ((Math.max(from, Math.min(to, t)) - from) / (to - from)) * (width - left - right);
  const height = groups.length * (rowHeight + title) + 40;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  const most = Math.max(1e-9, ...groups.flatMap((g) => g.queue));
  groups.forEach((g, n) => {
    const y = n * (rowHeight + title) + title;
    svg.append(
      shape(
        "text",
        {
          x: narrow ? 0 : left - 8,
          y: narrow ? y - 3 : y + 15,
          "text-anchor": narrow ? "start" : "end",
        },
        g.value,
      ),
    );
    const row = shape("g", { class: "mark", "data-lane": "" }, shape("title", null, groupText(g)));
    row.append(
      shape("rect", { x: x(from), y, width: x(to) - x(from), height: rowHeight - 3, class: "empty" }),
    );
    for (const [shade, d] of shades(HEAT[kind][1](g, most), (i) => [
      x(first + i * step),
      x(first + (i + 1) * step),
    ])) {
      const path = d.map(([a, b]) => `M${a.toFixed(1)} ${y}H${b.toFixed(1)}v${rowHeight - 3}H${a.toFixed(1)}z`);
      row.append(shape("path", { d: path.join(""), style: `--part: ${shade * 10}%`, class: "heat-cell" }));
    }
    svg.append(
      row,
      shape(
        "text",
        { x: width - right + 6, y: y + 15, class: g.utilisation > FULL ? "full" : "tick" },
        percent(g.utilisation),
      ),
    );
  });
  const bottom = height - 36;
  const ticks = calendarTicks(from, to, width - left - right + 70);
  calendarLabels(ticks).forEach((label, i) => {
    svg.append(line(x(ticks[i]), x(ticks[i]), bottom - 4, bottom + 2, palette().quiet, 1));
    label.split("\n").forEach((text, k) =>
      svg.append(
        shape(
          "text",
          { x: x(ticks[i]), y: bottom + 15 + 14 * k, class: "tick", "text-anchor": "middle" },
          text,
        ),
      ),
    );
  });
  box.replaceChildren(svg);
}

// shades gathers the steps of each of ten shades, with those beside each other joined.
function shades(parts, place) {
  const all = new Map();
  let last = 0;
  parts.forEach((part, i) => {
    const shade = part > 0 ? Math.max(1, Math.min(10, Math.round(part * 10))) : 0;
    if (shade > 0) {
      const [a, b] = place(i);
      const list = all.get(shade) || [];
      if (last === shade && list.length > 0) list[list.length - 1][1] = b;
      else if (b > a) list.push([a, b]);
      all.set(shade, list);
    }
    last = shade;
  });
  return all;
}

function drawHeat(parent, by) {
  const all = followed().filter(({ variant }) =>
    groupsOf(variant, by).some((g) => g.busy.length > 0),
  );
  if (by === "" || all.length === 0) return;
  let variant = all[0].variant;
  let kind = "busy";
  const shown = () => groupsOf(variant, by).slice(0, 40);
  const box = element("div", {
    class: "chart",
    role: "img",
    "aria-label": `Strips over time, one for each ${by}: the stronger the colour, the fuller. Arrow keys read them out.`,
  });
  const readout = element("p", { class: "readout" }, " ");
  const table = element("div");
  const draw = (width) => {
    heatStrips(box, { variant, groups: shown(), kind }, width);
    table.replaceChildren(
      dataAsTable([by, "utilisation", "waiting, mean", "waiting, most"], () =>
        shown().map((g) => [
          g.value,
          percent(g.utilisation),
          count(g.queue_mean),
          count(g.queue_max),
        ]),
      ),
    );
  };
  const again = () => draw(Math.floor(box.clientWidth));
  const policies = choice(
    "Policy",
    all.map(({ variant: v }, i) => [String(i), v.label]),
    (value) => {
      variant = all[Number(value)].variant;
      again();
    },
  );
  const kinds = choice(
    "Show",
    Object.entries(HEAT).map(([value, [text]]) => [value, text]),
    (value) => {
      kind = value;
      again();
    },
  );
  parent.append(
    element("div", { class: "controls" }, policies.node, kinds.node),
    element(
      "figure",
      null,
      element(
        "figcaption",
        null,
        `How full each ${by} is over time`,
        element("span", { class: "unit" }, " the stronger the colour, the fuller; at the right, the mean"),
      ),
      box,
      element("div", { class: "under" }, readout, table),
    ),
  );
  onWidth(box, draw);
  onZoom(box, again);
  steerable(box, {
    count: () => shown().length,
    show: (i) => (readout.textContent = groupText(shown()[i])),
    hide: () => (readout.textContent = " "),
  });
}

function groupTable(by) {
  const number = (title, field, write) => ({
    title,
    number: true,
    value: (g) => g[field],
    text: (g) => write(g[field]),
  });
  const values = [...new Set(data.variants.flatMap((v) => groupsOf(v, by).map((g) => g.value)))];
  const rows = values.flatMap((value) =>
    data.variants.flatMap((v, i) =>
      groupsOf(v, by)
        .filter((g) => g.value === value)
        .map((g) => ({ ...g, i, class: g.utilisation > FULL && by ? "full" : null })),
    ),
  );
  const columns = [
    { title: by || "workers at once", value: (g) => g.value, text: (g) => g.value },
    {
      title: "policy",
      value: (g) => data.variants[g.i].label,
      text: (g) => data.variants[g.i].label,
    },
    ...(by ? [number("workers", "workers", count)] : []),
    number("utilisation", "utilisation", percent),
    number("waiting, mean", "queue_mean", count),
    number("waiting, most", "queue_max", count),
    number("requests", "requests", count),
    number("impossible", "impossible", count),
    number("wait p50", "wait_p50_seconds", humanSeconds),
    number("wait p95", "wait_p95_seconds", humanSeconds),
    number("wait p99", "wait_p99_seconds", humanSeconds),
    number("wait max", "wait_max_seconds", humanSeconds),
    number("wait mean", "wait_mean_seconds", humanSeconds),
    number("preempted", "preempted", count),
    number("lost work, worker-hours", "lost_worker_seconds", (x) => count(x / 3600)),
  ];
  return sortableTable({ columns, rows, label: `figures by ${by || "size"}` });
}

function drawGroups() {
  const parent = place("groups");
  const keys = [...new Set(data.variants.flatMap((v) => v.groupings.map((g) => g.by)))];
  if (keys.length === 0) {
    document.getElementById("groups").remove();
    document.querySelector('[data-for="groups"]').remove();
    return;
  }
  for (const by of keys) {
    parent.append(
      element(
        "h3",
        null,
        by ? "By " : "By size",
        by ? element("span", { class: "name" }, by) : null,
      ),
    );
    parent.append(
      element(
        "p",
        { class: "note" },
        by
          ? "Utilisation is of the workers that have the value, whoever's tasks they run; queue and waits are of the requests that ask for it. (none) are requests that run anywhere, and workers without the label."
          : "How many workers a submission asks for. Utilisation is the part of all workers' time.",
      ),
    );
    drawHeat(parent, by);
    parent.append(groupTable(by));
  }
}
