/** Callbacks: what is owed to which URL, what was tried and answered, and once more. */

import { ago, agreed, button, exchange, h, replace, state } from "./dom.js";
import { filled, refused, table } from "./lists.js";
import { shownOnce } from "./secret.js";

const LOOK_AGAIN_MS = 3000;
const STATES = [["", "All"], ["owed", "Owed"], ["delivered", "Delivered"], ["dead", "Given up"]];
const TAGS = { owed: ["warn", "owed"], delivered: ["good", "delivered"], dead: ["bad", "given up"] };

/** @param {import("./main.js").Context} ctx */
export function callbacks(ctx) {
  const { admin } = ctx.account.key;
  const asked = { state: "", of: "own" };
  const list = h("div", {});
  const cards = new Map(); // of the deliveries shown, by id
  let turn = 0; // what was asked before is not shown after
  let timer = 0;
  const load = () => filled(list, fresh);
  const base = () => (asked.of === "own" ? "api/v1/deliveries" : "api/v1/admin/deliveries");
  load();
  return {
    leave: () => { turn += 1; clearTimeout(timer); },
    node: h(
      "section",
      { class: "stack" },
      h("div", { class: "row" },
        admin && choice("Whose", "whose", [["own", "Mine"], ["all", "Everybody's"]], (of) => { asked.of = of; load(); }),
        choice("Which", "state", STATES, (which) => { asked.state = which; load(); })),
      list,
      h("h2", {}, "Signed with"),
      secrets(ctx),
    ),
  };

  async function fresh() {
    clearTimeout(timer);
    const mine = ++turn;
    cards.clear();
    const page = await ctx.api.get(base(), { state: asked.state });
    if (mine !== turn) return [];
    if (!page.items.length) return state("empty", asked.state ? "None is in this state." : "No callback was owed yet.", h("p", {}, "A task that was asked for with a ", h("code", {}, "callBackUrl"), " has its end told there."));
    const all = h("ul", { class: "deliveries" }, page.items.map(card));
    const more = h("div", { class: "more" });
    const offer = (before) => replace(more, before && button("Show more", async () => {
      const next = await ctx.api.get(base(), { state: asked.state, before });
      const added = next.items.map(card);
      all.append(...added);
      offer(next.next);
      added[0]?.querySelector("summary").focus();
    }));
    offer(page.next);
    again(mine);
    return [all, more];
  }

  /** While something is owed it is looked at again; only what changed is drawn anew. */
  function again(mine) {
    if (![...cards.values()].some(({ told }) => told.state === "owed")) return;
    timer = setTimeout(async () => {
      try {
        const page = await ctx.api.get(base());
        if (mine === turn) for (const one of page.items) update(one);
      } catch {
        // what is shown stays; the shell tells of a lost connection
      }
      if (mine === turn) again(mine);
    }, LOOK_AGAIN_MS);
  }

  function update(one) {
    const shown = cards.get(one.deliveryId);
    if (!shown || JSON.stringify(shown.told) === JSON.stringify(one)) return;
    const { node: old } = shown;
    const made = card(one);
    made.querySelector("details").open = old.querySelector("details").open;
    exchange(old, made);
  }

  function card(one) {
    const [kind, word] = TAGS[one.state];
    const told = h("div", {});
    const last = one.attempts.at(-1);
    const redeliver = async () => {
      try {
        update(await ctx.api.post(`${base()}/${encodeURIComponent(one.deliveryId)}/redeliver`));
        clearTimeout(timer);
        again(turn);
        ctx.announce("It is delivered again.");
      } catch (error) {
        replace(told, refused(error));
      }
    };
    const node = h(
      "li",
      { class: "delivery panel" },
      h("div", { class: "row apart" },
        h("div", { class: "to" }, h("span", { class: ["tag", kind] }, word), h("span", { class: "code url" }, one.url)),
        one.state !== "owed" && button("Deliver again", redeliver, { "aria-label": `Deliver again to ${one.url}` })),
      h("p", { class: "small muted" },
        one.account && [`Account ${one.account} · `], "Task ", asked.of === "own" ? h("a", { class: "code", href: `#/task/${encodeURIComponent(one.taskId)}` }, one.taskId.slice(0, 12)) : h("span", { class: "code" }, one.taskId.slice(0, 12)),
        " · ", ago(one.createTime), last && ` · last answer ${answered(last)}`, one.state === "owed" && one.nextTime && [" · next ", soon(one.nextTime)]),
      h("details", {}, h("summary", {}, `${one.attempts.length} ${one.attempts.length === 1 ? "attempt" : "attempts"}`), one.attempts.length ? table("Attempts", ATTEMPTS, [...one.attempts].reverse()) : h("p", { class: "muted" }, "The first is about to be made."), asked.of === "own" && sent(one)),
      told,
    );
    cards.set(one.deliveryId, { node, told: one });
    return node;
  }

  /** The text that was signed and sent, asked for when somebody looks. */
  function sent(one) {
    const text = h("div", {});
    const open = (event) => {
      if (event.target.open && !text.firstChild) filled(text, async () => h("pre", { tabindex: "0", "aria-label": "The body" }, pretty((await ctx.api.get(`api/v1/deliveries/${encodeURIComponent(one.deliveryId)}`)).body)));
    };
    return h("details", { on: { toggle: open } }, h("summary", {}, "What is sent"), text);
  }
}

