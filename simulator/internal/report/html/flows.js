// Who preempted whom: a table whose cells are the darker the more there is.

const FLOW_KINDS = {
  count: ["preemptions", (flows) => flows.count, count, (x) => `${count(x)} preemptions`],
  lost: [
    "lost work, worker-hours",
    (flows) => flows.lost_worker_seconds,
    (x) => decimal(x / 3600, x > 0 && x < 36000 ? 1 : 0),
    humanWork,
  ],
};

function heatTable(variant, kind) {
  const [title, pick, write, words] = FLOW_KINDS[kind];
  const rows = pick(variant.flows);
  const names = variant.flows.names;
  // The colours are for the accounts with a name: the others together may be far larger.
  const most = Math.max(
    1e-9,
    ...rows.slice(0, variant.flows.named).flatMap((row) => row.slice(0, variant.flows.named)),
  );
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const cell = (x, row, column) =>
    element(
      "td",
      {
        class: x > 0 ? "mark" : "none",
        "data-value": x,
        style: `--part: ${x > 0 ? Math.round(8 + 72 * Math.sqrt(Math.min(1, x / most))) : 0}%`,
        title: `${names[row]} against ${names[column]}: ${words(x)}`,
      },
      x > 0 ? write(x) : "·",
    );
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
    element(
      "table",
      { class: "heat" },
      element(
        "caption",
        null,
        `${title} under `,
        element("strong", { class: "name" }, variant.label),
        ": rows preempt, columns are preempted",
      ),
      element(
        "thead",
        null,
        element(
          "tr",
          null,
          element("th", { scope: "col" }, "by ↓   of →"),
          ...names.map((name) => element("th", { scope: "col", class: "name" }, name)),
          element("th", { scope: "col" }, "sum"),
        ),
      ),
      element(
        "tbody",
        null,
        ...rows.map((row, i) =>
          element(
            "tr",
            null,
            element("th", { scope: "row", class: "name" }, names[i]),
            ...row.map((x, j) => cell(x, i, j)),
            element("td", { class: "sum" }, write(sum(row))),
          ),
        ),
        element(
          "tr",
          null,
          element("th", { scope: "row" }, "sum"),
          ...names.map((_, j) =>
            element("td", { class: "sum" }, write(sum(rows.map((row) => row[j])))),
          ),
          element("td", { class: "sum" }, write(sum(rows.map(sum)))),
        ),
      ),
    ),
  );
}

function drawFlows() {
  const parent = place("flows");
  const all = data.variants.filter((v) => v.flows);
  if (all.length === 0) {
    none(parent, "Nothing was preempted under any policy.");
    return;
  }
  const box = element("div");
  let variant = all[all.length > 1 ? all.length - 1 : 0];
  let kind = "count";
  const show = () => box.replaceChildren(heatTable(variant, kind));
  const policies = choice(
    "Policy",
    all.map((v, i) => [String(i), v.label]),
    (value) => {
      variant = all[Number(value)];
      show();
    },
  );
  policies.select.value = String(all.indexOf(variant));
  const kinds = choice(
    "Show",
    Object.entries(FLOW_KINDS).map(([value, [text]]) => [value, text]),
    (value) => {
      kind = value;
      show();
    },
  );
  parent.append(element("div", { class: "controls" }, policies.node, kinds.node), box);
  const without = data.variants.filter((v) => !v.flows).map((v) => v.label);
  if (without.length > 0) {
    parent.append(
      element("p", { class: "note" }, `Nothing was preempted under ${without.join("; ")}.`),
    );
  }
  show();
}
