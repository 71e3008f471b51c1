// How numbers are written. A figure that there is not is null, and is written as a dash.

const MINUS = "−";

function group(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

// decimal writes a number with commas, rounded to some decimals.
function decimal(x, decimals) {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  if (Math.abs(x) >= 1e15) return x.toExponential(2);
  const [whole, part] = Math.abs(x).toFixed(decimals).split(".");
  const text = group(whole) + (part ? "." + part : "");
  return (x < 0 && /[1-9]/.test(text) ? MINUS : "") + text;
}

// count writes a count or a mean of counts: whole, with a decimal below ten if there is one.
function count(x) {
  return decimal(x, x !== null && Math.abs(x) < 10 && !Number.isInteger(x) ? 1 : 0);
}

// shortNumber writes a value of a chart with about three digits.
function shortNumber(x) {
  if (x === null || x === undefined) return "–";
  const size = Math.abs(x);
  return decimal(x, size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

// plainSeconds writes seconds as the tables of the terminal do: a decimal below ten.
function plainSeconds(x) {
  return decimal(x, x !== null && x > 0 && x < 9.95 ? 1 : 0);
}

function percent(x) {
  return x === null || x === undefined ? "–" : decimal(100 * x, 1) + " %";
}

// humanSeconds writes a duration as people say it: 12 s, 4.5 min, 3 h 20 min, 2 d 4 h.
function humanSeconds(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  if (x < 0) return MINUS + humanSeconds(-x);
  if (x === 0) return "0 s";
  if (x < 9.95) return decimal(x, 1) + " s";
  if (x < 89.5) return decimal(x, 0) + " s";
  if (x < 9.95 * 60) return decimal(x / 60, 1) + " min";
  if (x < 89.5 * 60) return decimal(x / 60, 0) + " min";
  if (x < 36 * 3600) return twoUnits(x, 3600, "h", 60, "min");
  if (x < 10 * 86400) return twoUnits(x, 86400, "d", 3600, "h");
  return decimal(x / 86400, 0) + " d";
}

function twoUnits(x, large, largeName, small, smallName) {
  const n = Math.round(x / small);
  const per = large / small;
  const rest = n % per;
  return `${Math.floor(n / per)} ${largeName}` + (rest ? ` ${rest} ${smallName}` : "");
}

// humanWork writes worker-seconds as worker-hours.
function humanWork(x) {
  if (x === null || x === undefined) return "–";
  const hours = x / 3600;
  return decimal(hours, hours !== 0 && Math.abs(hours) < 9.95 ? 1 : 0) + " worker-hours";
}

// WAIT_TICKS are where logarithmic axes of waits have labels, in seconds.
const WAIT_TICKS = [
  1,
  10,
  60,
  600,
  3600,
  6 * 3600,
  86400,
  10 * 86400,
  100 * 86400,
  1000 * 86400,
  10000 * 86400,
  100000 * 86400,
];

// WAIT_FLOOR is the wait at which shorter ones are drawn on logarithmic axes.
const WAIT_FLOOR = 1;

// logWait is the place of a wait on a logarithmic axis.
function logWait(seconds) {
  return Math.log10(Math.max(WAIT_FLOOR, seconds));
}

function tickLabel(seconds) {
  return seconds <= WAIT_FLOOR
    ? "≤ 1 s"
    : seconds % 86400 === 0
      ? `${group(String(seconds / 86400))} d`
      : seconds % 3600 === 0
        ? `${seconds / 3600} h`
        : seconds % 60 === 0
          ? `${seconds / 60} min`
          : `${seconds} s`;
}
