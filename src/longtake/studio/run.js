/** Run it: what an account has of its own, and for the operator the server. */

import { accounts } from "./accounts.js";
import { callbacks } from "./callbacks.js";
import { credits } from "./credits.js";
import { h } from "./dom.js";
import { keys } from "./keys.js";
import { queue } from "./queue.js";
import { switches } from "./switches.js";

const OWN = [["keys", "Keys", (ctx) => keys(ctx, ctx.account)], ["credits", "Credits", credits], ["callbacks", "Callbacks", callbacks]];
const SERVER = [["queue", "Queue and workers", queue], ["switches", "Switches", switches], ["accounts", "Accounts", accounts]];

/**
 * @param {import("./main.js").Context} ctx
 * @param {string} [part]
 * @param {...string} words of its own
 */
export function run(ctx, part, ...words) {
  const groups = ctx.account.key.admin ? [["The server", SERVER], [`Account ${ctx.account.name}`, OWN]] : [[`Account ${ctx.account.name}`, OWN]];
  const all = groups.flatMap(([, parts]) => parts);
  const [name, title, make] = all.find(([one]) => one === part) ?? all[0];
  const inside = make(ctx, ...words);
  const { node, leave } = inside instanceof Node ? { node: inside } : inside;
  return {
    title,
    leave,
    node: h(
      "div",
      { class: "run" },
      h("nav", { class: "parts", "aria-label": "Run it" }, groups.map(([group, parts]) => [h("p", { class: "label" }, group), h("ul", {}, parts.map((one) => link(one, name)))])),
      h("div", { class: "part" }, h("h1", {}, title), node),
    ),
  };
}

function link([name, title], current) {
  return h("li", {}, h("a", { href: `#/run/${name}`, "aria-current": name === current ? "page" : null }, title));
}
