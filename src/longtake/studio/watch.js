/** Watching a task: where it stands, and the picture of the latest frame. */

import { agreed, button, h, replace, state, timecode } from "./dom.js";
import { titled } from "./records.js";

const STAGES = [
  ["context", "Look at the clip", "frames read"],
  ["engine", "Plan what comes next", ""],
  ["frames", "Make new frames", "frames"],
  ["measure", "Measure the join", ""],
  ["proof", "Prove the result", ""],
];

/**
 * @param {import("./main.js").Context} ctx
 * @param {string} taskId
 */
export function watch(ctx, taskId) {
  const at = `api/v1/records/${encodeURIComponent(taskId)}`;
  const stopped = new AbortController();
  const node = h("div", {}, state("loading", "Looking…"));
  const picture = h("img", { class: "latest" });
  const empty = h("span", { class: "none" }, "The first new frame comes here.");
  const well = h("div", { class: "well stage-well" }, empty);
  const stages = h("ol", { class: "stages" });
  const clock = h("span", { class: "muted" });
  const lost = h("p", { class: "warn", role: "status" });
  const cancel = button("Cancel", stop, { kind: "danger" });
  let record = null;
  let ticking = 0;
  let spoken = "";
  let isNew = false; // the picture, until then it is one of the clip
  load();
  return { node, title: "Being made", leave: () => { stopped.abort(); clearInterval(ticking); } };

  async function load() {
    try {
      record = await ctx.api.get(at);
      if (stopped.signal.aborted) return;
      if (record.state === "success" || record.state === "fail") return ended(record);
      show();
      await ctx.api.events(taskId, heard, stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) replace(node, state("error", error.message, h("div", { class: "row" }, button("Try again", load), toLibrary())));
    }
  }

  function show() {
    document.title = `${titled(record)} · Longtake`;
    const asked = JSON.parse(record.paramJson);
    replace(
      node,
      h("div", { class: "head" }, h("h1", {}, titled(record)), h("div", { class: "row" }, clock, cancel)),
      h("div", { class: "bench" }, well, h("section", { class: "panel", "aria-label": "Stages" }, lost, stages, h("p", { class: "muted small" }, `${record.engine ?? "An engine"} makes ${asked.seconds ?? (record.parent ? 4 : 5)} s. You can leave; it goes on and is found in the library.`))),
    );
    told({ state: record.state === "generating" ? "generating" : "waiting", ahead: record.ahead, stage: null, done: 0, total: 0, candidate: 0, picture: null });
    clearInterval(ticking);
    ticking = setInterval(tick, 1000);
    tick();
    waiting();
  }

  /** Before the first new frame: what it goes on from. */
  async function waiting() {
    if (!record.parent) return;
    const source = await ctx.api.get(`api/v1/records/${encodeURIComponent(record.parent.taskId)}`).catch(() => null);
    const poster = source?.videos[record.parent.index ?? 0]?.posterUrl;
    if (poster && !picture.isConnected) replace(well, h("img", { src: poster, alt: "", class: "latest dim" }), empty);
  }

  function tick() {
    const since = record.startTime ?? record.createTime;
    clock.textContent = timecode(Math.max(0, (Date.now() - since) / 1000), 0);
  }

  function heard(name, data) {
    if (name === "lost") return replace(lost, "The connection is lost; the work goes on. Asking again…");
    if (name === "back") return replace(lost);
    if (name === "end") return ended(data);
    replace(lost);
    return told(data);
  }

  function told({ state: its, ahead, stage, done, total, candidate, picture: latest }) {
    if (its === "generating" && !record.startTime) record.startTime = Date.now();
    const n = STAGES.findIndex(([name]) => name === stage);
    const several = JSON.parse(record.paramJson).videoBatchSize > 1;
    const queue = its === "waiting" && (ahead ? `Waits behind ${ahead} ${ahead === 1 ? "other" : "others"} of yours` : "Waits for a worker");
    replace(
      stages,
      h("li", { class: its === "waiting" ? "now" : "done", "aria-current": its === "waiting" ? "step" : null }, h("span", {}, queue || "Taken up")),
      STAGES.map(([name, title, unit], k) => h(
        "li",
        { class: k < n ? "done" : k === n && "now", "aria-current": k === n ? "step" : null },
        h("span", {}, title, several && k === n && h("span", { class: "muted" }, ` · candidate ${candidate + 1}`)),
        k === n && total > 1 && h("span", { class: "count" }, `${done} of ${total} ${unit}`),
        k === n && h("progress", total > 1 ? { value: done / total, "aria-label": title } : { "aria-label": title }),
      )),
    );
    if (latest) {
      isNew ||= stage === "frames";
      picture.src = latest;
      picture.alt = isNew ? "The latest new frame" : "The clip, as it is read";
      replace(well, picture, h("span", { class: ["side", isNew && "new"] }, isNew ? "new" : "source"));
    }
    const now = queue || STAGES[n]?.[1];
    if (now && now !== spoken) ctx.announce(now);
    spoken = now || spoken;
  }

  async function ended(its) {
    clearInterval(ticking);
    await ctx.refresh().catch(() => {}); // a failure gives credits back
    if (stopped.signal.aborted) return;
    if (its.state === "success") {
      ctx.announce("It is made.");
      location.replace(`#/clip/${encodeURIComponent(its.taskId)}/0`);
      return;
    }
    const canceled = its.errorCode === "TASK_CANCELED";
    const source = its.parent && `#/clip/${encodeURIComponent(its.parent.taskId)}/${its.parent.index ?? 0}`;
    replace(
      node,
      state(
        canceled ? "empty" : "error",
        canceled ? "Canceled" : "It could not be made",
        h("p", {}, canceled ? "Its credits are back." : its.errorMessage),
        !canceled && h("p", { class: "muted" }, "It cost nothing."),
        h("div", { class: "row" }, source && h("a", { class: "button primary", href: source }, "Direct it again"), toLibrary()),
      ),
    );
    ctx.announce(canceled ? "Canceled." : `It could not be made: ${its.errorMessage}`);
  }

  async function stop() {
    if (!(await agreed("Stop making it?", "Stop", "What has been made of it is thrown away; its credits come back."))) return;
    cancel.disabled = true;
    try {
      await ctx.api.post(`api/v1/tasks/${encodeURIComponent(taskId)}/cancel`);
    } catch (error) {
      cancel.disabled = false;
      replace(lost, error.message);
    }
  }

  function toLibrary() {
    return h("a", { class: "button", href: "#/" }, "To the library");
  }
}
