// A brush over any chart over time zooms all of them.

// zoom is the part of the time, [from, to] in seconds since the Unix epoch, that all charts over
// time show; null for all.
let zoom = null;

// zoomed are called when that changes: {node, draw}. One whose node is gone is forgotten.
const zoomed = new Set();

function onZoom(node, draw) {
  zoomed.add({ node, draw });
}

function zoomTo(range) {
  zoom = range;
  for (const z of zoomed) {
    if (z.node.isConnected) z.draw();
    else zoomed.delete(z);
  }
  showZoom();
}

// shownSpan returns the part of a time axis that is shown.
function shownSpan(first, last) {
  const end = Math.max(last, first + 1e-9);
  if (!zoom || zoom[0] >= end || zoom[1] <= first) return [first, end];
  return [Math.max(first, zoom[0]), Math.min(end, zoom[1])];
}

// wholeSpan is that of the longest run.
function wholeSpan() {
  const spans = followed().map(({ variant: { series } }) => {
    const x = over(series).x;
    return [x[0], x[x.length - 1]];
  });
  return [Math.min(...spans.map((s) => s[0])), Math.max(...spans.map((s) => s[1]))];
}

// zoomBy makes the shown part shorter or longer, and moves it by a part of its length.
function zoomBy(factor, shift) {
  const [first, last] = wholeSpan();
  const [from, to] = zoom || [first, last];
  const half = Math.max(60, (factor * (to - from)) / 2);
  if (2 * half >= last - first) {
    zoomTo(null);
    return;
  }
  const middle = Math.max(
    first + half,
    Math.min(last - half, (from + to) / 2 + shift * (to - from)),
  );
  zoomTo([middle - half, middle + half]);
}

function showZoom() {
  const text = zoom ? `${instant(zoom[0])} to ${instant(zoom[1])}` : "the whole run";
  document.getElementById("zoomed").textContent = text;
  say(`shown: ${text}`);
}

// drawZoom makes the buttons, which do what the brush does without a mouse.
function drawZoom() {
  const parent = place("zoom");
  if (followed().length === 0) return;
  const button = (text, label, act) => {
    const node = element("button", { type: "button", "aria-label": label, title: label }, text);
    node.addEventListener("click", act);
    return node;
  };
  parent.append(
    element("span", { class: "note" }, "Shown: ", element("span", { id: "zoomed" }, "the whole run")),
    button("+", "zoom in", () => zoomBy(0.5, 0)),
    button(MINUS, "zoom out", () => zoomBy(2, 0)),
    button("◀", "earlier", () => zoomBy(1, -0.5)),
    button("▶", "later", () => zoomBy(1, 0.5)),
    button("whole run", "show the whole run", () => zoomTo(null)),
  );
}
