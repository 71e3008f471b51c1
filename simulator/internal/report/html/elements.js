// Making elements. Texts from the data are only ever set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// element makes an HTML element, and shape one of SVG.
function element(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function shape(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// choice makes a labelled select of [value, text] pairs.
function choice(label, options, changed) {
  const select = element(
    "select",
    null,
    ...options.map(([value, text]) => element("option", { value }, text)),
  );
  select.addEventListener("change", () => changed(select.value));
  return { node: element("label", null, label, select), select };
}

// place returns the element that a chart is put into, and none says why there is none.
function place(name) {
  return document.querySelector(`[data-chart="${name}"]`);
}

function none(parent, why) {
  parent.replaceChildren(element("p", { class: "note" }, why));
}

// tableOf makes a plain table: a header, and rows of texts. Columns from the second on are numbers.
function tableOf(header, rows) {
  const cls = (i) => (i > 0 ? "number" : "name");
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "table" },
    element(
      "table",
      { class: "data" },
      element(
        "thead",
        null,
        element(
          "tr",
          null,
          ...header.map((text, i) => element("th", { scope: "col", class: cls(i) }, text)),
        ),
      ),
      element(
        "tbody",
        null,
        ...rows.map((row) =>
          element("tr", null, ...row.map((text, i) => element("td", { class: cls(i) }, text))),
        ),
      ),
    ),
  );
}

// dataAsTable makes a details element that is filled when it is first opened.
function dataAsTable(header, rows) {
  const details = element("details", null, element("summary", null, "Data as table"));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(tableOf(header, rows()));
  });
  return details;
}

// redraws are called when the colours change.
const redraws = new Set();

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const redraw of redraws) redraw();
});

// onWidth calls draw with the width of a node, now and whenever it changes.
function onWidth(node, draw) {
  let last = 0;
  const redraw = () => {
    if (!node.isConnected) redraws.delete(redraw);
    else if (last > 0) draw(last);
  };
  const fit = () => {
    const width = Math.floor(node.clientWidth);
    if (width > 0 && width !== last) {
      last = width;
      draw(width);
    }
  };
  redraws.add(redraw);
  // Not at once: what is drawn may change the size again, in the middle of being told of it.
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(node);
  fit();
}
