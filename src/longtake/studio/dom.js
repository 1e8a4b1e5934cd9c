/** The page's elements, made without markup: what users wrote is text and stays text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Of `props`, `on` holds listeners, `style` properties (CSSOM, which the
 * policy allows), `class` one text or a list with gaps; true, false and null set or leave
 * out an attribute; `value`, `checked` and the like are set as they are.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...any} children nodes, texts, numbers, lists of them; null and false are none
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(tag, props = {}, ...children) {
  return dressed(document.createElement(tag), props, children);
}

/**
 * The same for a part of a drawing.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...any} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
  return dressed(document.createElementNS(SVG, tag), props, children);
}

const PROPERTIES = new Set(["value", "checked", "disabled", "muted", "selected", "indeterminate"]);

function dressed(element, props, children) {
  for (const [name, given] of Object.entries(props ?? {})) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(given)) element.addEventListener(event, listener);
    } else if (name === "style") {
      for (const [property, text] of Object.entries(given)) element.style.setProperty(property, text);
    } else if (name === "class") {
      element.setAttribute("class", [given].flat().filter(Boolean).join(" "));
    } else if (PROPERTIES.has(name)) {
      element[name] = given;
    } else if (given !== null && given !== undefined && given !== false) {
      element.setAttribute(name, given === true ? "" : given);
    }
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);
}

/**
 * Put `children` in the place of what `node` holds.
 * @param {Element} node
 * @param {...any} children
 */
export function replace(node, ...children) {
  node.replaceChildren(...nodes(children));
}

/**
 * Put `fresh` in the place of `old`, which tells of the same thing; what has the focus in
 * the one has it in the other.
 * @param {Element} old
 * @param {Element} fresh
 */
export function exchange(old, fresh) {
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (!held) return;
  const alike = [...fresh.querySelectorAll(held.tagName)];
  const same = (one) => one.getAttribute("href") === held.getAttribute("href") && one.getAttribute("aria-label") === held.getAttribute("aria-label");
  (alike.find(same) ?? alike[0] ?? fresh.querySelector("a, button, summary"))?.focus({ preventScroll: true });
}

/**
 * Say `text` to who listens instead of looking.
 * @param {string} text
 */
export function announce(text) {
  const told = document.getElementById("told");
  if (told) told.textContent = told.textContent === text ? `${text}\u00a0` : text;
}

/**
 * A button. `kind`: "primary", "quiet", "danger" or nothing.
 * @param {string} text
 * @param {() => any} press
 * @param {{kind?: string} & Record<string, any>} [props]
 */
export function button(text, press, { kind = "", ...props } = {}) {
  return h("button", { type: "button", class: ["button", kind], on: { click: press }, ...props }, text);
}

/**
 * A labeled field: `control` under `label`, with an optional `hint`.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {any} [hint]
 */
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  const about = hint && h("small", { class: "hint", id: `${control.id}-hint` }, hint);
  if (about) control.setAttribute("aria-describedby", about.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, about);
}
let fields = 0;

/**
 * What is there when there is nothing, or something went wrong.
 * @param {"empty" | "error" | "loading"} kind
 * @param {string} title
 * @param {...any} more
 */
export function state(kind, title, ...more) {
  const role = kind === "error" ? "alert" : null;
  return h("div", { class: ["state", kind], role, "aria-busy": kind === "loading" }, h("p", { class: "title" }, title), more);
}

/**
 * Ask before something that cannot be taken back; resolves to whether it was agreed to.
 * @param {string} question
 * @param {string} doing what the button says
 * @param {string | Node} [about]
 * @param {string} [not] what the other button says
 * @returns {Promise<boolean>}
 */
export function agreed(question, doing, about = "", not = "Keep") {
  return new Promise((done) => {
    const close = (text) => () => dialog.close(text);
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-label": question, on: { close: () => { dialog.remove(); done(dialog.returnValue === "yes"); } } },
      h("h2", {}, question),
      typeof about === "string" ? about && h("p", {}, about) : about,
      h("div", { class: "row end" }, button(not, close("no"), { autofocus: true }), button(doing, close("yes"), { kind: "danger" })),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Seconds as a timecode: `0:04.25`, with as many decimals as told.
 * @param {number} seconds
 * @param {number} [decimals]
 */
export function timecode(seconds, decimals = 2) {
  const scale = 10 ** decimals;
  const units = Math.round(Math.max(0, seconds) * scale);
  const rest = units % (60 * scale);
  const minutes = (units - rest) / (60 * scale);
  return `${minutes}:${(rest / scale).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0")}`;
}

/**
 * Bytes in words: `3.4 MB`.
 * @param {number} bytes
 */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let n = 0;
  while (bytes >= 1000 && n < units.length - 1) {
    bytes /= 1000;
    n += 1;
  }
  return `${n ? bytes.toFixed(1) : bytes} ${units[n]}`;
}

/**
 * A number with its thousands apart.
 * @param {number} value
 */
export function number(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 3 });
}

/**
 * A balance in words; who need not count is told so.
 * @param {number} credits
 */
export function balanced(credits) {
  return credits > UNLIMITED / 2 ? "unlimited" : number(credits);
}
const UNLIMITED = 1e9; // what an account is granted that need not count

/**
 * How long ago, in words, with the exact time on hover.
 * @param {number} ms epoch milliseconds
 */
export function ago(ms) {
  const at = new Date(ms);
  const seconds = Math.max(0, (Date.now() - ms) / 1000);
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  const found = steps.find(([length]) => seconds >= length);
  const text = found ? `${Math.floor(seconds / found[0])} ${found[1]} ago` : "just now";
  return h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, text);
}
