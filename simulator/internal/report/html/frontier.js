// What a sweep trades: lost work against waits, a point for each value, joined in their order.

const FRONTIER = { left: 62, right: 18, top: 12, bottom: 42 };

// FRONTIER_WAITS are the figures that y can have.
const FRONTIER_WAITS = {
  wait_mean_seconds: "mean wait",
  wait_p50_seconds: "median wait",
  wait_p95_seconds: "wait p95",
  wait_p99_seconds: "wait p99",
};

// frontierOf returns what a chart shows: lines of points, and points of variants to which the sweep
// gives no value. A point is {label, name, lost, wait, colour(), best}: worker-hours, seconds, and
// whether no other value is as good in both and better in one.
function frontierOf(sweep, account, figure) {
  const point = (variant, label, colour) => {
    const v = data.variants[variant];
    const waits = account < 0 ? v.all : v.accounts.find((a) => a.account === account);
    const lost = v.all.lost_worker_seconds;
    const wait = waits ? waits[figure] : null;
    return { label, name: v.label, lost: lost === null ? null : lost / 3600, wait, colour };
  };
  const known = (p) => p.lost !== null && p.wait !== null;
  const lines = sweep.lines.map((l, i) => {
    const colour = () => (i === 0 ? palette().ink : paletteColour(i - 1));
    const points = l.points.map((p) => point(p.variant, p.value, colour)).filter(known);
    return { label: l.label, colour, dash: variantDash(i), points };
  });
  const swept = lines.flatMap((l) => l.points);
  const beats = (p, q) =>
    p.lost <= q.lost && p.wait <= q.wait && (p.lost < q.lost || p.wait < q.wait);
  for (const p of swept) p.best = !swept.some((q) => beats(q, p));
  const quiet = () => palette().quiet;
  const others = sweep.others.map((i) => point(i, data.variants[i].label, quiet)).filter(known);
  return { lines, others };
}

function frontierText(p) {
  return `${p.name}: lost ${humanWork(p.lost * 3600)}, waits ${humanSeconds(p.wait)}`;
}

// WAIT_STEPS are distances of ticks that read well, in seconds.
const WAIT_STEPS = [1, 2, 5, 10, 20, 30].flatMap((n) => [n, n * 60]);
WAIT_STEPS.push(...[1, 2, 3, 6, 12, 24, 48, 120, 240].map((n) => n * 3600));
WAIT_STEPS.sort((a, b) => a - b);

// waitTicks are about a number of even steps from at most min to at least max seconds.
function waitTicks(min, max, about) {
  const rough = (max - min) / about;
  const step = WAIT_STEPS.find((s) => s >= rough) || Math.ceil(rough / 864000) * 864000;
  const ticks = [];
  const first = Math.floor(min / step);
  for (let i = first; ticks.length < 2 || ticks[ticks.length - 1] < max; i++) ticks.push(i * step);
  return ticks;
}

// waitTickTexts writes ticks in one unit: the largest of which they are whole or half ones.
function waitTickTexts(ticks) {
  const step = ticks[1] - ticks[0];
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const [unit, name] = units.find(([seconds]) => Number.isInteger((2 * step) / seconds)) || units[3];
  const decimals = Number.isInteger(step / unit) ? 0 : 1;
  return ticks.map((t) => (t === 0 ? "0" : `${decimal(t / unit, decimals)} ${name}`));
}

