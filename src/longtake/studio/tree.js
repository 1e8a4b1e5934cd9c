/** The lineage as a tree of clips: where it came from, what came of it, and going on. */

import { agreed, button, h, replace, state, timecode } from "./dom.js";
import { value } from "./frames.js";
import { icon } from "./icons.js";
import { titled } from "./records.js";

/**
 * @param {import("./main.js").Context} ctx
 * @param {any} record the one that is open
 * @param {number} index which of its videos
 * @returns {{node: HTMLElement, leave: () => void}}
 */
export function tree(ctx, record, index) {
  const body = h("div", {}, state("loading", "Looking…"));
  let left = false;
  load();
  return {
    node: h("section", { class: "panel tree", "aria-label": "Lineage" }, h("h2", {}, "Lineage"), body),
    leave: () => { left = true; },
  };

  async function load() {
    try {
      const own = await lineage(record.taskId); // where it came from, and what came of it
      const first = root(own);
      const all = first.taskId === record.taskId ? own : await lineage(first.taskId); // and its siblings
      if (!left) replace(body, h("ol", { class: "branch" }, run(root(all), all)));
    } catch (error) {
      if (!left) replace(body, state("error", error.message, h("div", { class: "row" }, button("Try again", load))));
    }
  }

  async function lineage(taskId) {
    return (await ctx.api.get(`api/v1/records/${encodeURIComponent(taskId)}/lineage`)).records;
  }

  function root(records) {
    const known = new Set(records.map((one) => one.taskId));
    return records.find((one) => !known.has(one.parent?.taskId));
  }

  /** A record, what came of it on the side, and below it the first thing that did. */
  function run(one, records) {
    const [first, ...others] = records.filter((child) => child.parent?.taskId === one.taskId);
    const aside = others.length > 0 && h("ol", { class: "branch" }, others.map((child) => run(child, records)));
    return [h("li", {}, card(one), aside), first ? run(first, records) : []];
  }

  function card(one) {
    const here = one.taskId === record.taskId;
    const video = one.videos[here ? index : 0] ?? one.videos[0];
    const done = one.state === "success";
    const id = encodeURIComponent(one.taskId);
    const href = done ? `#/clip/${id}/${video?.index ?? 0}` : `#/task/${id}`;
    return h(
      "div",
      { class: ["leaf", here && "here"] },
      h("a", { href, class: "well", tabindex: -1, "aria-hidden": "true" }, video?.posterUrl ? h("img", { src: video.posterUrl, alt: "", loading: "lazy" }) : h("span", { class: "none" }, done ? "gone" : one.state === "fail" ? "failed" : "in work")),
      h(
        "div",
        { class: "about" },
        h("a", { href, "aria-current": here ? "page" : null }, titled(one)),
        h("span", { class: "muted small" }, [video && timecode(video.facts.seconds), came(one)].filter(Boolean).join(" · ")),
      ),
      icon("bin", `Delete ${titled(one)}`, () => remove(one), { disabled: !done && one.state !== "fail" }),
    );
  }

  /** What a record went on from, where that is not all of the first video. */
  function came(one) {
    const asked = JSON.parse(one.paramJson || "{}");
    const from = asked.from && `from ${timecode(value(asked.from))}`;
    const which = one.parent?.index > 0 && `of candidate ${one.parent.index + 1}`;
    const count = one.videos.length > 1 && `${one.videos.length} candidates`;
    return [which, from, count].filter(Boolean).join(" · ") || (one.parent ? "" : "the original");
  }

  async function remove(one) {
    const about = "Its files and its report go at once, and links to it end. What was made from it stays. This cannot be taken back.";
    if (!(await agreed(`Delete “${titled(one)}”?`, "Delete it", about))) return;
    try {
      await ctx.api.remove(`api/v1/records/${encodeURIComponent(one.taskId)}`);
      ctx.announce("It is deleted.");
      if (one.taskId === record.taskId) ctx.go("#/");
      else await load();
    } catch (error) {
      body.prepend(h("p", { class: "refusal", role: "alert" }, error.message));
    }
  }
}

