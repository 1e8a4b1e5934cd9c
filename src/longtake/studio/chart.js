/** The report as a picture: what is measured along time, with the bands it is held against. */

import { h, svg } from "./dom.js";
import { TITLES } from "./words.js";

const HIGH = 100; // units of a plot; its width is one for each frame
const ROWS = [
  { series: "change", measure: "seam", title: "Seam", about: "change from frame to frame", top: 3 },
  { series: "motion", measure: "motion", title: "Motion", about: "length of the flow", top: 3 },
  { series: "sharpness", measure: "sharpness", title: "Sharpness", about: "fine detail", top: 2 },
  { series: "color", measure: "color_drift", title: "Color", about: "distance, Lab units", top: 20 },
];
const APART = 0.25; // seconds between rows of the table

/**
 * @param {any} report
 * @param {number} join first frame of the last new part
 * @param {import("./player.js").Player} player
 * @returns {HTMLElement}
 */
export function chart(report, join, player) {
  const step = report.steps.at(-1);
  const { along } = step;
  if (!along) return h("div", { class: "chart" }, measures(step));
  const begin = join - along.n_before;
  const rows = ROWS.map((row) => plot(row, step, (k) => player.seek(begin + k)));
  player.watch((frame) => rows.forEach((row) => row.at(frame - begin)));
  return h(
    "div",
    { class: "chart" },
    rows.map((row) => row.node),
    h("div", { class: "under", "aria-hidden": "true" }, h("span"), h("div", {}, moments(along, player.grid.fps))),
    h("p", { class: "muted small" }, "1 is like the clip itself. The colored field is the band that the new part is held against; the seam has one at the join only."),
    h("details", {}, h("summary", {}, "All measures"), measures(step)),
    h("details", {}, h("summary", {}, "Along time, as a table"), course(along, player.grid.fps)),
  );
}