// scalesOf fits the axes to the points of the lines; waits begin at 0 unless that would squeeze them.
// What lies outside is drawn at the edge.
function scalesOf({ lines, others }, width, height) {
  const swept = lines.flatMap((l) => l.points);
  const points = swept.length > 0 ? swept : others;
  const waits = points.map((p) => p.wait);
  const lost = Math.max(1e-3, ...[...points, ...others].map((p) => p.lost));
  const least = Math.min(...waits);
  const most = Math.max(1, ...waits);
  const yTicks = waitTicks(least < 0.4 * most ? 0 : least, most, height / 60);
  const [low, high] = [yTicks[0], yTicks[yTicks.length - 1]];
  const { left, right, top, bottom } = FRONTIER;
  const x = (hours) => left + (hours / (1.04 * lost)) * (width - left - right);
  const y = (seconds) => top + ((high - seconds) / (high - low)) * (height - top - bottom);
  const clamped = (p) => (p.wait > high ? 1 : p.wait < low ? -1 : 0);
  const at = (p) => ({ x: x(p.lost), y: y(Math.max(low, Math.min(high, p.wait))) });
  return { x, y, at, clamped, xTicks: evenTicks(lost, width - left), yTicks };
}

// frontierChart draws lines and points into a box.
function frontierChart(box, frontier, width) {
  const height = Math.max(260, Math.min(400, Math.round(width * 0.64)));
  const scales = scalesOf(frontier, width, height);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  svg.append(...frontierAxes(scales, width, height));
  const marks = [];
  for (const l of frontier.lines) {
    const path = l.points.map((p) => scales.at(p));
    svg.append(
      shape("polyline", {
        points: path.map((p) => `${p.x.toFixed(1)},${p.y.toFixed(1)}`).join(" "),
        fill: "none",
        stroke: l.colour(),
        "stroke-width": 1.5,
        "stroke-dasharray": l.dash.join(" "),
      }),
    );
    marks.push(...l.points);
  }
  marks.push(...frontier.others);
  svg.append(...frontierLabels(frontier, scales, width, height));
  for (const p of marks) svg.append(frontierMark(p, scales));
  box.replaceChildren(svg);
}

function frontierAxes({ x, y, xTicks, yTicks }, width, height) {
  const { left, right, top, bottom } = FRONTIER;
  const colour = palette().line;
  const text = (at, anchor, words) =>
    shape("text", { ...at, class: "tick", "text-anchor": anchor }, words);
  return [
    ...xTicks.flatMap((t) => [
      line(x(t), x(t), top, height - bottom, colour, 1),
      text({ x: x(t), y: height - bottom + 15 }, "middle", tickNumber(t)),
    ]),
    ...waitTickTexts(yTicks).flatMap((words, i) => [
      line(left, width - right, y(yTicks[i]), y(yTicks[i]), colour, 1),
      text({ x: left - 8, y: y(yTicks[i]) + 4 }, "end", words),
    ]),
    text({ x: width - right, y: height - 8 }, "end", "lost work of all accounts, worker-hours →"),
  ];
}

