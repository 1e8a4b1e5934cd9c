/** For the operator: what waits and runs, who works, and with which engines. */

import { ago, exchange, h, number, state } from "./dom.js";
import { filled, table } from "./lists.js";

const LOOK_AGAIN_MS = 3000;

/** @param {import("./main.js").Context} ctx */
export function queue(ctx) {
  const node = h("section", {});
  let left = false;
  let timer = 0;
  let known = "";
  filled(node, look).then(again);
  return { node, leave: () => { left = true; clearTimeout(timer); } };

  async function look() {
    const [standing, engines] = await Promise.all([ctx.api.get("api/v1/admin/queue"), ctx.api.get("api/v1/engines")]);
    known = JSON.stringify([standing, engines]);
    return h("div", { class: "stack" }, drawn(standing, engines));
  }

  function again() {
    if (!left) timer = setTimeout(refresh, LOOK_AGAIN_MS);
  }

  /** What did not change is not drawn again; what fails leaves what was known. */
  async function refresh() {
    const before = known;
    try {
      const fresh = await look();
      if (left || known === before) return;
      const gone = node.querySelector("details");
      if (gone?.open) fresh.querySelector("details")?.setAttribute("open", "");
      exchange(node.firstElementChild, fresh);
    } catch {
      known = before;
    } finally {
      again();
    }
  }
}

function drawn({ tasks, workers }, { engines }) {
  const sum = (wanted) => tasks.filter((one) => one.state === wanted).reduce((all, one) => all + one.count, 0);
  const here = workers.filter((one) => one.running);
  const gone = workers.filter((one) => !one.running);
  return [
    h("div", { class: "figures" }, counted(sum("waiting"), "waiting"), counted(sum("generating"), "being made"), counted(here.length, here.length === 1 ? "worker" : "workers")),
    here.length === 0 && h("p", { class: "refusal" }, "No worker runs: tasks are taken in and wait."),
    h("div", { class: "panel" }, h("h2", {}, "Tasks"), tasks.length ? table("Tasks", TASKS, tasks) : state("empty", "Nothing waits and nothing runs.")),
    h("div", { class: "panel" }, h("h2", {}, "Workers"), here.length ? table("Workers", WORKERS, here) : state("empty", "There is none."), gone.length > 0 && h("details", { class: "old" }, h("summary", {}, `Stopped (${gone.length})`), table("Stopped workers", WORKERS.slice(0, 3), gone))),
    h("div", { class: "panel" }, h("h2", {}, "Engines"), engines.length ? table("Engines", ENGINES, engines) : state("empty", "No worker has declared one yet.")),
  ];
}

function counted(count, what) {
  return h("p", { class: "figure panel" }, h("b", {}, number(count)), " ", what);
}

const TASKS = [
  { name: "Account", cell: (one) => h("a", { href: `#/run/accounts/${encodeURIComponent(one.accountId)}` }, one.account) },
  { name: "Engine", cell: (one) => one.engine },
  { name: "State", cell: (one) => (one.state === "generating" ? h("span", { class: "tag good" }, "being made") : h("span", { class: "tag" }, "waiting")) },
  { name: "Tasks", kind: "n", cell: (one) => number(one.count) },
  { name: "Oldest", cell: (one) => ago(one.oldestTime) },
];
const WORKERS = [
  { name: "Slot", cell: (one) => [h("code", {}, one.name), " ", !one.running && h("span", { class: "tag" }, "stopped")] },
  { name: "Machine", cell: (one) => `${one.host}, process ${one.pid}` },
  { name: "Engines", cell: (one) => one.engines.join(", ") },
  { name: "Since", cell: (one) => ago(one.startTime) },
];
const ENGINES = [
  { name: "Engine", cell: (one) => [h("b", {}, one.name), " ", one.default && h("span", { class: "tag good" }, "default")] },
  { name: "Version", cell: (one) => one.version },
  { name: "Words", cell: (one) => (one.takesPrompt ? "follows a prompt" : "takes none") },
  { name: "Longest", kind: "n", cell: (one) => `${number(length(one.limits.maxSeconds))} s` },
  { name: "State", cell: (one) => (one.running ? h("span", { class: "tag good" }, "running") : h("span", { class: "tag warn" }, "no worker runs it")) },
];

/** Seconds of an exact text: "20", "7/2". */
function length(exact) {
  const [above, below = 1] = exact.split("/").map(Number);
  return above / below;
}