function plot({ series, measure, title, about, top }, step, seek) {
  const values = step.along[series];
  const { n_before: n } = step.along;
  const [low, high] = step.verdict.bands?.[measure] ?? [null, null];
  const up = (value) => HIGH - (HIGH * Math.min(value, top)) / top;
  const seam = measure === "seam" ? first(values, n) : null; // where it is measured
  const end = seam === null ? values.length : seam + 1;
  const line = (from, to) => trace(values, from, to, up);
  const head = svg("line", { class: "now", y1: 0, y2: HIGH });
  const [mood, reading] = read(step, measure);
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${values.length} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${described(values, n, seam)}` },
    svg("title", {}, `${title}: ${about}`),
    svg("desc", {}, `${described(values, n, seam)} ${reading}.`),
    high !== null && svg("rect", { class: "band", x: n, width: end - n, y: up(high), height: up(low ?? 0) - up(high) }),
    measure !== "color_drift" && svg("line", { class: "one", x1: 0, x2: values.length, y1: up(1), y2: up(1) }),
    svg("line", { class: "seam", x1: n, x2: n, y1: 0, y2: HIGH }),
    svg("path", { class: "own", d: line(0, n) }),
    svg("path", { class: "new", d: line(Math.max(0, n - 1), values.length) }),
    head,
  );
  const dot = values[seam] > 0 && h("i", { class: ["dot", mood], style: { left: `${((seam + 0.5) / values.length) * 100}%`, top: `${up(values[seam])}%` } });
  const well = h("div", { class: "plot", on: { click: (event) => {
    const box = well.getBoundingClientRect();
    seek(Math.floor(((event.clientX - box.left) / box.width) * values.length));
  } } }, drawing, dot);
  const label = h("div", { class: "legend" }, h("b", {}, title), h("span", {}, about), h("span", { class: ["reading", mood] }, reading));
  return {
    node: h("div", { class: "plot-row" }, label, well),
    at: (k) => {
      const shown = k >= 0 && k < values.length;
      head.setAttribute("visibility", shown ? "visible" : "hidden");
      for (const end of ["x1", "x2"]) head.setAttribute(end, String(k + 0.5));
    },
  };
}

/** The path through what is known of `values` from `from` to before `to`. */
function trace(values, from, to, up) {
  let path = "";
  let pen = "M";
  for (let k = from; k < to; k += 1) {
    if (values[k] === null) continue; // a repeat that the clip shows too: the line goes on over it
    path += `${pen}${k + 0.5} ${up(values[k]).toFixed(2)}`;
    pen = "L";
  }
  return path;
}

function described(values, n, seam) {
  const span = (part) => {
    const known = part.filter((one) => one !== null);
    return known.length ? `${Math.min(...known).toFixed(2)} to ${Math.max(...known).toFixed(2)}` : "nothing to compare";
  };
  const at = values[seam] > 0 ? `, ${values[seam].toFixed(2)} at it` : "";
  return `${span(values.slice(0, n))} before the join${at}, ${span(values.slice((seam ?? n - 1) + 1))} after it.`;
}

/** The first new frame that is no repeat: there the join shows. */
function first(values, n) {
  const found = values.findIndex((one, k) => k >= n && one !== null);
  return found < 0 ? n : found;
}

/** How one measure stands: a mood and a text. */
function read(step, measure) {
  const value = step.measures[measure];
  if (value === null || value === undefined) return ["muted", "not measurable"];
  const band = step.verdict.bands?.[measure];
  const accepted = !band ? "" : band[0] === null ? `at most ${band[1]}` : `${band[0]} to ${band[1]}`;
  const inside = !band || ((band[0] === null || value >= band[0]) && (band[1] === null || value <= band[1]));
  if (!inside && step.relaxed?.includes(measure)) return ["muted", `${value.toFixed(2)}, as the prompt asks`];
  return [!band ? "muted" : inside ? "good" : "bad", `${value.toFixed(2)}${accepted && `, accepted ${accepted}`}`];
}

function measures(step) {
  const rows = Object.entries(TITLES).map(([name, [title, about]]) => {
    const [mood, reading] = read(step, name);
    const [value, ...accepted] = reading.split(", ");
    return h("tr", {}, h("th", { scope: "row" }, title, about && h("small", {}, about)), h("td", { class: ["n", mood] }, value), h("td", {}, accepted.join(", ").replace("accepted ", "") || "–"));
  });
  return scrolled("All measures", h("table", {}, h("thead", {}, h("tr", {}, ["Measure", "Here", "Accepted"].map((text, k) => h("th", { scope: "col", class: k === 1 && "n" }, text)))), h("tbody", {}, rows)));
}

function course(along, fps) {
  const every = Math.max(1, Math.round(fps * APART));
  const shown = (value) => (value === null ? "–" : value.toFixed(2));
  const rows = along.change
    .map((_, k) => k)
    .filter((k) => (k - along.n_before) % every === 0)
    .map((k) => h("tr", {}, h("th", { scope: "row", class: "n" }, k === along.n_before ? "join" : signed((k - along.n_before) / fps)), ROWS.map(({ series }) => h("td", { class: "n" }, shown(along[series][k])))));
  return scrolled("The measures along time", h("table", {}, h("thead", {}, h("tr", {}, ["Seconds", ...ROWS.map((row) => row.title)].map((text) => h("th", { scope: "col", class: "n" }, text)))), h("tbody", {}, rows)));
}

/** A table that may be larger than its place, and then moves by keys too. */
function scrolled(label, table) {
  return h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": label }, table);
}

/** Whole seconds from the join, under the plots. */
function moments(along, fps) {
  const n = along.change.length;
  const seconds = n / fps;
  const step = [0.5, 1, 2, 5, 10].find((one) => seconds / one <= 9) ?? 20;
  const marks = [];
  for (let k = -Math.floor(along.n_before / fps / step); k * step * fps + along.n_before <= n; k += 1) {
    marks.push(h("span", { class: [k === 0 && "seam", k * step * fps + along.n_before > 0.97 * n && "end"], style: { left: `${((k * step * fps + along.n_before) / n) * 100}%` } }, k ? signed(k * step) : "join"));
  }
  return marks;
}

function signed(seconds) {
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds)} s`;
}