// frontierMark is a circle, hollow if another value is better; a diamond if the sweep gives its
// variant no value; and an arrow if it lies outside.
function frontierMark(p, { at, clamped }) {
  const { x, y } = at(p);
  const g = shape("g", { class: "mark", "data-lane": "" }, shape("title", null, frontierText(p)));
  const colour = p.colour();
  const fill = p.best ? colour : palette().paper;
  const style = { fill, stroke: colour, "stroke-width": 1.8 };
  const out = clamped(p);
  if (out !== 0) g.append(shape("path", { d: `M${x - 6} ${y}h12l-6 ${-9 * out}z`, ...style }));
  else if (p.best === undefined) {
    g.append(shape("path", { d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z`, ...style }));
  } else g.append(shape("circle", { cx: x, cy: y, r: 4.5, ...style }));
  return g;
}

// frontierLabels writes beside the points what they are, where there is room: the ends of lines
// first. Points of a line that lie on each other have one label.
function frontierLabels(frontier, scales, width, height) {
  const wanted = [];
  for (const l of frontier.lines) {
    const spots = [];
    for (const p of l.points) {
      const at = scales.at(p);
      const last = spots[spots.length - 1];
      if (last && Math.hypot(at.x - last.x, at.y - last.y) < 6) last.to = p.label;
      else spots.push({ ...at, from: p.label, to: p.label });
    }
    spots.forEach((s, i) => {
      s.text = s.from === s.to ? s.from : `${s.from} to ${s.to}`;
      s.rank = i === 0 || i === spots.length - 1 ? 0 : 2;
    });
    wanted.push(...spots);
  }
  for (const p of frontier.others) {
    const outside = scales.clamped(p) === 0 ? "" : `, ${humanSeconds(p.wait)}`;
    wanted.push({ ...scales.at(p), text: p.label + outside, rank: 1 });
  }
  const room = labelRoom(frontier, scales, width, height);
  return wanted
    .sort((a, b) => a.rank - b.rank)
    .flatMap((w) => {
      const spot = room.take(w);
      return spot === null ? [] : labelShapes(w, spot);
    });
}

function labelShapes(w, spot) {
  const text = shape("text", { x: spot.x, y: spot.y + 12 }, w.text);
  if (spot.away === 0) return [text];
  const end = {
    x: Math.max(spot.x - 2, Math.min(spot.x + spot.width + 2, w.x)),
    y: Math.max(spot.y, Math.min(spot.y + 15, w.y)),
  };
  return [line(w.x, end.x, w.y, end.y, palette().quiet, 0.8), text];
}

// labelRoom hands out places for texts: near their points, off other texts and points, and if it can
// be, off the lines.
function labelRoom(frontier, scales, width, height) {
  const points = [...frontier.lines.flatMap((l) => l.points), ...frontier.others].map(scales.at);
  const taken = points.map((p) => ({ x: p.x - 7, y: p.y - 7, width: 14, height: 14 }));
  const steps = frontier.lines.flatMap((l) => {
    const path = l.points.map(scales.at);
    return path.slice(1).map((to, i) => [path[i], to]);
  });
  const overlap = (a, b) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  const inside = (b) =>
    b.x >= FRONTIER.left - 4 &&
    b.x + b.width <= width &&
    b.y >= 0 &&
    b.y + b.height <= height - FRONTIER.bottom + 2;
  const cost = (b) => b.away + 25 * steps.filter(([from, to]) => crosses(from, to, b)).length;
  return {
    take(w) {
      const free = labelPlaces(w).filter((b) => inside(b) && !taken.some((t) => overlap(b, t)));
      if (free.length === 0) return null;
      const best = free.reduce((a, b) => (cost(b) < cost(a) ? b : a));
      taken.push(best);
      return best;
    },
  };
}

// pen measures texts as charts write them.
const pen = document.createElement("canvas").getContext("2d");

function textWidth(text) {
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

// labelPlaces are boxes around a point, the nearest first.
function labelPlaces({ x, y, text }) {
  const size = { width: textWidth(text) + 3, height: 15 };
  const places = [];
  for (const away of [0, 14, 28, 44, 62, 84]) {
    for (let turn = 0; turn < 12; turn++) {
      const angle = -Math.PI / 4 + (turn * Math.PI) / 6;
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      places.push({
        ...size,
        x: x + dx * (11 + away) + (dx - 1) * 0.5 * size.width,
        y: y + dy * (11 + away) + (dy - 1) * 0.5 * size.height,
        away,
      });
    }
  }
  return places;
}

// crosses says whether a line passes through a box, by looking along it every few pixels.
function crosses(from, to, box) {
  const n = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / 4));
  for (let i = 0; i <= n; i++) {
    const x = from.x + ((to.x - from.x) * i) / n;
    const y = from.y + ((to.y - from.y) * i) / n;
    if (x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) return true;
  }
  return false;
}

// addFrontier adds a chart of one account's waits, -1 for all, to a parent.
function addFrontier(parent, sweep, account, figure) {
  const frontier = frontierOf(sweep, account, figure);
  const all = [...frontier.lines.flatMap((l) => l.points), ...frontier.others];
  if (all.length === 0) {
    parent.append(element("p", { class: "note" }, `Nothing of ${accountName(account)} completed.`));
    return;
  }
  const about = `Points of lost work and ${FRONTIER_WAITS[figure]} of ${accountName(account)}`;
  const box = element("div", {
    class: "chart",
    role: "img",
    "aria-label": `${about}, for each value of ${sweep.label}. Arrow keys read them out.`,
  });
  const readout = element("p", { class: "readout" }, " ");
  const header = ["policy", "lost work, worker-hours", FRONTIER_WAITS[figure], "a good choice"];
  const choiceText = (p) => (p.best === undefined ? "not swept" : p.best ? "yes" : "no");
  const rows = () =>
    all.map((p) => [p.name, shortNumber(p.lost), humanSeconds(p.wait), choiceText(p)]);
  parent.append(
    element(
      "figure",
      null,
      element(
        "figcaption",
        null,
        element("span", { class: "name" }, accountName(account)),
        `: ${FRONTIER_WAITS[figure]}`,
        element("span", { class: "unit" }, " against lost work"),
      ),
      box,
      element("div", { class: "under" }, readout, dataAsTable(header, rows)),
    ),
  );
  onWidth(box, (width) => frontierChart(box, frontier, width));
  const mark = (i) =>
    box
      .querySelectorAll("[data-lane]")
      .forEach((g, n) => g.setAttribute("opacity", i === null || n === i ? 1 : 0.25));
  steerable(box, {
    count: () => all.length,
    show: (i) => {
      mark(i);
      return (readout.textContent = frontierText(all[i]));
    },
    hide: () => {
      mark(null);
      readout.textContent = " ";
    },
  });
}

// mostChanged returns the account whose mean wait a sweep changes most, as a ratio.
function mostChanged(sweep) {
  const ratio = (account) => {
    const waits = sweep.lines.flatMap((l) =>
      l.points
        .map((p) => data.variants[p.variant].accounts.find((a) => a.account === account))
        .map((a) => (a && a.wait_mean_seconds !== null ? Math.max(1, a.wait_mean_seconds) : 1)),
    );
    return Math.max(1, ...waits) / Math.min(...waits);
  };
  return data.accounts.reduce((best, _, i) => (ratio(i) > ratio(best) ? i : best), 0);
}

function drawFrontier() {
  const parent = place("frontier");
  if (parent === null) return;
  const length = (s) => Math.max(...s.lines.map((l) => l.points.length));
  const sweep = data.sweeps.reduce((a, b) => (length(b) > length(a) ? b : a));
  const shown = { sweep, account: mostChanged(sweep), figure: "wait_mean_seconds" };
  const key = element("div");
  const box = element("div", { class: "several", "data-count": 2 });
  const curves = element("div", { class: "several", "data-count": 2 });
  const draw = () => {
    const { lines } = frontierOf(shown.sweep, -1, shown.figure);
    const named = (l) => ({ ...l, label: `${l.label}, by ${shown.sweep.label}` });
    key.replaceChildren(keyOf(lines.map(named)));
    box.replaceChildren();
    addFrontier(box, shown.sweep, -1, shown.figure);
    if (data.accounts.length > 0) addFrontier(box, shown.sweep, shown.account, shown.figure);
    curves.replaceChildren();
    addCurves(curves, shown.sweep, -1, shown.figure);
    if (data.accounts.length > 0) addCurves(curves, shown.sweep, shown.account, shown.figure);
  };
  const select = (label, options, value, changed) => {
    const { node, select: made } = choice(label, options, (chosen) => {
      changed(chosen);
      draw();
    });
    made.value = value;
    return options.length > 1 ? node : null;
  };
  const fields = data.sweeps.map((s, i) => [String(i), s.label]);
  const accounts = data.accounts.map((a, i) => [String(i), a.label]);
  parent.append(
    element(
      "div",
      { class: "controls" },
      select("Swept", fields, String(data.sweeps.indexOf(sweep)), (v) => (shown.sweep = data.sweeps[Number(v)])),
      select("Account", accounts, String(shown.account), (v) => (shown.account = Number(v))),
      select("Figure", Object.entries(FRONTIER_WAITS), shown.figure, (v) => (shown.figure = v)),
    ),
    key,
    box,
    curves,
  );
  redraws.add(draw);
  draw();
}
