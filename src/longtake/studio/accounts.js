/** For the operator: every account, its tier, credits, keys and history. */

import { ago, agreed, balanced, field, h, number, replace } from "./dom.js";
import { figure, history } from "./credits.js";
import { keys } from "./keys.js";
import { filled, form, paged } from "./lists.js";

const PATH = "api/v1/admin/accounts";

/**
 * All accounts, or the one that is named.
 * @param {import("./main.js").Context} ctx
 * @param {string} [id]
 */
export function accounts(ctx, id) {
  return id ? account(ctx, id) : all(ctx);
}

function all(ctx) {
  const list = h("div", { class: "panel" });
  const name = h("input", { maxlength: 100, required: true, autocomplete: "off" });
  const grant = h("input", { type: "number", step: 1, value: "0", inputmode: "numeric" });
  const tier = h("select", {});
  const opening = form(
    [field("Name", name), field("Tier", tier), field("Credits", grant)],
    "Open an account",
    async () => ctx.go(`#/run/accounts/${encodeURIComponent((await ctx.api.post(PATH, { name: name.value.trim(), tier: tier.value, credits: grant.value || 0 })).id)}`),
    "primary",
  );
  tiers(ctx, tier, "standard");
  filled(list, () => paged("Accounts", COLUMNS, (before) => ctx.api.get(PATH, { before }), "There is no account yet."));
  return h("section", { class: "stack" }, list, h("div", { class: "panel" }, h("h2", {}, "A new account"), opening));
}

const COLUMNS = [
  { name: "Account", cell: (one) => h("a", { href: `#/run/accounts/${encodeURIComponent(one.id)}` }, one.name) },
  { name: "Tier", cell: (one) => one.tier },
  { name: "At a time", kind: "n", cell: (one) => number(one.atATime) },
  { name: "Credits", kind: "n", cell: (one) => balanced(one.balance) },
  { name: "Since", cell: (one) => ago(one.createTime) },
];

/** The tiers that there are, as choices. */
async function tiers(ctx, select, chosen) {
  try {
    const { tiers: known } = await ctx.api.get("api/v1/admin/tiers");
    replace(select, known.map((one) => h("option", { value: one.name, selected: one.name === chosen }, `${one.name}: ${number(one.atATime)} at a time`)));
  } catch {
    replace(select, h("option", { value: chosen }, chosen)); // the rest of the form works
  }
}

function account(ctx, id) {
  const path = `${PATH}/${encodeURIComponent(id)}`;
  const node = h("section", { class: "stack" });
  filled(node, async () => whole(await ctx.api.get(path)));
  return node;

  function whole(one) {
    const top = h("div", { class: "row apart" }, ...summary(one));
    const past = h("div", { class: "panel" });
    const show = (changed) => {
      replace(top, summary(changed));
      history(ctx, `${path}/history`, past);
      if (changed.id === ctx.account.id) ctx.refresh();
    };
    history(ctx, `${path}/history`, past);
    return [
      h("p", {}, h("a", { href: "#/run/accounts" }, "All accounts")),
      h("div", { class: "panel stack" }, top, granting(show), changing(one, show)),
      h("h2", {}, "Keys"),
      keys(ctx, one),
      h("h2", {}, "History"),
      past,
    ];
  }

  function granting(show) {
    const credits = h("input", { type: "number", step: 1, required: true, inputmode: "numeric", placeholder: "600" });
    const note = h("input", { maxlength: 200, autocomplete: "off" });
    return form([field("Credits", credits, "Negative ones are taken back."), field("Note", note)], "Grant", async () => {
      const asked = Number(credits.value);
      if (asked < 0 && !(await agreed(`Take ${number(-asked)} credits back?`, "Take back"))) return;
      show(await ctx.api.post(`${path}/grants`, { credits: asked, note: note.value.trim() }));
      credits.value = "";
      note.value = "";
      ctx.announce("Done.");
    });
  }

  function changing(one, show) {
    const tier = h("select", {});
    tiers(ctx, tier, one.tier);
    return form([field("Tier", tier, "What runs already runs on.")], "Change", async () => {
      show(await ctx.api.patch(path, { tier: tier.value }));
      ctx.announce("Done.");
    });
  }
}

function summary(one) {
  return [
    h("div", {}, h("h2", {}, one.name), h("p", { class: "muted" }, `${one.tier}, ${number(one.atATime)} at a time, since `, ago(one.createTime))),
    figure(one.balance),
  ];
}
