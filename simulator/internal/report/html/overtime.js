// What happened over time: utilisation, queue, and the balances of an account.

// SIDE_BY_SIDE is how many policies are shown beside each other.
const SIDE_BY_SIDE = 4;

const followed = () =>
  data.variants.map((variant, i) => ({ variant, i })).filter(({ variant }) => variant.series);

// over returns what all charts of a run over time have in common.
function over(series) {
  const points = Math.max(series.alive.length, ...series.busy.map((b) => b.length));
  const step = series.step_seconds || 1;
  const x = Array.from(
    { length: Math.max(1, points) },
    (_, i) => series.start_seconds + i * step,
  );
  return {
    x,
    zooms: true,
    xTicks: calendarTicks,
    xLabels: calendarLabels,
    xText: instant,
    yText: shortNumber,
  };
}

function largestSum(lists) {
  const length = Math.max(0, ...lists.map((l) => l.length));
  let most = 0;
  for (let i = 0; i < length; i++)
    most = Math.max(
      most,
      lists.reduce((sum, l) => sum + (l[i] || 0), 0),
    );
  return most;
}

// usedAnywhere says whether a list has anything in it under any policy, so that all have one key.
function usedAnywhere(pick) {
  return followed().some(({ variant }) => pick(variant.series).some((value) => value > 0));
}

// drawLevelKey says once, for all charts of workers and queues, what the colours of levels mean.
function drawLevelKey() {
  const any = (level) =>
    usedAnywhere((s) => s.busy[level] || []) || usedAnywhere((s) => s.queue[level] || []);
  const items = LEVELS.map((label, level) => ({
    label,
    level,
    area: true,
    colour: () => palette().levels[level],
  })).filter(({ level }) => any(level));
  if (usedAnywhere((s) => s.provisioning)) {
    items.push({ label: "provisioning", colour: () => palette().provisioning });
  }
  items.push({ label: "alive workers", dash: [4, 3], colour: () => palette().alive });
  const parent = place("levels");
  const draw = () => parent.replaceChildren(keyOf(items));
  redraws.add(draw);
  draw();
}

function busyChart(parent, { variant }, yMax) {
  const s = variant.series;
  const layers = s.busy.map((values, level) => ({
    label: LEVELS[level],
    values,
    stacked: true,
    area: true,
    colour: () => palette().levels[level],
  }));
  const some = layers.filter((_, level) => usedAnywhere((x) => x.busy[level]));
  if (usedAnywhere((x) => x.provisioning)) {
    some.push({
      label: "provisioning",
      values: s.provisioning,
      width: 1.5,
      colour: () => palette().provisioning,
    });
  }
  some.push({
    label: "alive",
    values: s.alive,
    width: 1.5,
    dash: [4, 3],
    colour: () => palette().alive,
  });
  lineChart(parent, {
    ...over(s),
    title: variant.label,
    unit: "workers busy, by level",
    yMax,
    series: some,
    about:
      `Workers that ran tasks over time under ${variant.label}, stacked by level, ` +
      `with the workers that were alive. Utilisation ${percent(variant.pool.utilisation)}.`,
  });
}

function queueChart(parent, { variant }, yMax) {
  const s = variant.series;
  const layers = s.queue.map((values, level) => ({
    label: LEVELS[level],
    values,
    stacked: true,
    area: true,
    colour: () => palette().levels[level],
  }));
  const some = layers.filter((_, level) => usedAnywhere((x) => x.queue[level]));
  lineChart(parent, {
    ...over(s),
    title: variant.label,
    unit: "requests waiting, by level",
    yMax,
    series: some.length > 0 ? some : layers.slice(-1),
    about:
      `Requests that waited over time under ${variant.label}, stacked by level. ` +
      `Mean ${decimal(variant.pool.queue_mean, 1)}.`,
  });
}

// sideBySide draws a chart for each of the first policies, or for one that is chosen.
function sideBySide(parent, draw) {
  const all = followed();
  const box = element("div", { class: "several" });
  const show = (list) => {
    box.replaceChildren();
    box.dataset.count = list.length;
    list.forEach((v) => draw(box, v));
  };
  if (all.length > 1) {
    const first = all.slice(0, SIDE_BY_SIDE);
    const options = [
      ["all", all.length > first.length ? `the first ${first.length}` : "all, side by side"],
      ...all.map(({ variant }, n) => [String(n), variant.label]),
    ];
    const { node } = choice("Policy", options, (value) =>
      show(value === "all" ? first : [all[Number(value)]]),
    );
    parent.append(element("div", { class: "controls" }, node));
    parent.append(box);
    show(first);
  } else {
    parent.append(box);
    show(all);
  }
}

