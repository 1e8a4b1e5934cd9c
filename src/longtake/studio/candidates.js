/** Candidates side by side: they play together, and one is picked. */

import { button, h } from "./dom.js";
import { grid } from "./frames.js";

const APART = 1.5; // frames by which they may differ before one is set right

/**
 * @param {import("./main.js").Context} ctx
 * @param {any} record with more than one video
 * @param {number} index the one that is picked
 * @param {number} join first frame of their new part
 * @returns {{node: HTMLElement, leave: () => void}}
 */
export function candidates(ctx, record, index, join) {
  const times = grid(record.videos[0].facts);
  const first = Math.max(0, join - Math.round(times.fps));
  const players = record.videos.map((video) => h("video", { src: video.url, muted: true, playsinline: true, preload: "auto", tabindex: -1, "aria-label": `Candidate ${video.index + 1}` }));
  const [lead, ...others] = players;
  const scrub = h("input", {
    type: "range", min: 0, max: times.n - 1, step: 1, value: first, "aria-label": "Frame of all candidates",
    on: { input: () => { pause(); all(times.middle(Number(scrub.value))); } },
  });
  const playing = button("Play together", () => (lead.paused ? play() : pause()), { kind: "primary" });
  let handle = lead.requestVideoFrameCallback(look);
  let begun = false;

  function look(_, meta) {
    if (!begun) { // from a second before the join on
      begun = true;
      all(times.middle(first));
    }
    scrub.value = String(times.at(meta.mediaTime));
    scrub.setAttribute("aria-valuetext", `frame ${scrub.value}`);
    if (!lead.paused) {
      for (const one of others) {
        if (Math.abs(one.currentTime - lead.currentTime) > APART / times.fps) one.currentTime = lead.currentTime;
      }
    }
    handle = lead.requestVideoFrameCallback(look);
  }

  function all(seconds) {
    for (const one of players) one.currentTime = seconds;
  }

  async function play() {
    all(lead.ended ? times.middle(first) : lead.currentTime);
    await Promise.all(players.filter((one) => one.seeking).map((one) => new Promise((done) => { one.addEventListener("seeked", done, { once: true }); })));
    for (const one of players) one.play().catch(() => {}); // paused again before it began
  }

  function pause() {
    for (const one of players) one.pause();
  }

  lead.addEventListener("play", () => { playing.textContent = "Pause"; });
  lead.addEventListener("pause", () => { playing.textContent = "Play together"; for (const one of others) one.pause(); });

  const cards = record.videos.map((video, k) => h(
    "li",
    { class: ["candidate", k === index && "picked"] },
    h("div", { class: "well" }, players[k]),
    h(
      "div",
      { class: "row apart" },
      h("span", {}, h("b", {}, `Candidate ${k + 1}`), k === 0 && h("span", { title: "by measure" }, " · best")),
      h("span", { class: ["tag", video.passed ? "good" : "warn"] }, video.passed ? "passes" : "outside a band"),
    ),
    k === index
      ? h("span", { class: "button", "aria-current": "true" }, "Picked")
      : button("Pick this one", () => ctx.go(`#/clip/${encodeURIComponent(record.taskId)}/${k}`), { "aria-label": `Pick candidate ${k + 1}` }),
  ));
  const node = h(
    "section",
    { class: "panel candidates", "aria-label": "Candidates" },
    h("div", { class: "row apart" }, h("h2", {}, `${record.videos.length} candidates`), playing),
    h("ul", {}, cards),
    scrub,
    h("p", { class: "muted small" }, "The picked one is what you see below, download, and go on from."),
  );
  return {
    node,
    leave: () => {
      lead.cancelVideoFrameCallback(handle);
      for (const one of players) {
        one.pause();
        one.removeAttribute("src");
        one.load();
      }
    },
  };
}
