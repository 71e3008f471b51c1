// How long accounts wait: strips of percentiles, and a curve for one account.

// percentilesOf returns the list of an account's percentiles under a policy (-1: of all), or null.
function percentilesOf(variant, account) {
  const found = variant.percentiles.find((p) => p.account === account);
  return found ? found.seconds : null;
}

// percentileAt reads a percentile off a list of 101 or of 21.
function percentileAt(list, p) {
  return list === null ? null : list[Math.round((p * (list.length - 1)) / 100)];
}

function accountName(account) {
  return account < 0 ? "all requests" : data.accounts[account].label;
}

function waitLane(variant, i, account) {
  const list = percentilesOf(variant, account);
  return {
    label: variant.label,
    colour: () => variantColour(i),
    dash: variantDash(i),
    p5: percentileAt(list, 5),
    p25: percentileAt(list, 25),
    p50: percentileAt(list, 50),
    p75: percentileAt(list, 75),
    p95: percentileAt(list, 95),
  };
}

// accountPages are [first, last] of the accounts that are shown together.
function accountPages() {
  const pages = [];
  for (let from = 0; from < data.accounts.length; from += data.top) {
    pages.push([from, Math.min(from + data.top, data.accounts.length)]);
  }
  return pages;
}

// pageChoice lets people choose which accounts a chart shows.
function pageChoice(changed) {
  const pages = accountPages();
  const name = ([from, to], i) =>
    i === 0
      ? pages.length > 1
        ? `the ${to} that used most`
        : `all ${to}`
      : to - from > 1
        ? `the next: ${from + 1} to ${to}`
        : `the last: ${to}`;
  const options = pages.map((page, i) => [String(i), name(page, i)]);
  const { node } = choice("Accounts", options, (value) => changed(pages[Number(value)]));
  return pages.length > 1 ? element("div", { class: "controls" }, node) : null;
}

function waitGroups([from, to]) {
  const accounts = [-1];
  for (let a = from; a < to; a++) accounts.push(a);
  return accounts.map((account) => {
    const lanes = data.variants.map((v, i) => waitLane(v, i, account));
    if (account < 0 && data.real) {
      const list = data.real.percentiles_seconds;
      const [p5, p25, p50, p75, p95] = [5, 25, 50, 75, 95].map((p) => percentileAt(list, p));
      lanes.push({
        ...{ label: REAL_LABEL, colour: () => palette().real, dash: [] },
        ...{ p5, p25, p50, p75, p95 },
      });
    }
    return { label: accountName(account), lanes };
  });
}

// REAL_LABEL names the waits that the log says there really were.
const REAL_LABEL = "the log's own (jobs)";

// drawLegend makes the page's one legend of policies, which stands at the top of every chart.
function drawLegend() {
  const parent = place("legend");
  const items = data.variants.map((v, i) => ({
    label: v.label,
    dash: variantDash(i),
    colour: () => variantColour(i),
  }));
  if (data.real) items.push({ label: REAL_LABEL, dash: REAL_DASH, colour: () => palette().real });
  const draw = () => parent.replaceChildren(keyOf(items));
  redraws.add(draw);
  draw();
}

const REAL_DASH = [2, 3];

