/** The workspace of an image: it is looked at, and a video is made of it. */

import { direct } from "./direct.js";
import { h } from "./dom.js";

/**
 * @param {import("./main.js").Context} ctx
 * @param {string} url of an upload
 */
export function image(ctx, url = "") {
  const desk = direct(ctx, { image: url });
  const facts = h("p", { class: "muted" });
  const picture = h("img", {
    src: url, alt: "The image", class: "still",
    on: {
      load: () => { facts.textContent = `${picture.naturalWidth}×${picture.naturalHeight} · its video begins with it and lasts five seconds`; },
      error: () => { facts.textContent = "The image cannot be shown: uploads are kept for three days."; },
    },
  });
  const node = h("div", { class: "bench" }, h("div", { class: "stack" }, h("h1", {}, "Image"), h("div", { class: "well" }, picture), facts), h("div", { class: "stack" }, desk.node));
  return { node, title: "Image", leave: desk.leave };
}
