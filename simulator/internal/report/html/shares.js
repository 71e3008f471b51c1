// What accounts were granted and what they used: bars.

// shareGroups are, for a page of accounts, the shares under each policy that has them, in workers.
function shareGroups([from, to]) {
  const groups = [];
  for (let account = from; account < to; account++) {
    const bars = data.variants.flatMap((variant, i) =>
      variant.shares
        .filter((s) => s.account === account)
        .map((s) => {
          const workers = (x) =>
            x === null || !variant.pool.span_seconds ? null : x / variant.pool.span_seconds;
          return {
            label: variant.label,
            colour: () => variantColour(i),
            satisfaction: s.satisfaction,
            onTime: s.on_time,
            granted: workers(s.granted_worker_seconds),
            demanded: workers(s.demanded_worker_seconds),
            used: workers(s.used_worker_seconds),
          };
        }),
    );
    if (bars.length > 0) groups.push({ label: accountName(account), bars });
  }
  return groups;
}

function shareText(bar) {
  return (
    `${bar.label}: used ${shortNumber(bar.used)}, granted ${shortNumber(bar.granted)}, ` +
    `needed ${shortNumber(bar.demanded)} workers; satisfaction ${percent(bar.satisfaction)}, on time ${percent(bar.onTime)}`
  );
}

// barChart draws the groups into a box: used as a bar, granted as an outline, needed as a tick.
function barChart(box, groups, width) {
  const lane = 15;
  const narrow = width < 560;
  const left = narrow ? 8 : Math.min(290, Math.max(110, longest(groups) * 7.4 + 14));
  const title = narrow ? 17 : 0;
  const most = Math.max(
    1e-9,
    ...groups.flatMap((g) => g.bars.flatMap((b) => [b.used || 0, b.granted || 0, b.demanded || 0])),
  );
  const x = (workers) => left + (workers / most) * (width - left - 30);
  const heights = groups.map((g) => title + g.bars.length * lane + 10);
  const height = heights.reduce((a, b) => a + b, 0) + 26;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  for (const tick of evenTicks(most, width - left)) {
    svg.append(
      line(x(tick), x(tick), 0, height - 22, palette().line, 1),
      shape(
        "text",
        { x: x(tick), y: height - 8, class: "tick", "text-anchor": "middle" },
        tickNumber(tick),
      ),
    );
  }
  let y = 4;
  groups.forEach((group, i) => {
    const middle = narrow ? y + 11 : y + (group.bars.length * lane) / 2 + 4;
    svg.append(
      shape(
        "text",
        { x: narrow ? 0 : left - 10, y: middle, "text-anchor": narrow ? "start" : "end" },
        group.label,
      ),
    );
    group.bars.forEach((bar, n) => svg.append(barShape(bar, x, y + title + n * lane)));
    y += heights[i];
  });
  box.replaceChildren(svg);
}

function barShape(bar, x, y) {
  const g = shape("g", { class: "mark", "data-lane": "" }, shape("title", null, shareText(bar)));
  g.append(
    shape("rect", {
      x: x(0),
      y: y + 3,
      width: Math.max(1, x(bar.used || 0) - x(0)),
      height: 8,
      fill: bar.colour(),
    }),
  );
  if (bar.granted !== null) {
    g.append(
      shape("rect", {
        x: x(0),
        y: y + 0.5,
        width: Math.max(1, x(bar.granted) - x(0)),
        height: 13,
        fill: "none",
        stroke: palette().ink,
        "stroke-width": 1.2,
      }),
    );
  }
  if (bar.demanded !== null) {
    g.append(line(x(bar.demanded), x(bar.demanded), y, y + 14, palette().ink, 2, "2 2"));
  }
  return g;
}

// evenTicks are whole steps of 1, 2 or 5 times a power of ten.
function evenTicks(most, width) {
  const rough = most / Math.max(2, Math.floor(width / 90));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough);
  const ticks = [];
  for (let i = 0; i * step <= most * (1 + 1e-9); i++) ticks.push(i * step);
  return ticks;
}

function jainTable() {
  return tableOf(
    ["Jain's index", "of shares", "of shares, on time", "of waits"],
    data.variants.map((v) => [
      v.label,
      decimal(v.pool.jain, 3),
      decimal(v.pool.jain_served, 3),
      decimal(v.pool.jain_waits, 3),
    ]),
  );
}

function drawShares() {
  const parent = place("shares");
  if (data.variants.length > 0) {
    parent.append(
      jainTable(),
      element(
        "p",
        { class: "note" },
        "1 if all accounts have the same, 1/n if one of n has everything. Of shares: what part they got of what they " +
          "were due, the smaller one of what was granted and needed. On time: what part they got at the time at which they " +
          "were due it; where everything completes in the end, only this tells who was served late. Of waits: over " +
          "1 / (1 + mean wait in minutes) of all accounts, whatever was granted.",
      ),
    );
  }
  const pages = accountPages();
  if (!data.variants.some((v) => v.shares.length > 0)) {
    parent.append(element("p", { class: "note" }, "No policy grants an account anything."));
    return;
  }
  let groups = shareGroups(pages[0]);
  const box = element("div", {
    class: "chart",
    role: "img",
    "aria-label":
      "Bars of workers used, granted and needed, for each account and policy. Arrow keys read them out.",
  });
  const key = element("div");
  const readout = element("p", { class: "readout" }, " ");
  const table = element("div");
  const all = () => groups.flatMap((group) => group.bars.map((bar) => ({ group, bar })));
  const draw = (width) => {
    key.replaceChildren(
      keyOf([
        { label: "outline: granted", colour: () => palette().ink },
        { label: "dashed tick: needed", colour: () => palette().ink, dash: [2, 2] },
      ]),
    );
    barChart(box, groups, width);
  };
  const details = () =>
    table.replaceChildren(
      dataAsTable(
        [
          "account, policy",
          "used, workers",
          "granted, workers",
          "needed, workers",
          "satisfaction",
          "on time",
        ],
        () =>
          all().map(({ group, bar }) => [
            `${group.label}, ${bar.label}`,
            shortNumber(bar.used),
            shortNumber(bar.granted),
            shortNumber(bar.demanded),
            percent(bar.satisfaction),
            percent(bar.onTime),
          ]),
      ),
    );
  const controls = pageChoice((page) => {
    groups = shareGroups(page);
    details();
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
        "Workers used",
        element("span", { class: "unit" }, " workers on average; bar: used for what completed"),
      ),
      key,
      box,
      element("div", { class: "under" }, readout, table),
    ),
  );
  details();
  onWidth(box, draw);
  steerable(box, {
    count: () => all().length,
    show: (i) => {
      const { group, bar } = all()[i];
      box
        .querySelectorAll("[data-lane]")
        .forEach((g, n) => g.setAttribute("opacity", n === i ? 1 : 0.3));
      readout.textContent = `${group.label}, ${shareText(bar)}`;
      return readout.textContent;
    },
    hide: () => {
      box.querySelectorAll("[data-lane]").forEach((g) => g.setAttribute("opacity", 1));
      readout.textContent = " ";
    },
  });
}
