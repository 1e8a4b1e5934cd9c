/** What is taken along: the file, its report, the whole path, a link to it. */

import { button, h, replace, size } from "./dom.js";

/**
 * @param {import("./main.js").Context} ctx
 * @param {any} record
 * @param {any} video
 * @returns {HTMLElement}
 */
export function keeping(ctx, record, video) {
  const at = `api/v1/records/${encodeURIComponent(record.taskId)}`;
  const query = { index: video.index };
  const name = `${record.taskId}_${video.index}`;
  const told = h("div", { "aria-live": "polite" });

  async function attempt(act) {
    replace(told);
    try {
      await act();
    } catch (error) {
      replace(told, h("p", { class: "refusal" }, error.message));
    }
  }

  const file = () => attempt(async () => save(await ctx.api.post("api/v1/common/download-url", { url: video.url })));
  const report = () => attempt(async () => keep(await ctx.api.get(`${at}/report`, query), `${name}-report.json`));
  const path = () => attempt(async () => keep(await ctx.api.get(`${at}/path`, query), `${name}-path.json`));
  const share = () => attempt(async () => {
    const { url, expireTime } = await ctx.api.post(`${at}/share`, query);
    const link = h("input", { type: "url", readonly: true, value: url, "aria-label": "The link", on: { focus: () => link.select() } });
    const copied = button("Copy", async () => {
      link.select();
      await navigator.clipboard.writeText(url).then(() => { copied.textContent = "Copied"; }, () => {}); // it can be copied by hand
    });
    replace(
      told,
      h("div", { class: "link" }, link, copied),
      h("p", { class: "muted small" }, `Whoever has it sees every clip, prompt and report on the way, without a key, until ${new Date(expireTime).toLocaleDateString()}. Deleting this clip ends it at once.`),
    );
    link.select();
  });

  return h(
    "section",
    { class: "panel keeping" },
    h("h2", {}, "Take along"),
    button(`Download ${video.facts.container}, ${size(video.sizeBytes)}`, file, { disabled: video.expired }),
    h(
      "div",
      { class: "row" },
      video.reportUrl && button("Report", report, { kind: "quiet" }),
      button("Whole path", path, { kind: "quiet", title: "Every prompt, plan and report from the original on, in one file" }),
      button("Share the path", share, { kind: "quiet" }),
    ),
    told,
  );
}

function keep(document, name) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(document, null, 2)], { type: "application/json" }));
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function save(url, name = "") {
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
