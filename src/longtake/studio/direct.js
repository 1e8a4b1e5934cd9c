/** Directing: what happens next, by which engine, for how long, and what it costs. */

import { balanced, button, field, h, number, replace, timecode } from "./dom.js";
import { reading } from "./reading.js";

const LIMIT = 2000; // characters of a prompt
const SECONDS = [0.5, 20, 4];
const SOUNDS = [["", "As measured"], ["continue", "Lives on"], ["fade", "Fades"], ["silent", "Silent"]];
const ASPECTS = [["", "As the image"], "16:9", "3:2", "4:3", "1:1", "3:4", "2:3", "9:16"];

/**
 * @typedef {{record: any, video: any} | {image: string}} Source a clip of a record, or the
 * URL of an image
 * @param {import("./main.js").Context} ctx
 * @param {Source} source
 * @returns {{node: HTMLElement, from: (seconds: string | null, frame: number) => void, leave: () => void}}
 */
export function direct(ctx, source) {
  const still = "image" in source;
  const asked = { manual: true, from: null, frame: 0, batch: 1, counted: false, hd: false };
  const read = reading(ctx, flagged);
  const known = { engines: [], prices: null };
  let repeat = ["", ""]; // the same request sent again is the same task

  const prompt = h("textarea", { maxlength: LIMIT, placeholder: still ? "The waves roll in, the camera pushes in slowly" : "Slowly push in, then fade to black", on: { input: changed, keydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go.click(); } } });
  const promptField = field("What happens next", prompt);
  const engine = h("select", { on: { change: changed } });
  const seconds = h("input", { type: "number", min: SECONDS[0], max: SECONDS[1], step: 0.5, value: SECONDS[2], on: { input: changed } });
  const sound = select(SOUNDS);
  const aspect = select(ASPECTS);
  const motion = select([["high", "Much"], ["low", "Little"]]);
  const mark = h("input", { type: "text", maxlength: 100, placeholder: "none" });
  const seed = h("input", { type: "text", inputmode: "numeric", pattern: "[0-9]*", placeholder: "a new one" });
  const batches = choice(still ? "Videos" : "Candidates", [["1", "1"], ["2", "2"], ["4", "4"]], "1", (value) => { Object.assign(asked, { batch: Number(value), counted: true }); changed(); });
  const place = h("div", { class: "place" });
  const told = h("div", { role: "alert" });
  const lack = h("div", { class: "lack", role: "status" });
  const bill = h("p", { class: "bill" });
  const go = button("Extend", submit, { kind: "primary", type: "submit" });

  const node = h(
    "form",
    { class: "panel direct", "aria-label": "Direct", on: { submit: (event) => event.preventDefault() } },
    h("div", { class: "row apart" }, h("h2", {}, still ? "Make a video of it" : "Make it longer"), !still && choice("Who directs", [["manual", "Manual"], ["auto", "Auto"]], "manual", (value) => { asked.manual = value === "manual"; changed(); })),
    promptField,
    read.node,
    place,
    h(
      "div",
      { class: "settings" },
      field("Engine", engine),
      still ? field("Movement", motion) : field("Seconds", seconds),
      labeled(still ? "Videos" : "Candidates", batches),
      !still && source.video.facts.sound && field("Sound", sound),
      still && field("Shape", aspect),
      still && labeled("Size", choice("Size", [["", "Standard"], ["hd", "HD"]], "", (value) => { asked.hd = value === "hd"; changed(); })),
    ),
    h("details", {}, h("summary", {}, "Watermark and seed"), h("div", { class: "settings" }, field("Watermark", mark, "On the new frames only."), field("Seed", seed, "Same seed, same frames."))),
    told,
    lack,
    h("div", { class: "row apart foot" }, bill, go),
  );
  load();
  changed();
  return { node, from, leave: () => read.leave() };

  async function load() {
    try {
      Object.assign(known, await ctx.api.get("api/v1/engines"));
    } catch (error) {
      return refused(error);
    }
    const fallback = known.engines.find((one) => one.default)?.name;
    replace(engine, known.engines.map((one) => h("option", { value: one.name, selected: one.name === fallback }, one.running ? one.name : `${one.name} (no worker runs it)`)));
    if (!known.engines.length) replace(engine, h("option", { value: "" }, "No worker has been here yet"));
    return changed();
  }

  function from(cut, frame) {
    Object.assign(asked, { from: cut, frame });
    changed();
    prompt.scrollIntoView({ block: "center" });
    prompt.focus({ preventScroll: true });
  }

  /** Everything that follows from what was entered. */
  function changed() {
    replace(told);
    promptField.firstChild.textContent = asked.manual ? "What happens next" : "A hint, if you like";
    read.read(prompt.value, engine.value || null);
    settle();
  }

  /** `--bs 2` in the prompt counts for whoever has chosen no number. */
  function flagged({ flags }) {
    if (asked.counted || asked.batch === (flags.bs ?? 1)) return;
    asked.batch = flags.bs ?? 1;
    batches.querySelector(`[value="${asked.batch}"]`).checked = true;
    settle();
  }

  /** Where it goes on, what it costs, and whether it can be asked for. */
  function settle() {
    replace(place, asked.from !== null && [h("span", {}, `Goes on after frame ${asked.frame}; keeps the first ${timecode(Number(value(asked.from)))}.`), button("From the end instead", () => from(null, 0), { kind: "quiet" })]);
    const cost = price();
    const { balance } = ctx.account;
    const short = cost !== null && balance < cost;
    replace(bill, cost !== null && [h("b", {}, `${number(cost)} credits`), h("span", { class: "muted" }, ` of ${balanced(balance)}`)]);
    replace(lack, short && h("p", { class: "refusal" }, `${number(balance)} ${balance === 1 ? "credit is" : "credits are"} left, ${number(cost - balance)} too few. An operator can grant more.`));
    go.textContent = still ? (asked.batch > 1 ? `Make ${asked.batch} videos` : "Make the video") : `Extend by ${seconds.value || "?"} s`;
    go.disabled = cost === null || short || (asked.manual && !prompt.value.trim()) || !seconds.checkValidity() || !seed.checkValidity();
  }

  function price() {
    if (!known.prices) return null;
    const { extend, video, videoHd } = known.prices;
    return still ? (asked.hd ? videoHd : video) * asked.batch : extend;
  }

  function body() {
    const shared = { prompt: prompt.value.trim() || null, engine: engine.value || null, videoBatchSize: asked.batch, waterMark: mark.value || null, seed: seed.value || null };
    if (still) return { ...shared, taskType: asked.hd ? "mj_video_hd" : "mj_video", fileUrls: [source.image], motion: motion.value, aspectRatio: aspect.value || null };
    return {
      ...shared, taskId: source.record.taskId, index: source.video.index, from: asked.from,
      taskType: asked.manual ? "mj_video_extend_manual" : "mj_video_extend_auto",
      seconds: seconds.value, sound: sound.value || null,
    };
  }

  async function submit() {
    const sent = body();
    const text = JSON.stringify(sent);
    if (repeat[0] !== text) repeat = [text, drawn()];
    go.disabled = true;
    try {
      const { taskId } = await ctx.api.post(still ? "api/v1/mj/generate" : "api/v1/mj/generateVideoExtend", sent, { repeat: repeat[1] });
      ctx.go(`#/task/${taskId}`);
      await ctx.refresh();
    } catch (error) {
      if (error.code === 402) await ctx.refresh().catch(() => {});
      changed();
      refused(error);
    }
  }

  function refused(error) {
    const title = { 402: "Not enough credits", 455: "Under maintenance", 505: "Switched off", 429: "Too much at a time" }[error.code];
    const after = error.retryAfter ? ` In ${error.retryAfter} s it can be tried again.` : "";
    const then = error.code ? "Nothing was charged, and what you wrote stays." : "Whether it was asked for is not known. Asking again asks for the same, once.";
    replace(told, h("div", { class: "refusal" }, title && h("b", {}, title), h("p", {}, error.message, after), h("p", { class: "muted small" }, then)));
  }
}

function select(options) {
  return h("select", {}, options.map((one) => h("option", { value: [one].flat()[0] }, [one].flat().at(-1))));
}

let groups = 0;
function choice(label, options, chosen, choose) {
  const name = `choice-${++groups}`;
  return h("div", { class: "choice", role: "radiogroup", "aria-label": label }, options.map(([its, text]) => h("label", {}, h("input", { type: "radio", name, value: its, checked: its === chosen, on: { change: () => choose(its) } }), text)));
}

function labeled(label, control) {
  return h("div", { class: "field" }, h("span", { class: "label", "aria-hidden": "true" }, label), control);
}

/** The seconds that a text like `7/2` names. */
function value(text) {
  const [above, below = "1"] = text.split("/");
  return Number(above) / Number(below);
}

function drawn() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
