// Sweeps as curves: the values from left to right, a figure above them, a line for each policy.

// curveValues are the values of all lines, in their order.
function curveValues(sweep) {
  const values = [];
  for (const l of sweep.lines) {
    l.points.forEach((p, i) => {
      if (values.includes(p.value)) return;
      const before = i > 0 ? values.indexOf(l.points[i - 1].value) : values.length - 1;
      values.splice(before + 1, 0, p.value);
    });
  }
  return values;
}

// curveChart draws lines of {colour(), dash, points: [{at, wait, text}]} into a box.
function curveChart(box, values, lines, width) {
  const { left, right, top, bottom } = FRONTIER;
  const height = Math.max(220, Math.min(320, Math.round(width * 0.5)));
  const waits = lines.flatMap((l) => l.points.map((p) => p.wait));
  const most = Math.max(1, ...waits);
  const least = Math.min(...waits);
  const ticks = waitTicks(least < 0.4 * most ? 0 : least, most, height / 60);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const x = (i) => left + ((i + 0.5) / values.length) * (width - left - right);
  const y = (wait) => top + ((high - wait) / (high - low)) * (height - top - bottom);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  const colour = palette().line;
  waitTickTexts(ticks).forEach((words, i) => {
    svg.append(
      line(left, width - right, y(ticks[i]), y(ticks[i]), colour, 1),
      shape("text", { x: left - 8, y: y(ticks[i]) + 4, class: "tick", "text-anchor": "end" }, words),
    );
  });
  const room = Math.max(...values.map(textWidth)) + 10;
  const every = Math.max(1, Math.ceil((room * values.length) / (width - left - right)));
  values.forEach((value, i) => {
    if (i % every !== 0) return;
    const place = { x: x(i), y: height - bottom + 16, class: "tick", "text-anchor": "middle" };
    svg.append(shape("text", place, value));
  });
  for (const l of lines) {
    const points = l.points.map((p) => `${x(p.at).toFixed(1)},${y(p.wait).toFixed(1)}`).join(" ");
    const style = { fill: "none", stroke: l.colour(), "stroke-width": 1.8 };
    svg.append(shape("polyline", { points, ...style, "stroke-dasharray": l.dash.join(" ") }));
    for (const p of l.points) {
      const circle = { cx: x(p.at), cy: y(p.wait), r: 3.2, fill: l.colour(), class: "mark" };
      svg.append(shape("circle", circle, shape("title", null, p.text)));
    }
  }
  box.replaceChildren(svg);
}

// addCurves adds a chart of one account's waits over the values of a sweep, -1 for all.
function addCurves(parent, sweep, account, figure) {
  const values = curveValues(sweep);
  const { lines } = frontierOf(sweep, account, figure);
  const curves = lines.map((l) => ({
    ...l,
    points: l.points.map((p) => ({
      at: values.indexOf(p.label),
      wait: p.wait,
      text: `${p.name}: ${humanSeconds(p.wait)}`,
    })),
  }));
  const all = curves.flatMap((l) => l.points);
  if (all.length === 0) return;
  const box = element("div", {
    class: "chart",
    role: "img",
    "aria-label": `${FRONTIER_WAITS[figure]} of ${accountName(account)}, by ${sweep.label}`,
  });
  const rows = () => all.map((p) => [p.text.split(": ")[0], humanSeconds(p.wait)]);
  parent.append(
    element(
      "figure",
      { class: "curves" },
      element(
        "figcaption",
        null,
        element("span", { class: "name" }, accountName(account)),
        `: ${FRONTIER_WAITS[figure]}`,
        element("span", { class: "unit" }, ` by ${sweep.label}`),
      ),
      box,
      element("div", { class: "under" }, dataAsTable(["policy", FRONTIER_WAITS[figure]], rows)),
    ),
  );
  onWidth(box, (width) => curveChart(box, values, curves, width));
}
