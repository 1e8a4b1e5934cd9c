/** Buttons with a picture instead of a word. */

import { h, replace, svg } from "./dom.js";

const SHAPES = {
  play: "M5 3l9 6-9 6z",
  pause: "M5 3h3v12H5zM10 3h3v12h-3z",
  back: "M12 3v12L5 9zM3 3h1.6v12H3z",
  on: "M6 3v12l7-6zM13.4 3H15v12h-1.6z",
  first: "M9 3v12L3 9zM15.5 3v12l-6-6z",
  join: "M8.2 1.5h1.6v15H8.2zM1 5l5 4-5 4zM17 5l-5 4 5 4z",
  loop: "M4 4h8V1.5L16 5l-4 3.5V6H5.6v3H4zm10 10H6v2.5L2 13l4-3.5V12h6.4V9H14z",
  sound: "M2 6.5h3L9 3v12l-4-3.5H2zM11 6c2 1.5 2 4.5 0 6zM12.5 3.5c4 2.5 4 8.5 0 11l-.7-1.2c3-2 3-6.6 0-8.6z",
  bin: "M7 2h4l.8 1.5H15V5H3V3.5h3.2zM4.2 6.3h9.6l-.7 9.2H4.9zM7 8v5.7h1.2V8zm2.8 0v5.7H11V8z",
  mute: "M2 6.5h3L9 3v12l-4-3.5H2zM11.2 7.3l1.1-1.1 1.7 1.7 1.7-1.7 1.1 1.1L15.1 9l1.7 1.7-1.1 1.1-1.7-1.7-1.7 1.7-1.1-1.1L12.9 9z",
};

/**
 * A button that shows a shape and is called by its label.
 * @param {string} shape
 * @param {string} label
 * @param {() => any} act
 * @param {Record<string, any>} [props]
 */
export function icon(shape, label, act, props = {}) {
  const made = h("button", { type: "button", class: "icon", on: { click: act }, ...props });
  draw(made, shape, label);
  return made;
}

/** Give it another shape and label. */
export function draw(made, shape, label) {
  made.setAttribute("aria-label", label);
  made.title = label;
  replace(made, svg("svg", { viewBox: "0 0 18 18", "aria-hidden": "true" }, svg("path", { d: SHAPES[shape] })));
}

/** Say that it is on, or off. */
export function press(made, on) {
  made.setAttribute("aria-pressed", String(on));
}
