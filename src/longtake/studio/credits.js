/** What an account may spend, what it spent, and what things cost. */

import { ago, balanced, h, number } from "./dom.js";
import { filled, paged } from "./lists.js";

const KINDS = { grant: "Granted", hold: "Held for a task", capture: "Charged", release: "Given back" };
const SOLD = { extend: "Making a clip longer", video: "A video from an image", videoHd: "The same in HD" };

/** @param {import("./main.js").Context} ctx */
export function credits(ctx) {
  const balance = h("div", {});
  const list = h("div", { class: "panel" });
  const prices = h("div", {});
  filled(balance, async () => {
    await ctx.refresh();
    return figure(ctx.account.balance);
  });
  filled(prices, async () => cost((await ctx.api.get("api/v1/engines")).prices));
  return h(
    "section",
    { class: "stack" },
    h("div", { class: "panel row apart" }, balance, prices),
    h("h2", {}, "History"),
    history(ctx, "api/v1/account/history", list),
  );
}

/**
 * The history of an account, newest first.
 * @param {import("./main.js").Context} ctx
 * @param {string} path
 * @param {HTMLElement} [list]
 */
export function history(ctx, path, list = h("div", { class: "panel" })) {
  const columns = [
    { name: "When", cell: (one) => ago(one.time) },
    { name: "What", cell: (one) => KINDS[one.kind] },
    { name: "Credits", kind: "n", cell: (one) => signed(one.credits) },
    { name: "For", cell: (one) => one.note || (one.taskId && h("a", { href: `#/task/${encodeURIComponent(one.taskId)}`, class: "code" }, one.taskId.slice(0, 12))) || "" },
  ];
  filled(list, () => paged("History of credits", columns, (before) => ctx.api.get(path, { before }), "Nothing was granted or spent yet."));
  return list;
}

function signed(credits) {
  if (!credits) return h("span", { class: "muted" }, "0");
  return h("span", { class: credits > 0 ? "good" : null }, `${credits > 0 ? "+" : "−"}${number(Math.abs(credits))}`);
}

/** @param {number} balance */
export function figure(balance) {
  return h("p", { class: "figure" }, h("b", { class: balance > 0 ? null : "bad" }, balanced(balance)), " credits");
}

function cost(prices) {
  const rows = Object.entries(prices).map(([name, price]) => [h("dt", {}, SOLD[name] ?? name), h("dd", { class: "n" }, number(price))]);
  return h("dl", { class: "facts" }, rows);
}
