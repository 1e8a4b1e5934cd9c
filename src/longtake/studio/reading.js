/** What the server reads in a prompt, while it is being written. */

import { h, replace } from "./dom.js";

const TYPED_MS = 300;
const GROUPS = {
  camera: ["pan", "tilt", "zoom", "roll", "hold", "handheld"],
  time: ["speed", "reverse", "freeze", "loop", "boomerang"],
  light: ["fade_to_black", "fade_to_white", "brightness", "warmth", "saturation"],
  amount: ["motion"],
};
const GROUP_OF = Object.fromEntries(Object.entries(GROUPS).flatMap(([group, kinds]) => kinds.map((kind) => [kind, group])));

/**
 * @param {import("./main.js").Context} ctx
 * @param {(found: any) => void} heard told of each reading
 * @returns {{node: HTMLElement, read: (prompt: string, engine: string | null) => void, leave: () => void}}
 */
export function reading(ctx, heard) {
  const node = h("div", { class: "reading", role: "status", "aria-label": "How the prompt is read" });
  let timer = 0;
  let turn = 0;

  function read(prompt, engine) {
    clearTimeout(timer);
    const mine = ++turn;
    if (!prompt.trim()) {
      replace(node);
      return;
    }
    timer = setTimeout(async () => {
      try {
        const found = await ctx.api.post("api/v1/prompts/reading", { prompt, engine });
        if (mine !== turn) return;
        replace(node, shown(found, prompt));
        heard(found);
      } catch (error) {
        if (mine === turn) replace(node, h("p", { class: "muted" }, error.message));
      }
    }, TYPED_MS);
  }

  return { node, read, leave: () => { turn += 1; clearTimeout(timer); } };
}

function shown(found, prompt) {
  const flags = found.understood.filter((text) => text.startsWith("--"));
  return [
    found.length > found.limit && h("p", { class: "refusal" }, `The prompt has ${found.length} characters; ${found.limit} are taken.`),
    found.followsWords === false && h("p", { class: "warn" }, `${found.engine} follows no words.`),
    found.followsWords === null && h("p", { class: "muted" }, `No worker has said yet whether ${found.engine} follows words.`),
    h("p", { class: "echo" }, marked(prompt, found)),
    found.operations.length > 0 && h("ul", { class: "wishes" }, found.operations.map(wish)),
    flags.length > 0 && h("p", {}, h("span", { class: "tag" }, "flags"), " ", flags.join("  ")),
    found.ignored.length > 0 && h("div", { class: "ignored" }, h("h3", {}, "Not followed"), h("ul", {}, found.ignored.map((text) => h("li", {}, text)))),
  ];
}

/** One thing that will be done, and when in the new part. */
function wish(one) {
  const group = GROUP_OF[one.kind];
  return h(
    "li",
    { class: group },
    h("span", { class: "group" }, group),
    h("span", {}, one.says.replace(/, from \d+% to \d+% of the new part$/, "")),
    h("span", { class: "when", role: "img", "aria-label": `from ${percent(one.begin)} to ${percent(one.end)} of the new part` }, h("i", { style: { left: percent(one.begin), width: percent(one.end - one.begin) } })),
  );
}

/** The prompt itself, with the words that mean something marked. */
function marked(prompt, found) {
  const parts = [];
  const wanted = [
    ...found.operations.map((one) => [one.clause, GROUP_OF[one.kind]]),
    ...found.ignored.map((text) => [text, "none"]),
    ...found.understood.filter((text) => text.startsWith("--")).map((text) => [text, "flag"]),
  ];
  const low = prompt.toLowerCase();
  const spans = [];
  for (const [text, group] of wanted) {
    const at = text ? low.indexOf(text.toLowerCase()) : -1;
    if (at >= 0 && !spans.some(([from, to]) => at < to && from < at + text.length)) spans.push([at, at + text.length, group]);
  }
  let at = 0;
  for (const [from, to, group] of spans.sort((a, b) => a[0] - b[0])) {
    parts.push(prompt.slice(at, from), group === "none" ? h("s", {}, prompt.slice(from, to)) : h("mark", { class: group }, prompt.slice(from, to)));
    at = to;
  }
  return [...parts, prompt.slice(at)];
}

function percent(share) {
  return `${Math.round(share * 100)}%`;
}