const ATTEMPTS = [
  { name: "Attempt", cell: (one) => `${one.number}${one.round ? `, round ${one.round + 1}` : ""}` },
  { name: "When", cell: (one) => ago(one.beginTime) },
  { name: "Took", kind: "n", cell: (one) => (one.endTime ? `${((one.endTime - one.beginTime) / 1000).toFixed(2)} s` : "goes on") },
  { name: "Answer", cell: answered },
];

function answered(attempt) {
  if (!attempt.endTime) return "none yet";
  return [attempt.status, attempt.error].filter(Boolean).join(": ");
}

function soon(ms) {
  const at = new Date(ms);
  const seconds = Math.round((ms - Date.now()) / 1000);
  const text = seconds < 1 ? "now" : seconds < 90 ? `in ${seconds} s` : `at ${at.toLocaleTimeString()}`;
  return h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, text);
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function choice(name, group, options, choose) {
  const one = ([value, text], rank) => h("label", {}, h("input", { type: "radio", name: group, value, checked: rank === 0, on: { change: () => choose(value) } }), text);
  return h("div", { class: "choice", role: "radiogroup", "aria-label": name }, options.map(one));
}

/** What the account's callbacks are signed with. */
function secrets(ctx) {
  const path = "api/v1/account/secrets";
  const list = h("div", {});
  const shown = h("div", {});
  const load = () => filled(list, async () => drawn((await ctx.api.get(path)).secrets));
  load();
  return h("div", { class: "stack" }, shown, h("div", { class: "panel" }, list));

  function drawn(found) {
    const standing = found.some((one) => !one.expireTime);
    const said = (one) => h("li", {}, "Made ", ago(one.createTime), one.expireTime ? [", signs until ", new Date(one.expireTime).toLocaleString()] : ", signs on");
    return [
      found.length ? h("ul", { class: "list" }, found.map(said)) : h("p", { class: "muted" }, "No secret: nobody can tell who sent these callbacks."),
      h("div", { class: "row" }, standing ? button("Rotate the secret", rotate) : button("Make a secret", () => make(path), { kind: "primary" })),
    ];
  }

  async function rotate() {
    const about = "A new one signs from now on; the present one signs beside it for 24 hours, so that receivers can change over.";
    if (await agreed("Rotate the secret?", "Rotate", about, "Not now")) await make(`${path}/rotate`);
  }

  async function make(where) {
    try {
      const box = shownOnce("The new secret", (await ctx.api.post(where)).secret, "It is shown this once. Give it to what receives the callbacks.", button("I have it", () => { replace(shown); list.querySelector("button")?.focus(); }, { kind: "quiet" }));
      replace(shown, box);
      box.focus();
      load();
    } catch (error) {
      replace(shown, refused(error));
    }
  }
}
