// Colours. Those of policies are from the palette of Okabe and Ito, which people with any colour
// vision can tell apart; policies also differ by their line's dashes and their order.

const LEVELS = ["p0", "p1", "p2", "p3", "p4", "free"];

const PALETTES = {
  light: {
    ink: "#1c2126",
    quiet: "#5a646e",
    line: "#dfe3e6",
    paper: "#ffffff",
    variants: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1c2126"],
    levels: ["#08306b", "#2166ac", "#4393c3", "#86bcdc", "#bcdcec", "#cfcac2"],
    provisioning: "#e69f00",
    alive: "#1c2126",
    real: "#1c2126",
  },
  dark: {
    ink: "#e4e8eb",
    quiet: "#a0abb5",
    line: "#2f373e",
    paper: "#15191d",
    variants: ["#56b4e9", "#f0803c", "#2fbf94", "#d98fb8", "#e6b422", "#8fa9ff", "#e4e8eb"],
    levels: ["#e3f2ff", "#a9d3f5", "#6fb0e0", "#3f86b8", "#2b5f86", "#5d574f"],
    provisioning: "#e69f00",
    alive: "#e4e8eb",
    real: "#e4e8eb",
  },
};

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 4], [5, 2, 1, 2], [1, 5]];

// palette returns the colours of the present scheme.
function palette() {
  return matchMedia("(prefers-color-scheme: dark)").matches ? PALETTES.dark : PALETTES.light;
}

// paletteColour is one of the colours for policies.
function paletteColour(i) {
  const colours = palette().variants;
  return colours[i % colours.length];
}

// families are the policies, each with the places of its variants. A policy of a sweep has many.
let families = null;

function familyOf(i) {
  if (families === null) {
    families = new Map();
    data.variants.forEach((v, at) => {
      if (!families.has(v.policy)) families.set(v.policy, []);
      families.get(v.policy).push(at);
    });
  }
  const names = [...families.keys()];
  const name = data.variants[i].policy;
  return { number: names.indexOf(name), members: families.get(name) };
}

// variantColour is that of a variant: few have a colour of the palette each; of many, the variants of
// a policy have shades of its colour, from the full one to a pale one.
function variantColour(i) {
  if (data.variants.length <= palette().variants.length) return paletteColour(i);
  const { number, members } = familyOf(i);
  const last = Math.max(1, members.length - 1);
  return mixed(paletteColour(number), palette().paper, (0.65 * members.indexOf(i)) / last);
}

// mixed returns a colour between two of the form #rrggbb, from 0 to 1.
function mixed(from, to, part) {
  const channel = (colour, k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  const mix = (k) => Math.round(channel(from, k) + part * (channel(to, k) - channel(from, k)));
  return `#${[0, 1, 2].map((k) => mix(k).toString(16).padStart(2, "0")).join("")}`;
}

// variantDash differs among variants of the same colour or shade.
function variantDash(i) {
  return DASHES[(i + Math.floor(i / DASHES.length)) % DASHES.length];
}

// keyOf makes the list of what colours mean.
function keyOf(items) {
  return element(
    "ul",
    { class: "key" },
    ...items.map((item) => {
      const colour = item.colour();
      const sample = item.area
        ? shape("rect", { x: 2, y: 1, width: 18, height: 10, fill: colour })
        : shape("line", {
            x1: 0,
            x2: 22,
            y1: 6,
            y2: 6,
            stroke: colour,
            "stroke-width": 2.5,
            "stroke-dasharray": (item.dash || []).join(" "),
          });
      return element(
        "li",
        null,
        shape("svg", { "aria-hidden": "true", viewBox: "0 0 22 12" }, sample),
        element("span", { class: "name" }, item.label),
      );
    }),
  );
}
