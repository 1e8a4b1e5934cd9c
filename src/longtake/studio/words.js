/** The report in plain words: how the join is, what became of the source, what was chosen. */

import { h, number } from "./dom.js";
import { value } from "./frames.js";

/** What each measure is called, and what it counts. */
export const TITLES = {
  seam: ["Seam", "change across the join"],
  seam_residual: ["Seam without motion", "with the motion taken away"],
  velocity_jump: ["Jump in speed", "change of motion at the join"],
  worst_residual: ["Worst later step", "in the new part"],
  life: ["Life", "how much the motion changes"],
  flicker: ["Flicker", ""],
  motion: ["Motion", "how much there is"],
  freeze: ["Frozen", "share of the new frames"],
  sharpness: ["Sharpness", "fine detail"],
  sharpness_tail: ["Sharpness at the end", "of the last new frames"],
  grain: ["Grain", "fine detail where it is calm"],
  color_jump: ["Color jump", "at the join, Lab units"],
  color_drift: ["Color drift", "Lab units"],
  repeat: ["Shown again", "share of the new frames; only told"],
  rewind: ["Played backwards", "share of the new frames"],
  rhythm: ["Beat of a loop", ""],
};

/**
 * The whole verdict of one report.
 * @param {any} report
 * @returns {HTMLElement}
 */
export function words(report) {
  const step = report.steps.at(-1);
  return h("div", { class: "words" }, verdict(step), h("ul", { class: "told" }, source(report.proof), sound(step.joined.sound), drift(step.drift)), chosen(step), prompt(step));
}

/**
 * Whether the join holds, in a line: a tag's class and its text.
 * @param {any} step of a report
 * @returns {[string, string]}
 */
export function inAWord({ verdict: { passed, failures } }) {
  if (passed) return ["good", "The join holds"];
  return ["warn", failures.length === 1 ? "One measure lies outside its band" : `${failures.length} measures lie outside their bands`];
}

function verdict(step) {
  const { failures, beside = [], unmeasured } = step.verdict;
  const [mood, text] = inAWord(step);
  const all = unmeasured.length ? "Every measure that could be taken lies in its band." : "Every measure lies in its band.";
  const names = unmeasured.map((name) => (TITLES[name]?.[0] ?? name).toLowerCase());
  return [
    h("h2", { class: ["verdict", mood] }, text),
    failures.length ? h("ul", { class: "told" }, failures.map((one) => said("warn", one))) : h("p", {}, beside.length ? "All that was measured is accepted; this lies a little outside its band:" : all),
    beside.length > 0 && h("ul", { class: "told" }, beside.map((one) => said("", one))),
    names.length > 0 && h("p", { class: "muted" }, `Could not be measured here: ${names.join(", ")}.`),
    step.relaxed?.length > 0 && step.verdict.passed && h("p", { class: "muted" }, `Not held against it, since the prompt asks for it: ${step.relaxed.map((name) => (TITLES[name]?.[0] ?? name).toLowerCase()).join(", ")}.`),
  ];
}

function source(proof) {
  const kept = `${number(proof.n_kept)} of its ${number(proof.n_source)} frames`;
  const again = proof.n_recoded ? `${frames(proof.n_recoded)} at the cut ${proof.n_recoded === 1 ? "was" : "were"} encoded again${quality(proof)}` : "";
  if (proof.mode === "re-encode") {
    return said("warn", h("b", {}, "The source was encoded again"), `: ${proof.reason ?? "its format asks for it"}${quality(proof)}.`);
  }
  if (!proof.identical) return said("bad", h("b", {}, "The source could not be kept as it is"), `. ${proof.failures.join(" ")}`);
  if (again) return said("good", h("b", {}, "Source untouched up to the cut"), `: ${kept} are its own packets, byte for byte; ${again}.`);
  return said("good", h("b", {}, "Source untouched: every packet identical"), proof.n_kept < proof.n_source ? `, ${kept} kept.` : ".");
}

function quality({ psnr_db: psnr }) {
  return psnr === null || psnr === undefined ? "" : `, at ${psnr.toFixed(1)} dB`;
}

function sound(its) {
  if (its.mode === "none") return null;
  const kept = { copied: "copied, packet for packet", lossless: "kept without loss", "re-encoded": "encoded again" }[its.mode];
  const made = its.made && { continue: "it continues in the new part", fade: "it fades in the new part", silent: "the new part is silent" }[its.made.mode];
  const why = [its.reason, its.made?.reason].filter(Boolean).join("; ");
  return said(its.mode === "re-encoded" ? "warn" : "good", h("b", {}, `Sound ${kept}`), made && `; ${made}`, why && ` (${why})`, ".");
}

function drift(its) {
  return its && !its.passed && its.failures.map((one) => said("warn", one));
}

function chosen(step) {
  const tried = [...(step.notes?.tried ?? [])].filter((one) => typeof one.score === "number").sort((a, b) => a.score - b.score);
  const length = `${frames(step.n_new)}, ${number(Number(value(step.seconds_new).toFixed(3)))} s`;
  const scores = tried.map((one) => `${one.plan} ${one.score.toFixed(2)}${one.failures?.length ? " outside a band" : ""}`).join(", ");
  const why = tried.length > 1 ? ` Of ${tried.length} plans it lay nearest to what the clip itself does (${scores}; less is nearer).` : "";
  return [
    h("h3", {}, "What was chosen"),
    h("p", {}, h("b", {}, step.engine), step.plan_kind && ` with the plan “${step.plan_kind}”`, `: ${length}.`, why, step.written && ` ${step.written}`),
    step.chained && h("p", { class: "muted" }, "Drawn from the original's own pixels, so that nothing gets softer from step to step."),
    step.chain_note && h("p", { class: "muted" }, `Not drawn from the original: ${step.chain_note}.`),
  ];
}

function prompt({ understood, ignored }) {
  if (!understood.length && !ignored.length) return null;
  return [
    h("h3", {}, "What became of the prompt"),
    h("ul", { class: "told" }, understood.map((one) => said("good", one)), ignored.map((one) => said("off", h("s", {}, one), " was ignored"))),
  ];
}

function said(mood, ...text) {
  return h("li", { class: ["said", mood] }, text);
}

function frames(n) {
  return n === 1 ? "one frame" : `${number(n)} frames`;
}