function drawOverTime() {
  const all = followed();
  if (all.length === 0) {
    none(place("busy"), "No run was followed over time.");
    none(place("balances"), "No run was followed over time.");
    place("zoom").remove();
    return;
  }
  const workers = Math.max(
    1,
    ...all.map(({ variant: { series } }) => Math.max(largestSum(series.busy), ...series.alive)),
  );
  const waiting = Math.max(1, ...all.map(({ variant }) => largestSum(variant.series.queue)));
  drawZoom();
  drawLevelKey();
  sideBySide(place("busy"), (box, v) => busyChart(box, v, workers));
  sideBySide(place("queue"), (box, v) => queueChart(box, v, waiting));
  drawAccountOverTime(all);
}

// listOf returns an account's values in a list of series, or null.
function listOf(list, account) {
  const found = list.find((s) => s.account === account);
  return found ? found.values : null;
}

// accountLines are the lines of one kind of series, one for each policy that has the account.
function accountLines(all, field, account) {
  return all
    .map(({ variant, i }) => ({
      label: variant.label,
      colour: () => variantColour(i),
      dash: variantDash(i),
      values: listOf(variant.series[field], account),
    }))
    .filter((s) => s.values !== null);
}

// balanceLines are those of all levels at which the account earns; levels differ by their width.
function balanceLines(all, account) {
  return all.flatMap(({ variant, i }) =>
    variant.series.balances
      .filter((b) => b.account === account)
      .map((b) => ({
        label: `${variant.label}, ${LEVELS[b.level]}`,
        colour: () => variantColour(i),
        dash: variantDash(i),
        width: Math.max(1, 2.6 - 0.5 * b.level),
        values: b.values,
      })),
  );
}

function drawAccountOverTime(all) {
  const parent = place("balances");
  const accounts = data.accounts
    .map((_, i) => i)
    .filter((a) =>
      all.some(({ variant: { series } }) =>
        [series.balances, series.account_queue, series.account_busy].some(
          (list) => listOf(list, a) !== null,
        ),
      ),
    );
  if (accounts.length === 0) {
    none(parent, "No account was followed over time.");
    return;
  }
  const box = element("div");
  const longestSeries = all.reduce((a, b) =>
    over(b.variant.series).x.length * b.variant.series.step_seconds >
    over(a.variant.series).x.length * a.variant.series.step_seconds
      ? b
      : a,
  );
  const show = (account) => {
    box.replaceChildren();
    const name = accountName(account);
    const common = over(longestSeries.variant.series);
    const chart = (title, unit, series, zero) => {
      if (series.length === 0) return;
      lineChart(box, {
        ...common,
        title: `${title} of ${name}`,
        unit,
        zero,
        height: 210,
        series: series.map((s) => ({ ...s, values: resample(s.values, common.x.length) })),
        about: `${title} of ${name} over time, one line for each policy.`,
      });
    };
    const balances = balanceLines(all, account);
    chart(
      "Balance",
      "worker-seconds; dashed lines differ by policy, thinner ones are of worse levels",
      balances,
      true,
    );
    if (balances.length === 0) {
      box.append(
        element(
          "p",
          { class: "note" },
          "No policy gives this account quota, so it has no balance.",
        ),
      );
    }
    chart("Queue", "requests that waited", accountLines(all, "account_queue", account), false);
    chart(
      "Workers",
      "workers that ran its tasks",
      accountLines(all, "account_busy", account),
      false,
    );
  };
  const { node } = choice(
    "Account",
    accounts.map((a) => [String(a), accountName(a)]),
    (value) => show(Number(value)),
  );
  parent.append(element("div", { class: "controls" }, node), box);
  show(accounts[0]);
}

// resample makes a list as long as another one.
function resample(values, length) {
  return Array.from({ length }, (_, i) => (i < values.length ? values[i] : null));
}
