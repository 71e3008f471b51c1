// Strips of percentiles on a logarithmic axis: one for each account and policy.

const STRIP = { lane: 15, gap: 10, axis: 26, right: 16 };

// stripChart draws groups of lanes into a box. A group is {label, lanes}, and a lane
// {label, colour(), dash, p5, p25, p50, p75, p95}.
function stripChart(box, groups, width) {
  const lanes = groups.flatMap((g) => g.lanes);
  const narrow = width < 560;
  const left = narrow ? 8 : Math.min(290, Math.max(110, longest(groups) * 7.4 + 14));
  const title = narrow ? 17 : 0;
  const [min, max] = rangeOf(lanes);
  const x = (seconds) =>
    left + ((logWait(seconds) - min) / (max - min)) * (width - left - STRIP.right);
  const heights = groups.map((g) => title + g.lanes.length * STRIP.lane + STRIP.gap);
  const height = heights.reduce((a, b) => a + b, 0) + STRIP.axis;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  drawTicks(svg, { min, max, x, height });
  let y = 4;
  groups.forEach((group, i) => {
    if (i > 0) svg.append(line(0, width, y - STRIP.gap / 2, y - STRIP.gap / 2, palette().line, 1));
    const middle = narrow ? y + 11 : y + (group.lanes.length * STRIP.lane) / 2 + 4;
    svg.append(
      shape(
        "text",
        { x: narrow ? 0 : left - 10, y: middle, "text-anchor": narrow ? "start" : "end" },
        group.label,
      ),
    );
    group.lanes.forEach((lane, n) =>
      svg.append(laneShape(lane, x, y + title + (n + 0.5) * STRIP.lane)),
    );
    y += heights[i];
  });
  box.replaceChildren(svg);
}

function longest(groups) {
  return Math.max(1, ...groups.map((g) => g.label.length));
}

// rangeOf is the range of the axis, in powers of ten.
function rangeOf(lanes) {
  const ends = lanes
    .flatMap((l) => [l.p5 ?? l.p50, l.p95])
    .filter((v) => v !== null)
    .map(logWait);
  if (ends.length === 0) return [0, 4];
  const min = Math.floor(Math.min(...ends) * 2) / 2;
  return [min, Math.max(min + 1, Math.max(...ends) + 0.05)];
}

function line(x1, x2, y1, y2, stroke, width, dash) {
  return shape("line", { x1, x2, y1, y2, stroke, "stroke-width": width, "stroke-dasharray": dash });
}

function drawTicks(svg, { min, max, x, height }) {
  const ticks = WAIT_TICKS.filter((t) => Math.log10(t) >= min - 1e-9 && Math.log10(t) <= max);
  for (const t of ticks) {
    svg.append(
      line(x(t), x(t), 0, height - STRIP.axis + 4, palette().line, 1),
      shape(
        "text",
        { x: x(t), y: height - 8, class: "tick", "text-anchor": "middle" },
        tickLabel(t),
      ),
    );
  }
}

// laneShape is a strip: a line from p5 to p95, a box from p25 to p75 and a tick at the median.
function laneShape(lane, x, y) {
  const colour = lane.colour();
  const g = shape("g", { class: "mark", "data-lane": "" });
  g.append(shape("title", null, laneText(lane)));
  if (lane.p50 === null) {
    return g;
  }
  const width = Math.max(2, x(lane.p75) - x(lane.p25));
  g.append(
    line(x(lane.p5), x(lane.p95), y, y, colour, 1.5, lane.dash.join(" ")),
    line(x(lane.p5), x(lane.p5), y - 3, y + 3, colour, 1.5),
    line(x(lane.p95), x(lane.p95), y - 3, y + 3, colour, 1.5),
    shape("rect", { x: x(lane.p25), y: y - 5, width, height: 10, fill: colour, rx: 1.5 }),
    line(x(lane.p50), x(lane.p50), y - 6.5, y + 6.5, palette().paper, 4),
    line(x(lane.p50), x(lane.p50), y - 6.5, y + 6.5, palette().ink, 2),
  );
  return g;
}

// laneText says what a lane shows.
function laneText(lane) {
  const parts = ["p5", "p25", "p50", "p75", "p95"]
    .filter((p) => lane[p] !== null)
    .map((p) => `${p} ${humanSeconds(lane[p])}`);
  return `${lane.label}: ${parts.length ? parts.join(", ") : "nothing completed"}`;
}
