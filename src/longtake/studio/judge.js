/** Judging a video: it plays with its join marked, is measured and told, and gone on with. */

import { button, h, replace } from "./dom.js";
import { candidates } from "./candidates.js";
import { chart } from "./chart.js";
import { joins, parts } from "./frames.js";
import { player } from "./player.js";
import { timeline } from "./timeline.js";
import { words } from "./words.js";

/**
 * The player and its timeline at once, the report where there is one.
 * @param {import("./main.js").Context} ctx
 * @param {any} record
 * @param {any} video one of its
 * @param {any} report of it, or null
 * @param {(from: string | null, frame: number) => void} [extend] told to go on after a
 * frame: the seconds that are kept, null for all of the clip
 * @returns {{node: HTMLElement, leave: () => void}}
 */
export function judge(ctx, record, video, report, extend) {
  const runs = parts(video, report);
  const seams = joins(runs);
  const playing = player(video, runs, seams);
  const line = timeline(video, runs, playing);
  const rooms = [playing, line];
  const several = record.videos.length > 1 && candidates(ctx, record, video.index, seams.at(-1) ?? 0);
  if (several) rooms.push(several);
  const node = h(
    "div",
    { class: "judge stack" },
    several && several.node,
    h(
      "div",
      { class: "desk" },
      playing.node,
      line.node,
      h("div", { class: "row apart" }, extend ? going(playing, extend) : h("span"), h("p", { class: "keys muted small" }, keys(seams.length > 0))),
    ),
    report && h("section", { class: "panel report", "aria-label": "Report" }, words(report), chart(report, seams.at(-1) ?? 0, playing)),
  );
  return { node, leave: () => rooms.forEach((room) => room.leave()) };
}

/** What the keys do while the player has the focus. */
function keys(joined) {
  const all = [["Space", "plays"], ["← →", "a frame"], ["Shift", "ten"], joined && ["J", "join"], joined && ["L", "loop"]];
  return all.filter(Boolean).map(([key, does]) => h("span", {}, h("kbd", {}, key), ` ${does}`));
}

/** Going on after the frame that is shown. */
function going(playing, extend) {
  const { n } = playing.grid;
  const about = h("span", { class: "muted" });
  playing.watch((frame) => {
    const last = frame === n - 1;
    replace(about, last ? "after the last frame" : `keeps frames 0 to ${frame}`);
  });
  return h(
    "div",
    { class: "row" },
    button("Extend from this frame", () => {
      const frame = playing.frame();
      extend(frame === n - 1 ? null : playing.until(), frame);
    }),
    about,
  );
}