function drawStrips() {
  const parent = place("strips");
  if (!data.variants.some((v) => v.percentiles.length > 0)) {
    none(parent, "The percentiles of waits are not in these results.");
    return;
  }
  let groups = waitGroups(accountPages()[0] || [0, 0]);
  const box = element("div", {
    class: "chart",
    role: "img",
    "aria-label":
      "Strips of waits for each account and policy, on a logarithmic axis. Arrow keys read them out.",
  });
  const readout = element("p", { class: "readout" }, " ");
  const all = () => groups.flatMap((g) => g.lanes.map((lane) => ({ group: g, lane })));
  const details = () =>
    dataAsTable(["account, policy", "p5", "p25", "p50", "p75", "p95"], () =>
      all().map(({ group, lane }) => [
        `${group.label}, ${lane.label}`,
        ...["p5", "p25", "p50", "p75", "p95"].map((p) => humanSeconds(lane[p])),
      ]),
    );
  const table = element("div", null, details());
  const draw = (width) => {
    stripChart(box, groups, width);
  };
  const controls = pageChoice((page) => {
    groups = waitGroups(page);
    table.replaceChildren(details());
    draw(box.clientWidth);
  });
  parent.append(
    ...[controls].filter(Boolean),
    element(
      "figure",
      null,
      element(
        "figcaption",
        null,
        "Waits per account and policy",
        element("span", { class: "unit" }, " p5, p25, median, p75, p95"),
      ),
      box,
      element("div", { class: "under" }, readout, table),
    ),
  );
  onWidth(box, draw);
  const mark = (i) =>
    box.querySelectorAll("[data-lane]").forEach((g, n) => {
      g.setAttribute("opacity", i === null || n === i ? 1 : 0.3);
    });
  steerable(box, {
    count: () => all().length,
    show: (i) => {
      const { group, lane } = all()[i];
      mark(i);
      readout.textContent = `${group.label}, ${laneText(lane)}`;
      return readout.textContent;
    },
    hide: () => {
      mark(null);
      readout.textContent = " ";
    },
  });
}

// partBelow returns which part of the waits is at most so long, from their percentiles.
function partBelow(list, seconds) {
  const last = list.length - 1;
  if (seconds >= list[last]) return 1;
  if (seconds < list[0]) return 0;
  let i = 0;
  while (list[i + 1] <= seconds) i++;
  return (i + (seconds - list[i]) / (list[i + 1] - list[i])) / last;
}

function drawCurve(parent, account) {
  const lists = data.variants.map((v) => percentilesOf(v, account));
  const shown = lists.map((list, i) => ({ list, i })).filter(({ list }) => list !== null);
  parent.replaceChildren();
  if (shown.length === 0) {
    none(parent, "Nothing of this account completed.");
    return;
  }
  const ends = shown.flatMap(({ list }) => [list[0], list[list.length - 1]]);
  if (account < 0 && data.real) ends.push(percentileAt(data.real.percentiles_seconds, 100));
  const max = Math.max(1, ...ends.map(logWait));
  const x = Array.from({ length: 201 }, (_, i) => (i * max) / 200);
  const series = shown.map(({ list, i }) => ({
    label: data.variants[i].label,
    colour: () => variantColour(i),
    dash: variantDash(i),
    values: x.map((at) => partBelow(list, 10 ** at)),
  }));
  if (account < 0 && data.real) {
    series.push({
      label: REAL_LABEL,
      colour: () => palette().real,
      dash: REAL_DASH,
      width: 1.5,
      values: x.map((at) => partBelow(data.real.percentiles_seconds, 10 ** at)),
    });
  }
  lineChart(parent, {
    title: `Part of the requests that waited no longer: ${accountName(account)}`,
    unit: "",
    about: `For ${accountName(account)} and each policy: which part of the requests waited no longer than a time.`,
    x,
    series,
    yMin: 0,
    yMax: 1,
    tight: true,
    yTicks: [0, 0.25, 0.5, 0.75, 1],
    height: 280,
    xName: "wait at most",
    xTicks: (min, to) => WAIT_TICKS.map(Math.log10).filter((t) => t >= min && t <= to),
    xLabel: (at) => tickLabel(Math.round(10 ** at)),
    xText: (at) => "wait at most " + humanSeconds(10 ** at),
    yText: percent,
    yLabel: (y) => decimal(100 * y, 0) + " %",
  });
}

function drawCurves() {
  const parent = place("ecdf");
  if (!data.variants.some((v) => v.percentiles.length > 0)) return;
  const box = element("div");
  const options = [["-1", accountName(-1)], ...data.accounts.map((a, i) => [String(i), a.label])];
  const { node } = choice("Account", options, (value) => drawCurve(box, Number(value)));
  parent.append(element("div", { class: "controls" }, node), box);
  drawCurve(box, -1);
}
