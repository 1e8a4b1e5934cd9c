/** The keys of an account: made, replaced, revoked. */

import { Api } from "./api.js";
import { ago, agreed, button, field, h, replace } from "./dom.js";
import { filled, form, refused, table } from "./lists.js";
import { shownOnce } from "./secret.js";

/**
 * @param {import("./main.js").Context} ctx
 * @param {{id: string, name: string}} owner whose keys
 */
export function keys(ctx, owner) {
  const { admin } = ctx.account.key;
  const own = owner.id === ctx.account.id;
  // An admin key is made by the operator's path only.
  const path = admin ? `api/v1/admin/accounts/${encodeURIComponent(owner.id)}/keys` : "api/v1/account/keys";
  const list = h("div", {});
  const shown = h("div", {});
  const name = h("input", { maxlength: 100, placeholder: "laptop", autocomplete: "off" });
  const may = h("input", { type: "checkbox" });
  const load = () => filled(list, async () => drawn((await ctx.api.get(path)).keys));
  load();
  return h(
    "section",
    { class: "stack" },
    h("div", { class: "panel" }, form(
      [field("Name of a new key", name), admin && h("label", { class: "check" }, may, "may administer this server")],
      "Make a key",
      async () => {
        const made = await ctx.api.post(path, { name: name.value.trim(), ...(admin && { admin: may.checked }) });
        name.value = "";
        show(made);
        load();
      },
      "primary",
    )),
    shown,
    h("div", { class: "panel" }, list),
  );

  function show(made, old = null) {
    const about = ["It is shown this once. ", old ? `It does what ${called(old)} does, which still works: stop that one when this is in its place.` : "Keep it where secrets are kept."];
    const box = shownOnce(
      "The new key",
      made.key,
      about,
      old && button(`Stop ${called(old)}`, () => stop(old, made), { kind: "danger" }),
      button("I have it", () => done(), { kind: "quiet" }),
    );
    replace(shown, box);
    box.focus();
  }

  function done() {
    replace(shown);
    name.focus();
  }

  async function replaced(old) {
    try {
      show(await ctx.api.post(path, { name: old.name, ...(admin && { admin: old.admin }) }), old);
      load();
    } catch (error) {
      replace(shown, refused(error));
    }
  }

  /** Where the tab's own key is replaced, the tab goes on with the new one. */
  async function stop(old, heir = null) {
    const here = own && old.id === ctx.account.key.id;
    const about = here && !heir ? "it is the key of this tab, which is signed out by it." : "whatever still uses it is refused from its next request on. This cannot be taken back.";
    if (!(await agreed(`Revoke ${called(old)}?`, "Revoke", `${old.prefix}…: ${about}`))) return;
    try {
      const api = here && heir ? new Api(heir.key) : ctx.api;
      const left = await api.remove(`${path}/${encodeURIComponent(old.id)}`);
      if (here) return void (await (heir ? ctx.enter(heir.key) : ctx.refresh())); // refused: signed out
      if (heir) replace(shown);
      replace(list, drawn(left.keys));
      ctx.announce(`${called(old)} is revoked.`);
      name.focus();
    } catch (error) {
      replace(shown, refused(error));
    }
  }

  function drawn(found) {
    const live = found.filter((one) => !one.revokeTime).reverse();
    const gone = found.filter((one) => one.revokeTime).reverse();
    const mine = (one) => own && one.id === ctx.account.key.id;
    const columns = [
      { name: "Name", cell: (one) => [one.name || h("span", { class: "muted" }, "no name"), mine(one) && [" ", h("span", { class: "tag good" }, "this tab")], one.admin && [" ", h("span", { class: "tag" }, "admin")]] },
      { name: "Begins with", cell: (one) => h("code", {}, `${one.prefix}…`) },
      { name: "Made", cell: (one) => ago(one.createTime) },
      { name: "Ends", cell: (one) => (one.expireTime ? new Date(one.expireTime).toLocaleString() : "when revoked") },
      { name: "Actions", kind: "do", cell: (one) => {
        const fixed = one.admin && !admin;
        return [
          button("Replace", () => replaced(one), { disabled: fixed, "aria-label": `Replace ${called(one)}, ${one.prefix}…` }),
          button("Revoke", () => stop(one), { kind: "danger", disabled: fixed, "aria-label": `Revoke ${called(one)}, ${one.prefix}…` }),
        ];
      } },
    ];
    return [
      live.length ? table("Keys", columns, live) : h("p", { class: "muted" }, "No key opens this account."),
      gone.length > 0 && h("details", { class: "old" }, h("summary", {}, `Revoked (${gone.length})`), table("Revoked keys", [...columns.slice(0, 3), { name: "Revoked", cell: (one) => ago(one.revokeTime) }], gone)),
    ];
  }
}

function called(key) {
  return key.name ? `“${key.name}”` : "the key without a name";
}
