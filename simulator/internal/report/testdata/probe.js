// The browser test puts this script into the head of a report, which a frame of another page shows;
// that page is told what the script has found.
(() => {
  "use strict";
  const name = decodeURIComponent(location.hash.slice(1));
  const found = {
    errors: [],
    charts: [],
    frontiers: [],
    curves: [],
    tables: [],
    keys: [],
    details: [],
    resources: [],
    zooms: [],
    sorts: 0,
  };
  const error = (...texts) => found.errors.push(texts.map(String).join(" "));
  window.addEventListener("error", (e) => error(e.message, e.filename, e.lineno));
  window.addEventListener("unhandledrejection", (e) => error(e.reason));
  document.addEventListener("securitypolicyviolation", (e) => error("asked for", e.blockedURI));
  console.error = error;
  console.warn = error;

  // rgb reads a colour of the form #rrggbb.
  const rgb = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));

  // marksOf counts the pixels of a canvas that have about a colour of the page's keys.
  function marksOf(figure) {
    const canvas = figure.querySelector("canvas");
    if (!canvas) {
      return [...figure.querySelectorAll("svg .mark")].filter(
        (m) => m.getBoundingClientRect().width > 0,
      ).length;
    }
    const colours = [...document.querySelectorAll(".key svg > *")].map((s) =>
      rgb(s.getAttribute("fill") || s.getAttribute("stroke")),
    );
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let marks = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (
        data[i + 3] > 200 &&
        colours.some((c) => c.every((x, k) => Math.abs(x - data[i + k]) < 24))
      )
        marks++;
    }
    return marks;
  }

  // labelsOf returns the labels of a chart's points, and those that lie on another text.
  function labelsOf(figure) {
    const texts = [...figure.querySelectorAll("svg text")];
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const clash = (a, b) =>
      a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
    return {
      marks: marksOf(figure),
      labels: texts.filter((t) => !t.classList.contains("tick")).map((t) => t.textContent),
      overlaps: texts
        .filter((_, i) => boxes.some((b, k) => k !== i && clash(boxes[i], b)))
        .map((t) => t.textContent),
    };
  }

  function press(node, key) {
    node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    return document.getElementById("live").textContent;
  }

  function tableOf(box) {
    return {
      variant: Number(box.dataset.variant),
      rows: [...box.querySelectorAll("tbody tr, tfoot tr")].map((row) =>
        [...row.children].map((cell) => ({
          text: cell.textContent,
          value: cell.dataset.value === undefined ? "" : cell.dataset.value,
        })),
      ),
    };
  }

  function choose(select, value) {
    select.value = value;
    select.dispatchEvent(new Event("change"));
  }

  // shownOf returns which rows of its data a chart shows: the first and the last one that its cursor
  // comes to, and how many there are.
  function shownOf(figure) {
    const rows = [...figure.querySelectorAll("details tbody tr")].map(
      (row) => row.children[0].textContent,
    );
    const chart = figure.querySelector(".chart");
    const place = (key) => {
      press(chart, key);
      const said = figure.querySelector(".readout").textContent;
      return rows.findIndex((x) => said.startsWith(x + ": "));
    };
    return { first: place("Home"), last: place("End"), rows: rows.length };
  }

  // zoom presses a button of the zoom, and notes what all charts over time show then.
  function zoom(label) {
    if (label) document.querySelector(`[data-chart="zoom"] button[aria-label="${label}"]`).click();
    found.zooms.push({
      button: label,
      text: document.getElementById("zoomed").textContent,
      said: document.getElementById("live").textContent,
      shown: [...document.querySelectorAll("#time figure, #balances figure")].map(shownOf),
    });
  }

  function look() {
    for (const figure of document.querySelectorAll("figure")) {
      found.charts.push({
        name: figure.querySelector("figcaption").textContent,
        marks: marksOf(figure),
        label: figure.querySelector(".chart").getAttribute("aria-label") || "",
      });
      const chart = figure.querySelector(".chart");
      chart.focus();
      found.keys.push({
        name: figure.querySelector("figcaption").textContent,
        focus: document.activeElement === chart,
        said: [press(chart, "ArrowRight"), press(chart, "ArrowRight"), press(chart, "End")],
      });
      const details = figure.querySelector("details");
      details.open = true;
      details.dispatchEvent(new Event("toggle"));
      found.details.push(details.querySelectorAll("tbody tr").length);
    }
    const charts = [...document.querySelectorAll("#frontier figure")];
    found.frontiers = charts.filter((c) => !c.classList.contains("curves")).map(labelsOf);
    found.curves = charts.filter((c) => c.classList.contains("curves")).map(labelsOf);
    if (["usual", "narrow"].includes(name)) {
      for (const label of [
        "",
        "zoom in",
        "zoom in",
        "later",
        "earlier",
        "zoom out",
        "zoom out",
        "zoom in",
        "show the whole run",
      ]) {
        zoom(label);
      }
    }
    const box = document.querySelector('[data-table="figures"]');
    if (box) {
      const select = box.parentElement.querySelector("select");
      for (const option of select.options) {
        choose(select, option.value);
        found.tables.push(tableOf(box));
      }
    }
    for (const button of document.querySelectorAll("#differences th button, #figures th button")) {
      button.click();
      if (button.parentElement.getAttribute("aria-sort")) found.sorts++;
    }
    for (const select of document.querySelectorAll("select")) {
      for (const option of [...select.options].slice(0, 4)) choose(select, option.value);
    }
    found.resources = performance.getEntriesByType("resource").map((r) => r.name);
    found.width = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  }

  window.addEventListener("load", () =>
    setTimeout(() => {
      try {
        look();
      } catch (e) {
        error(e.stack);
      }
      setTimeout(() => parent.postMessage({ name, found }, "*"), 50);
    }, 200),
  );
})();
