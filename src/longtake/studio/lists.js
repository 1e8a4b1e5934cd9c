/** Lists as the API tells them: waited for, page by page, in tables that become cards. */

import { button, h, replace, state } from "./dom.js";

/**
 * One column: what its cells hold of a row. `kind`: "n" for numbers, "do" for what can be done.
 * @typedef {{name: string, cell: (row: any) => any, kind?: string}} Column
 */

/**
 * Fill `node` with what `load` answers; until then it says that it waits, and why not.
 * @param {HTMLElement} node
 * @param {() => Promise<any>} load
 */
export async function filled(node, load) {
  replace(node, state("loading", "Looking…"));
  try {
    replace(node, await load());
  } catch (error) {
    replace(node, state("error", error.message, h("div", { class: "row" }, button("Try again", () => filled(node, load)))));
  }
}

/**
 * A table; where it is narrow each row is a card. The roles hold where the layout takes them.
 * @param {string} name
 * @param {Column[]} columns
 * @param {any[]} rows
 */
export function table(name, columns, rows) {
  const head = columns.map((one) => h("th", { role: "columnheader", scope: "col", class: one.kind }, one.kind === "do" ? h("span", { class: "unseen" }, one.name) : one.name));
  return h(
    "table",
    { class: "cards", role: "table", "aria-label": name },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, rows.map((row) => line(columns, row))),
  );
}

function line(columns, row) {
  return h("tr", { role: "row" }, columns.map((one) => h("td", { role: "cell", class: one.kind, "data-name": one.name }, h("div", {}, one.cell(row)))));
}

/**
 * A table of all pages, the next one on demand.
 * @param {string} name
 * @param {Column[]} columns
 * @param {(before?: string) => Promise<{items: any[], next: string | null}>} ask
 * @param {string} none what is said where there is nothing
 */
export async function paged(name, columns, ask, none) {
  const first = await ask();
  if (!first.items.length) return state("empty", none);
  const all = table(name, columns, first.items);
  const more = h("div", { class: "more" });
  const offer = (before) => replace(more, before && button("Show more", () => grow(before)));
  const grow = async (before) => {
    try {
      const page = await ask(before);
      const lines = page.items.map((row) => line(columns, row));
      all.tBodies[0].append(...lines);
      offer(page.next);
      lines[0]?.setAttribute("tabindex", "-1"); // where reading goes on
      lines[0]?.focus();
    } catch (error) {
      replace(more, refused(error), button("Try again", () => grow(before)));
    }
  };
  offer(first.next);
  return [all, more];
}

/**
 * What the server would not do, in its words.
 * @param {Error} error
 */
export function refused(error) {
  return h("p", { class: "refusal", role: "alert" }, error.message);
}

/**
 * A form that is sent once at a time and says beneath itself why it was refused.
 * @param {any[]} fields
 * @param {string} doing what its button says
 * @param {() => Promise<any>} send
 * @param {string} [kind] of the button
 */
export function form(fields, doing, send, kind = "") {
  const told = h("div", { class: "told" });
  const press = button(doing, () => {}, { kind, type: "submit" });
  const submit = async (event) => {
    event.preventDefault();
    press.disabled = true;
    replace(told);
    try {
      await send();
    } catch (error) {
      replace(told, refused(error));
    } finally {
      press.disabled = false;
    }
  };
  return h("form", { class: "line", on: { submit } }, fields, h("div", { class: "row" }, press), told);
}
