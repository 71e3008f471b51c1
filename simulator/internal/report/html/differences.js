// The differences from the baseline, with their confidence intervals.

const METRICS = {
  wait_mean_seconds: ["wait, mean", humanSeconds],
  wait_p50_seconds: ["wait, p50", humanSeconds],
  wait_p95_seconds: ["wait, p95", humanSeconds],
  completed: ["requests completed", count],
  used_worker_seconds: ["used", humanWork],
  lost_worker_seconds: ["lost work", humanWork],
  preempted: ["preempted", count],
  utilisation: ["utilisation", percent],
  utilisation_useful: ["utilisation, useful", percent],
  jain_served: ["Jain's index of shares", (x) => decimal(x, 3)],
  jain_waits: ["Jain's index of waits", (x) => decimal(x, 3)],
};

const VERDICTS = {
  better: "✓ better",
  worse: "✗ worse",
  same: "= same",
  unclear: "? unclear",
  lower: "▼ lower, one seed",
  higher: "▲ higher, one seed",
  "": "–",
};

function metricOf(d) {
  return METRICS[d.metric] || [d.metric, shortNumber];
}

function relative(d, x) {
  return d.from > 0 && x !== null ? x / d.from : null;
}

// intervalPlot draws an interval in per cent of the baseline's figure, from -100 % to +100 %; what
// lies outside ends in an arrow.
function intervalPlot(d) {
  const [low, middle, high] = [d.low, d.delta, d.high].map((x) => relative(d, x));
  if (middle === null) return element("span", null, "");
  const x = (part) => 90 + 80 * Math.max(-1, Math.min(1, part));
  const cls = d.verdict === "better" || d.verdict === "worse" ? d.verdict : "quiet";
  const colour = `var(--${cls})`;
  const svg = shape("svg", {
    viewBox: "0 0 180 16",
    width: 180,
    height: 16,
    role: "img",
    class: "mark",
    "aria-label": `${signed(middle)}, from ${signed(low)} to ${signed(high)}`,
  });
  const at = (x1, x2, y1, y2, stroke, width) =>
    shape("line", { x1, x2, y1, y2, "stroke-width": width, style: `stroke: ${stroke}` });
  svg.append(
    at(90, 90, 0, 16, "var(--line)", 1.5),
    at(x(low), x(high), 8, 8, colour, 2),
    at(10, 170, 15.5, 15.5, "var(--line)", 1),
  );
  for (const end of [low, high]) {
    if (low !== high && Math.abs(end) <= 1) svg.append(at(x(end), x(end), 4, 12, colour, 1.5));
  }
  if (Math.abs(middle) > 1) {
    const s = Math.sign(middle);
    svg.append(
      shape("path", { d: `M${x(middle)} 3l${7 * s} 5l${-7 * s} 5z`, style: `fill: ${colour}` }),
    );
  } else {
    svg.append(
      shape("circle", {
        cx: x(middle),
        cy: 8,
        r: 2.8,
        style:
          cls === "quiet"
            ? `fill: var(--paper); stroke: ${colour}; stroke-width: 1.5`
            : `fill: ${colour}`,
      }),
    );
  }
  return svg;
}

function signed(part) {
  if (part === null) return "–";
  const text = decimal(100 * part, Math.abs(part) < 0.0995 ? 1 : 0) + " %";
  return part > 0 ? "+" + text : text;
}

function signedDelta(d, x) {
  const text = metricOf(d)[1](x);
  return x > 0 ? "+" + text : text;
}

