/** A text that is shown once, with a way to take it along. */

import { announce, button, h, replace } from "./dom.js";

/**
 * @param {string} name what it is
 * @param {string} text
 * @param {any} about what to do with it
 * @param {...any} after what can be done then
 */
export function shownOnce(name, text, about, ...after) {
  const shown = h("input", { class: "code", readonly: true, value: text, "aria-label": name, spellcheck: "false", on: { focus: () => shown.select() } });
  const copy = button("Copy", async () => {
    const copied = await taken(shown);
    replace(copy, copied ? "Copied" : "Selected");
    announce(copied ? "Copied." : "Selected: copy it with the keyboard.");
  }, { kind: "primary" });
  return h(
    "section",
    { class: "once panel", tabindex: "-1", "aria-label": name },
    h("h3", {}, name),
    h("p", {}, about),
    h("div", { class: "row take" }, shown, copy),
    after.length > 0 && h("div", { class: "row" }, after),
  );
}

/** Whether the clipboard took it; it is there on a trusted origin only. */
async function taken(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return false;
  }
}
