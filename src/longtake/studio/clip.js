/** The workspace of one video: what it is, and what is done with it. */

import { button, h, number, replace, size, state, timecode } from "./dom.js";
import { codec, kind, titled } from "./records.js";

/**
 * @param {import("./main.js").Context} ctx
 * @param {string} taskId
 * @param {string} [index]
 */
export function clip(ctx, taskId, index = "0") {
  const node = h("div", {}, state("loading", "Looking…"));
  const rooms = []; // what must be left with this one
  load();
  return { node, title: "Clip", leave: () => rooms.forEach((room) => room.leave?.()) };

  async function load() {
    try {
      const record = await ctx.api.get(`api/v1/records/${encodeURIComponent(taskId)}`);
      const video = record.videos[Number(index)];
      if (!video) throw new Error("This record has no such video.");
      show(record, video);
    } catch (error) {
      replace(node, state("error", error.message, h("div", { class: "row" }, button("To the library", () => ctx.go("#/")))));
    }
  }

  function show(record, video) {
    document.title = `${titled(record)} · Longtake`;
    replace(
      node,
      h("div", { class: "head" }, h("h1", {}, titled(record))),
      h("div", { class: "bench" }, h("div", { class: "stack" }, picture(video)), h("div", { class: "stack" }, h("section", { class: "panel" }, facts(record, video)))),
    );
  }
}

function picture(video) {
  if (video.expired) return state("empty", "The files have expired and are gone.");
  return h("div", { class: "well" }, h("video", { src: video.url, poster: video.posterUrl, controls: true, playsinline: true, preload: "metadata" }));
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
