/** The workspace of one video: what it is, and what is done with it. */

import { direct } from "./direct.js";
import { button, h, number, replace, size, state, timecode } from "./dom.js";
import { judge } from "./judge.js";
import { keeping } from "./keeping.js";
import { codec, kind, titled } from "./records.js";
import { tree } from "./tree.js";
import { words } from "./words.js";

/**
 * @param {import("./main.js").Context} ctx
 * @param {string} taskId
 * @param {string} [index]
 */
export function clip(ctx, taskId, index = "0") {
  const node = h("div", {}, state("loading", "Looking…"));
  const rooms = []; // what must be left with this one
  let left = false;
  load();
  return { node, title: "Clip", leave: () => { left = true; rooms.forEach((room) => room.leave()); } };

  async function load() {
    const at = `api/v1/records/${encodeURIComponent(taskId)}`;
    try {
      const record = await ctx.api.get(at);
      const video = record.videos[Number(index)];
      if (!video) throw new Error("This record has no such video.");
      const report = video.reportUrl ? await ctx.api.get(`${at}/report`, { index }) : null;
      if (!left) show(record, video, report);
    } catch (error) {
      if (!left) replace(node, state("error", error.message, h("div", { class: "row" }, button("To the library", () => ctx.go("#/")))));
    }
  }

  function show(record, video, report) {
    document.title = `${titled(record)} · Longtake`;
    const next = video.expired ? null : direct(ctx, { record, video });
    const desk = next && judge(ctx, record, video, report, next.from);
    const lineage = tree(ctx, record, video.index);
    rooms.push(...[next, desk, lineage].filter(Boolean));
    replace(
      node,
      h("div", { class: "head" }, h("h1", {}, titled(record))),
      h(
        "div",
        { class: "bench" },
        desk ? desk.node : h("div", { class: "stack" }, state("empty", "The files have expired and are gone."), report && h("section", { class: "panel report", "aria-label": "Report" }, words(report))),
        h("div", { class: "stack" }, next?.node, h("section", { class: "panel", "aria-label": "Facts" }, facts(record, video)), keeping(ctx, record, video), lineage.node),
      ),
    );
  }
}

function facts(record, video) {
  const { facts: its } = video;
  const rows = [
    ["Kind", kind(record)],
    ["Length", `${timecode(its.seconds)} · ${number(its.nFrames)} frames`],
    ["Picture", `${its.width}×${its.height} at ${number(its.fps)} fps`],
    ["File", `${codec(its.codec)} in ${its.container}, ${size(video.sizeBytes)}`],
    ["Sound", its.sound ? "yes" : "none"],
  ];
  return h("dl", { class: "facts" }, rows.map(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
}
