// Time axes that people read: weekday, date and hour, in UTC.

const DAY = 86400;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

// STEPS are the distances that ticks may have: seconds, or months.
const STEPS = [
  ...[1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, DAY, 2 * DAY, 7 * DAY],
  ...[14 * DAY, 28 * DAY],
].map((seconds) => ({ seconds }));
STEPS.push(...[1, 3, 6, 12, 60, 120, 1200].map((months) => ({ months, seconds: months * 30 * DAY })));

// FIRST_MONDAY is that of the Unix epoch, from which weeks are counted.
const FIRST_MONDAY = 4 * DAY;

// calendarStep returns the distance of ticks with which labels have room; one needs 58 pixels.
function calendarStep(min, max, widthPixels) {
  const most = Math.max(2, Math.floor((widthPixels - 70) / 58));
  return STEPS.find((s) => (max - min) / s.seconds <= most) || STEPS[STEPS.length - 1];
}

// calendarTicks returns where an axis of seconds since the Unix epoch has ticks: at full hours,
// midnights, Mondays, or the first days of months.
function calendarTicks(min, max, widthPixels) {
  const step = calendarStep(min, max, widthPixels);
  const ticks = [];
  if (step.months) {
    const first = new Date(min * 1000);
    let month = first.getUTCFullYear() * 12 + first.getUTCMonth();
    month -= month % step.months;
    for (let n = 0; n < 400; n++, month += step.months) {
      const t = Date.UTC(Math.floor(month / 12), month % 12) / 1000;
      if (t > max) break;
      if (t >= min) ticks.push(t);
    }
    return ticks;
  }
  const shift = step.seconds > DAY ? FIRST_MONDAY : 0;
  const from = Math.ceil((min - shift) / step.seconds) * step.seconds + shift;
  for (let t = from; t <= max && ticks.length < 400; t += step.seconds) ticks.push(t);
  return ticks;
}

// calendarLabels writes ticks in two lines: the hour over the date where that begins, or the weekday
// over the date, or the month over the year.
function calendarLabels(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 3600;
  let day = null;
  return ticks.map((t) => {
    const at = new Date(t * 1000);
    if (Number.isNaN(at.getTime())) return "";
    const date = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
    const weekday = WEEKDAYS[at.getUTCDay()];
    if (step >= 28 * DAY) return `${MONTHS[at.getUTCMonth()]}\n${at.getUTCFullYear()}`;
    if (step >= DAY) return `${weekday}\n${date}`;
    const hour = at.toISOString().slice(11, step < 60 ? 19 : 16);
    const begins = day !== date;
    day = date;
    return begins ? `${hour}\n${weekday} ${date}` : hour;
  });
}

// instant writes seconds since the Unix epoch: Mon 5 Jan 2026 10:30 UTC.
function instant(seconds) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return "";
  return (
    `${WEEKDAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ` +
    `${at.getUTCFullYear()} ${at.toISOString().slice(11, 16)} UTC`
  );
}
