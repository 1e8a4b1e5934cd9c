/** The way in: a key, where there is none yet. */

import { button, field, h, replace } from "./dom.js";

/**
 * @param {(key: string) => Promise<void>} enter rejects where the key is not accepted
 * @param {string} why this is shown, if there is a reason to tell
 */
export function door(enter, why) {
  const key = h("input", { type: "password", autocomplete: "off", spellcheck: "false", placeholder: "lt_…", required: true });
  const told = h("div", { role: "alert" }, why && h("p", { class: "refusal" }, why));
  const press = button("Open the studio", () => {}, { kind: "primary", type: "submit" });
  const submit = async (event) => {
    event.preventDefault();
    press.disabled = true;
    try {
      await enter(key.value.trim());
    } catch (error) {
      replace(told, h("p", { class: "refusal" }, error.message));
      key.setAttribute("aria-invalid", "true");
      key.focus();
    } finally {
      press.disabled = false;
    }
  };
  const node = h(
    "section",
    { class: "door panel" },
    h("h1", {}, "Make a clip longer"),
    h("p", { class: "muted" }, "The studio speaks for an account. Give one of its keys; it stays in this tab and goes with it."),
    told,
    h("form", { class: "stack", on: { submit } }, field("Key", key), h("div", { class: "row" }, press)),
    h("p", { class: "small muted" }, "On the server's own machine, ", h("code", {}, "longtake keys link"), " prints a link that needs no key; ", h("code", {}, "longtake keys create"), " makes one."),
  );
  return { node, title: "Sign in" };
}
