/** The operator's switches: maintenance, and what can be stopped by itself. */

import { ago, agreed, button, field, h, replace } from "./dom.js";
import { filled, refused } from "./lists.js";

const PATH = "api/v1/admin/switches";

/** @param {import("./main.js").Context} ctx */
export function switches(ctx) {
  const node = h("section", { class: "stack" });
  const load = async () => drawn((await ctx.api.get(PATH)).switches);
  filled(node, load);
  return node;

  function drawn(found) {
    const [maintenance, others] = [found.find((one) => one.name === "maintenance"), found.filter((one) => one.name !== "maintenance")];
    return [
      row(maintenance, { isStopping: maintenance.on, begin: "Begin maintenance", end: "End maintenance" }),
      h("h2", {}, "What is taken in"),
      h("ul", { class: "panel list" }, others.map((one) => h("li", {}, row(one, { isStopping: !one.on, begin: "Turn off", end: "Turn on" })))),
    ];
  }

  /** One switch; maintenance stops things while it is on, all others while they are off. */
  function row(one, { isStopping, begin, end }) {
    const all = one.name === "maintenance";
    const [title, more] = all ? ["Maintenance", one.about] : one.about.split("; ").map(capital);
    const told = h("div", {});
    const set = async (stop, message = "") => {
      try {
        await ctx.api.put(`${PATH}/${encodeURIComponent(one.name)}`, { on: all ? stop : !stop, message });
        replace(node, await load());
        node.querySelector(`[data-switch="${CSS.escape(one.name)}"]`)?.focus();
        ctx.announce(`${title}: ${stop === all ? "on" : "off"}.`);
      } catch (error) {
        replace(told, refused(error));
      }
    };
    const stop = async () => {
      const message = h("input", { maxlength: 200, placeholder: "Back at six.", autocomplete: "off" });
      const about = h("div", { class: "stack" }, h("p", {}, all ? "New work of every kind is refused; what runs is finished." : `Refused until it is on again: ${one.about}.`), field("What callers are told", message, "Left blank, a plain sentence says so."));
      if (await agreed(all ? "Begin maintenance?" : `Turn off “${title}”?`, begin, about, "Not now")) await set(true, message.value.trim());
    };
    const press = isStopping ? button(end, () => set(false), { kind: "primary" }) : button(begin, stop, { kind: all ? "danger" : "" });
    press.dataset.switch = one.name;
    press.setAttribute("aria-label", `${press.textContent}: ${title}`);
    return h(
      "div",
      { class: ["switch", all && "panel", all && isStopping && "stopping"] },
      h("div", {},
        h(all ? "h2" : "h3", {}, title, " ", tag(all, isStopping)),
        more && h("p", { class: "muted" }, `${capital(more)}.`),
        isStopping && one.message && h("p", {}, "Callers are told: “", one.message, "”"),
        one.changeTime && h("p", { class: "small muted" }, "Changed ", ago(one.changeTime)),
        told),
      press,
    );
  }
}

function tag(all, isStopping) {
  if (all) return isStopping ? h("span", { class: "tag warn" }, "on") : h("span", { class: "tag" }, "off");
  return isStopping ? h("span", { class: "tag bad" }, "off") : h("span", { class: "tag good" }, "on");
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
