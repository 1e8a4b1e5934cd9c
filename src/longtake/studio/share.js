/** A shared path: how a clip came to be, for whoever has the link. */

import { ago, h, replace, state, timecode } from "./dom.js";
import { judge } from "./judge.js";

/**
 * @param {{api: import("./api.js").Api}} ctx no key is needed
 * @param {string} token
 */
export function share(ctx, token = "") {
  const node = h("div", {}, state("loading", "Looking…"));
  let open = null;
  let left = false;
  load();
  return { node, title: "Shared", leave: () => { left = true; open?.leave(); } };

  async function load() {
    try {
      const { steps } = await ctx.api.get(`share/${encodeURIComponent(token)}`);
      if (!left) show(steps);
    } catch (error) {
      if (!left) replace(node, state("error", error.message));
    }
  }

  function show(steps) {
    const desk = h("div", {});
    const rows = steps.map((step, k) => h("li", {}, h("button", { type: "button", class: "leaf", on: { click: () => pick(k) } }, picture(step), about(step, k))));
    replace(
      node,
      h("div", { class: "head" }, h("h1", {}, steps.at(-1).prompt || "A clip made longer"), h("p", { class: "muted" }, "Shared with you from Longtake")),
      h("div", { class: "bench" }, desk, h("section", { class: "panel tree", "aria-label": "How it came to be" }, h("h2", {}, "How it came to be"), h("ol", { class: "branch" }, rows))),
    );
    pick(steps.length - 1);

    function pick(k) {
      const { video, report } = steps[k];
      open?.leave();
      open = video.expired ? null : judge(null, { videos: [video] }, video, report);
      replace(desk, open ? open.node : state("empty", "The files of this one have expired and are gone."));
      rows.forEach((row, place) => {
        row.firstChild.classList.toggle("here", place === k);
        row.firstChild.setAttribute("aria-pressed", String(place === k));
      });
    }
  }
}

function picture({ video }) {
  return h("span", { class: "well" }, video.posterUrl && h("img", { src: video.posterUrl, alt: "" }));
}

function about(step, k) {
  const made = step.engine ? `made by ${step.engine}` : "as it was brought in";
  return h("span", { class: "about" }, h("b", {}, step.prompt || (k ? "Continued" : "The original")), h("span", { class: "muted small" }, `${made} · ${timecode(step.video.facts.seconds)} · `, ago(step.createTime)));
}
