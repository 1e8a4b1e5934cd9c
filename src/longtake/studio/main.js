/** The page: the key, the rooms, and which of them is open. */

import { Api, answers } from "./api.js";
import { clip } from "./clip.js";
import { announce, balanced, button, h, replace, state } from "./dom.js";
import { door } from "./door.js";
import { image } from "./image.js";
import { library } from "./library.js";
import { share } from "./share.js";
import { watch } from "./watch.js";

/**
 * What every room is given.
 * @typedef {object} Context
 * @property {Api} api
 * @property {(hash: string) => void} go to another room
 * @property {any} account as `api/v1/account` tells it
 * @property {() => Promise<void>} refresh the account, after what costs credits
 * @property {(key: string) => Promise<void>} enter with another key of the account
 * @property {(text: string) => void} announce
 *
 * A room answers its node, and what to do when it is left. `#/clip/ID/0` is clip(ctx, "ID", "0").
 * @typedef {{node: Node, title?: string, leave?: () => void}} Room
 */
/** @type {Record<string, (ctx: Context, ...words: string[]) => Room>} */
const ROOMS = { "": library, clip, image, task: watch, run: fetched("./run.js", "run") };

const KEPT = "longtake.key"; // in this tab only, and gone with it
const ASK_AGAIN_MS = 2000;

const main = document.getElementById("main");
const notice = document.getElementById("notice");
let open = null; // the room that is shown
let ctx = null;
let asking = 0; // the timer of a lost connection

/** A room whose module is fetched when it is first opened: few ever look into it. */
function fetched(module, name) {
  return (...given) => {
    const node = h("div", {}, state("loading", "Looking…"));
    let room = null;
    let left = false;
    const open = (came) => {
      if (left) return;
      room = came[name](...given);
      document.title = `${room.title} · Longtake`;
      replace(node, room.node);
    };
    const missed = () => replace(node, state("error", "This part did not come.", h("div", { class: "row" }, button("Try again", () => location.reload()))));
    import(module).then(open, missed);
    return { node, leave: () => { left = true; room?.leave?.(); } };
  };
}

/** Open the studio with the key of this tab, or with a text that may be one. */
async function enter(key) {
  const api = new Api(key, heard);
  const account = await api.get("api/v1/account");
  sessionStorage.setItem(KEPT, key);
  ctx = { api, account, announce, go: (hash) => { location.hash = hash; }, refresh, enter };
  shell();
  show();
}

async function refresh() {
  ctx.account = await ctx.api.get("api/v1/account");
  replace(document.getElementById("balance"), balanced(ctx.account.balance));
}

function leave(why = "") {
  sessionStorage.removeItem(KEPT);
  ctx = null;
  shell();
  shown(door(enter, why));
}

function heard(news) {
  if (news === "refused" && ctx) leave("This key is not accepted any more.");
  if (news === "lost" && !asking) {
    replace(notice, "The server does not answer. It is asked again every two seconds.");
    asking = setInterval(async () => { if (await answers()) heard("back"); }, ASK_AGAIN_MS);
  }
  if (news === "back" && asking) {
    clearInterval(asking);
    asking = 0;
    replace(notice);
    announce("The server answers again.");
  }
}

/** The room that the address names. */
function show() {
  const [name = "", ...words] = location.hash.replace(/^#?\/?/, "").split("/").map(decodeURIComponent);
  if (name === "share") return shown(share({ api: new Api("", heard) }, ...words)); // for anybody
  if (!ctx) return shown(door(enter));
  const room = Object.hasOwn(ROOMS, name) ? ROOMS[name] : library;
  shown(room(ctx, ...words));
  for (const link of document.querySelectorAll("#nav a")) {
    link.setAttribute("aria-current", link.dataset.room === name ? "page" : "false");
  }
}

function shown(room) {
  open?.leave?.();
  open = room;
  document.title = room.title ? `${room.title} · Longtake` : "Longtake";
  replace(main, room.node);
  scrollTo(0, 0);
  if (document.activeElement === document.body) main.focus({ preventScroll: true });
}

function shell() {
  const known = ctx?.account;
  const room = (name, text, href = `#/${name}`) => h("a", { href, "data-room": name }, text);
  replace(document.getElementById("nav"), known && [room("", "Library"), room("run", known.key.admin ? "Run it" : "Account"), room("docs", "API", "docs")]);
  replace(
    document.getElementById("account"),
    known && [h("span", { title: `Account ${known.name}` }, h("b", { id: "balance" }, balanced(known.balance)), h("span", { class: "unit" }, " credits")), button("Sign out", signOut, { kind: "quiet" })],
  );
}

/** What the address brings: a code becomes a key, and stands there no longer. */
async function start(code = taken()) {
  try {
    if (code) return await enter((await new Api("", heard).post("api/v1/account/keys/code", { code })).key);
    const kept = sessionStorage.getItem(KEPT);
    return kept ? await enter(kept) : show();
  } catch (error) {
    if (code && error.code === 422) return leave("This link works no longer: it was used, or is older than ten minutes.");
    if (error.code === 401) return leave(error.message);
    return shown({ node: state("error", error.message, h("div", { class: "row" }, button("Try again", () => start(code)))) });
  }
}

function taken() {
  const code = /^#code=(\w+)$/.exec(location.hash)?.[1];
  if (code) history.replaceState(null, "", location.pathname);
  return code;
}

/** A key that a code became ends here; one that was pasted in goes on elsewhere. */
async function signOut() {
  const { key } = ctx.account;
  if (key.expireTime) await ctx.api.remove(`api/v1/account/keys/${key.id}`).catch(() => {});
  leave();
}

addEventListener("hashchange", () => (location.hash.startsWith("#code=") ? start() : show()));
for (const name of ["dragover", "drop"]) { // a file let go beside its place does not take the page's
  addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
}
start();