// differenceColumns leaves out what is the same in all rows that the filter lets through.
function differenceColumns(filter) {
  const number = (title, field, write) => ({
    title,
    number: true,
    value: (d) => d[field],
    text: (d) => write(d, d[field]),
  });
  const plain = (d, x) => metricOf(d)[1](x);
  const several = data.variants.length > 2;
  const columns = [
    {
      title: "account",
      value: (d) => (d.account < 0 ? "" : accountName(d.account)),
      text: (d) => (d.account < 0 ? "all" : accountName(d.account)),
    },
    ...(several && !filter.variant
      ? [
          {
            title: "policy",
            value: (d) => data.variants[d.variant].label,
            text: (d) => data.variants[d.variant].label,
          },
        ]
      : []),
    ...(filter.metric
      ? []
      : [{ title: "figure", value: (d) => metricOf(d)[0], text: (d) => metricOf(d)[0] }]),
    number("baseline", "from", plain),
    number("policy's", "to", plain),
    {
      title: "change",
      number: true,
      value: (d) => relative(d, d.delta),
      text: (d) => signed(relative(d, d.delta)),
    },
    data.seeds > 1
      ? {
          title: "difference, 95 % interval",
          number: true,
          text: (d) => `${signedDelta(d, d.low)} to ${signedDelta(d, d.high)}`,
        }
      : number("difference", "delta", signedDelta),
  ];
  columns.push(
    {
      title: element(
        "span",
        { class: "axis" },
        ...["−100 %", "0", "+100 %"].map((t) => element("span", null, t)),
      ),
      text: () => "",
      cell: intervalPlot,
    },
    {
      title: "verdict",
      value: (d) => d.verdict,
      cell: (d) =>
        element("span", { class: `verdict-${d.verdict}` }, VERDICTS[d.verdict] || d.verdict),
    },
  );
  return columns;
}

function drawDifferences() {
  const parent = place("differences");
  if (data.differences.length === 0) {
    none(parent, "There is nothing to compare: there is one policy, or no run of it has ended.");
    return;
  }
  const box = element("div");
  const filter = { metric: "wait_mean_seconds", variant: "", account: "", verdict: "" };
  const show = () => {
    const rows = data.differences.filter(
      (d) =>
        (!filter.metric || d.metric === filter.metric) &&
        (!filter.variant || d.variant === Number(filter.variant)) &&
        (!filter.account || d.account === Number(filter.account)) &&
        (!filter.verdict || d.verdict === filter.verdict),
    );
    rows.forEach((d) => {
      d.class = d.account < 0 ? "all" : null;
    });
    box.replaceChildren(
      rows.length > 0
        ? sortableTable({ columns: differenceColumns(filter), rows, label: "differences" })
        : element("p", { class: "note" }, "No difference is of this kind."),
    );
  };
  const select = (label, field, options) => {
    const { node, select: made } = choice(label, options, (value) => {
      filter[field] = value;
      show();
    });
    made.value = filter[field];
    return node;
  };
  const metrics = Object.keys(METRICS).filter((m) => data.differences.some((d) => d.metric === m));
  if (!metrics.includes(filter.metric)) filter.metric = "";
  const accounts = [...new Set(data.differences.map((d) => d.account))];
  const variants = [...new Set(data.differences.map((d) => d.variant))];
  parent.append(
    element(
      "div",
      { class: "controls" },
      select("Figure", "metric", [["", "all figures"], ...metrics.map((m) => [m, METRICS[m][0]])]),
      variants.length > 1
        ? select("Policy", "variant", [
            ["", "all"],
            ...variants.map((v) => [String(v), data.variants[v].label]),
          ])
        : null,
      select("Account", "account", [
        ["", "all accounts"],
        ...accounts.map((a) => [String(a), a < 0 ? "all together, pool" : accountName(a)]),
      ]),
      select("Verdict", "verdict", [
        ["", "all"],
        ...["better", "worse", "unclear", "same", "lower", "higher"]
          .filter((v) => data.differences.some((d) => d.verdict === v))
          .map((v) => [v, v]),
      ]),
    ),
    box,
  );
  if (data.differences_of < data.accounts.length) {
    parent.append(
      element(
        "p",
        { class: "note" },
        `Of the ${data.differences_of} accounts that used most; the JSON results have all.`,
      ),
    );
  }
  show();
}
