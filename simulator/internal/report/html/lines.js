// Lines and stacked areas over an axis, drawn by uPlot on a canvas.

// lineChart adds a figure to a parent. What it shows:
//   title, unit, about   the caption, the unit of y, and a sentence for those who cannot see it
//   x                    the places of the points; the same for all series
//   series               [{label, values, colour(), dash, width, area, stacked, steps}]
//   xTicks(min, max, width), xLabel(x), xText(x)   the axis, and x in words; or xLabels(ticks)
//   zooms                whether the x axis is of time, and shows what all such charts show
//   yText(y), yMin, yMax, yTicks, yLabel           the same for y; the rest is as the data ask
//   zero                 whether y has a stronger line at 0
// Series that are stacked lie on each other, the first one at the bottom.
function lineChart(parent, spec) {
  const where = element("p", { class: "readout" }, " ");
  const box = element("div", {
    class: "chart",
    role: "img",
    "aria-label": spec.about + " Arrow keys move a cursor, whose values are read out.",
  });
  const header = [spec.xName || "time", ...spec.series.map((s) => s.label)];
  const rows = () =>
    spec.x.map((x, i) => [spec.xText(x), ...spec.series.map((s) => spec.yText(valueAt(s, i)))]);
  parent.append(
    element(
      "figure",
      null,
      element("figcaption", null, spec.title, element("span", { class: "unit" }, " " + spec.unit)),
      box,
      element("div", { class: "under" }, where, dataAsTable(header, rows)),
    ),
  );

  const showAt = (i) => {
    const known = i !== null && i !== undefined;
    where.textContent = known ? textAt(spec, i) : " ";
  };
  const layers = layersOf(spec.series);
  let chart = null;
  const draw = (width) => {
    if (chart) chart.destroy();
    chart = new uPlot(
      optionsOf(spec, layers, width, showAt),
      [spec.x, ...layers.map((l) => l.values)],
      box,
    );
    chart.root.setAttribute("aria-hidden", "true");
  };
  onWidth(box, draw);
  if (spec.zooms) onZoom(box, () => draw(Math.floor(box.clientWidth)));
  const shownFrom = () => {
    const [from] = spanOf(spec);
    return Math.max(0, spec.x.findIndex((x) => x >= from));
  };
  const shownCount = () => {
    const [from, to] = spanOf(spec);
    return spec.x.filter((x) => x >= from && x <= to).length;
  };
  steerable(box, {
    count: shownCount,
    show: (n) => {
      const i = shownFrom() + n;
      chart.setCursor({ left: chart.valToPos(spec.x[i], "x"), top: chart.over.clientHeight / 2 });
      showAt(i);
      return textAt(spec, i);
    },
    hide: () => {
      chart.setCursor({ left: -10, top: -10 });
      showAt(null);
    },
  });
}

// textAt says what a chart has at a point.
function textAt(spec, i) {
  return (
    spec.xText(spec.x[i]) +
    ": " +
    spec.series.map((s) => `${s.label} ${spec.yText(valueAt(s, i))}`).join(", ")
  );
}

// spanOf is the part of the x axis that is shown.
function spanOf(spec) {
  const [first, last] = [spec.x[0], spec.x[spec.x.length - 1]];
  return spec.zooms ? shownSpan(first, last) : [first, Math.max(last, first + 1e-9)];
}

function valueAt(series, i) {
  const value = series.values[i];
  return value === undefined ? null : value;
}

// layersOf returns what is drawn, from back to front: the sums of the stacked series, the highest
// one first, and then the others.
function layersOf(series) {
  const sums = [];
  let below = null;
  for (const s of series.filter((s) => s.stacked)) {
    below = s.values.map((value, i) => (value || 0) + (below ? below[i] || 0 : 0));
    sums.unshift({ ...s, values: below });
  }
  return [...sums, ...series.filter((s) => !s.stacked)];
}

function optionsOf(spec, layers, width, showAt) {
  const colours = palette();
  const font = "12px system-ui, sans-serif";
  const axis = {
    stroke: colours.quiet,
    font,
    grid: { stroke: colours.line, width: 1 },
    ticks: { stroke: colours.line, width: 1, size: 4 },
  };
  return {
    width,
    height: spec.height || Math.max(210, Math.min(270, Math.round(width * 0.45))),
    legend: { show: false },
    padding: [8, spec.xLabels ? 26 : 14, 0, 0],
    cursor: {
      drag: { x: Boolean(spec.zooms), y: false, setScale: false },
      points: { show: !layers.some((l) => l.stacked) },
      y: false,
    },
    scales: {
      x: { time: false, range: spanOf(spec) },
      y: { range: (u, min, max) => yRange(spec, min, max) },
    },
    axes: [
      {
        ...axis,
        size: spec.xLabels ? 44 : 28,
        splits: (u, i, min, max) => spec.xTicks(min, max, width),
        values: (u, ticks) => (spec.xLabels ? spec.xLabels(ticks) : ticks.map(spec.xLabel)),
      },
      {
        ...axis,
        size: 56,
        ...(spec.yTicks ? { splits: () => spec.yTicks } : {}),
        values: (u, ticks) => ticks.map(spec.yLabel || tickNumber),
      },
    ],
    series: [{}, ...layers.map((layer) => drawnSeries(layer, colours))],
    hooks: {
      setCursor: [
        (u) => {
          if (u.cursor.event) showAt(u.cursor.idx);
        },
      ],
      setSelect: [(u) => brushed(u)],
      drawAxes: spec.zero ? [(u) => zeroLine(u, colours)] : [],
    },
  };
}

// brushed zooms all charts over time to what was marked with the mouse.
function brushed(u) {
  if (u.select.width < 8) return;
  const { left, width } = u.select;
  zoomTo([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
}

function drawnSeries(layer, colours) {
  const colour = layer.colour();
  return {
    label: layer.label,
    stroke: layer.stacked ? colours.paper : colour,
    width: layer.stacked ? 0.5 : layer.width || 2,
    fill: layer.stacked ? colour : undefined,
    dash: layer.dash && layer.dash.length > 0 ? layer.dash : undefined,
    points: { show: false },
    paths: layer.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
  };
}

// yRange has 0 in it, and some room where the data end.
function yRange(spec, min, max) {
  const low = Math.min(0, spec.yMin ?? 0, spec.yMin === undefined ? (min ?? 0) : 0);
  let high = spec.yMax ?? max ?? 1;
  if (!(high > low)) high = low + 1;
  const room = spec.tight ? 0 : (high - low) * 0.05;
  return [low < 0 ? low - room : low, high + room];
}

function tickNumber(x) {
  const size = Math.abs(x);
  if (size >= 1e6) return decimal(x / 1e6, size >= 1e7 ? 0 : 1) + " M";
  if (size >= 1e4) return decimal(x / 1e3, 0) + " k";
  return Number.isInteger(x) ? decimal(x, 0) : decimal(x, size < 1 ? 2 : 1);
}

function zeroLine(u, colours) {
  const y = Math.round(u.valToPos(0, "y", true));
  u.ctx.save();
  u.ctx.strokeStyle = colours.ink;
  u.ctx.lineWidth = 1.5 * devicePixelRatio;
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.restore();
}
