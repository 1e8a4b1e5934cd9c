/** The library: everything that the account brought in and made. */

import { drop } from "./drop.js";
import { ago, button, exchange, h, replace, state } from "./dom.js";
import { inShort, kind, picture, place, titled } from "./records.js";

const PAGE = 24;
const LOOK_AGAIN_MS = 2000;
const TYPED_MS = 250;
const VIEWS = [["", "All"], ["imported", "Clips"], ["made", "Made"], ["open", "In work"]];

/** @param {import("./main.js").Context} ctx */
export function library(ctx) {
  const list = h("div", {}, state("loading", "Looking…"));
  const asked = { search: "", view: "" };
  const cards = new Map(); // of the records that are shown, by id, with what they tell
  let timer = 0;
  let turn = 0; // what was asked before is not shown after

  const search = h("input", {
    type: "search", class: "search", placeholder: "Search prompts", "aria-label": "Search prompts and ids",
    on: { input: () => { asked.search = search.value; later(TYPED_MS); } },
  });
  const dropping = drop(ctx, () => load());
  const node = h(
    "div",
    { class: "library" },
    dropping.node,
    h("div", { class: "head" }, h("h1", {}, "Library"), h("div", { class: "row" }, views((view) => { asked.view = view; load(); }), search)),
    list,
  );

  function later(ms, again = false) {
    clearTimeout(timer);
    timer = setTimeout(() => load(again), ms);
  }

  /** What is only looked at again stays: a card whose record has changed is drawn anew. */
  async function load(again = false) {
    const mine = ++turn;
    const { view } = asked;
    try {
      const query = { search: asked.search, limit: PAGE, [view === "open" ? "state" : "origin"]: view };
      const { items, next } = await ctx.api.get("api/v1/records", query);
      if (mine !== turn) return;
      const isSame = items.every((one) => cards.has(one.taskId)) && (view !== "open" || items.length === cards.size);
      if (again && isSame) items.forEach(renew);
      else show(items, next, query);
      if (items.some(isOpen)) later(LOOK_AGAIN_MS, true);
    } catch (error) {
      if (mine !== turn) return;
      if (again) later(LOOK_AGAIN_MS, true); // the shell tells of a lost connection
      else replace(list, state("error", error.message, h("div", { class: "row" }, button("Try again", () => load()))));
    }
  }

  function kept(record) {
    const made = card(record);
    cards.set(record.taskId, { node: made, told: JSON.stringify(record) });
    return made;
  }

  function renew(record) {
    const { node: old, told } = cards.get(record.taskId);
    if (told !== JSON.stringify(record)) exchange(old, kept(record));
  }

  function show(items, next, query) {
    cards.clear();
    node.classList.toggle("bare", !items.length && !asked.search && !asked.view);
    if (!items.length) {
      const narrowed = asked.search || asked.view;
      replace(list, state("empty", narrowed ? "Nothing here fits." : "Nothing here yet"));
      return;
    }
    const grid = h("ul", { class: "grid" }, items.map(kept));
    const more = h("div", { class: "state" });
    const offer = (before) => replace(more, before && button("Show more", () => grow(before)));
    const grow = async (before) => {
      try {
        const page = await ctx.api.get("api/v1/records", { ...query, before });
        const added = page.items.map(kept);
        grid.append(...added);
        offer(page.next);
        added[0]?.querySelector("a").focus();
      } catch (error) {
        replace(more, h("p", { class: "refusal", role: "alert" }, error.message), button("Try again", () => grow(before)));
      }
    };
    offer(next);
    exchange(list.firstElementChild, h("div", {}, grid, more));
  }

  load();
  return { node, title: "Library", leave: () => { turn += 1; clearTimeout(timer); dropping.leave(); } };
}

function views(choose) {
  const one = ([value, text]) => h(
    "label",
    {},
    h("input", { type: "radio", name: "view", value, checked: value === "", on: { change: () => choose(value) } }),
    text,
  );
  return h("div", { class: "choice", role: "radiogroup", "aria-label": "Which" }, VIEWS.map(one));
}

function isOpen(record) {
  return record.state !== "success" && record.state !== "fail";
}

function card(record) {
  const facts = record.videos[0]?.facts;
  return h(
    "li",
    { class: "card" },
    picture(record),
    h("h2", {}, h("a", { href: place(record) }, titled(record))),
    h("p", { class: "about" }, kind(record), " · ", ago(record.createTime), facts && h("br"), facts && inShort(facts)),
  );
}
