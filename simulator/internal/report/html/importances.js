// Figures by importance, with the evictions of reality where they are known.

function drawImportances() {
  const parent = place("importances");
  const names = [];
  for (const v of data.variants) {
    for (const x of v.importances) if (!names.includes(x.importance)) names.push(x.importance);
  }
  if (names.length === 0) {
    document.getElementById("importances").remove();
    document.querySelector('[data-for="importances"]').remove();
    return;
  }
  const rows = names.flatMap((name) =>
    data.variants.flatMap((v, i) =>
      v.importances.filter((x) => x.importance === name).map((x) => ({ ...x, i })),
    ),
  );
  const real = rows.some((x) => x.real_preempted !== null);
  const realWait = rows.some((x) => x.real_wait_mean_seconds !== null);
  const number = (title, field, write) => ({
    title,
    number: true,
    value: (x) => x[field],
    text: (x) => write(x[field]),
  });
  const columns = [
    { title: "importance", value: (x) => x.importance, text: (x) => x.importance },
    {
      title: "policy",
      value: (x) => data.variants[x.i].label,
      text: (x) => data.variants[x.i].label,
    },
    number("requests", "requests", count),
    number("impossible", "impossible", count),
    number("wait p50", "wait_p50_seconds", humanSeconds),
    number("wait p95", "wait_p95_seconds", humanSeconds),
    number("wait mean", "wait_mean_seconds", humanSeconds),
    ...(realWait ? [number("the log's wait, mean", "real_wait_mean_seconds", humanSeconds)] : []),
    number("lost work, worker-hours", "lost_worker_seconds", (x) =>
      decimal(x / 3600, x > 0 && x < 36000 ? 1 : 0),
    ),
    number("preempted", "preempted", count),
    ...(real ? [number("evicted in the log", "real_preempted", count)] : []),
  ];
  parent.append(sortableTable({ columns, rows, label: "figures by importance" }));
}
