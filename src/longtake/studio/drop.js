/** Bringing in: files are dropped or chosen, sent one by one, and told of. */

import { button, h, replace, size } from "./dom.js";

const TAKEN = "video/*,image/jpeg,image/png,image/webp,.mkv,.mov,.mp4,.webm,.m4v,.avi,.ts";

/**
 * @param {import("./main.js").Context} ctx
 * @param {() => void} brought told after each clip that has come in
 * @returns {{node: HTMLElement, leave: () => void}}
 */
export function drop(ctx, brought) {
  const sending = new AbortController();
  const file = h("input", {
    type: "file", class: "unseen", accept: TAKEN, multiple: true, tabindex: -1, "aria-hidden": "true",
    on: { change: () => { take(file.files); file.value = ""; } },
  });
  const rows = h("ul", { class: "list sent", "aria-label": "Files" });
  const node = h(
    "section",
    { class: "drop", "aria-label": "Bring in" },
    h("div", { class: "row" }, h("p", { class: "ask" }, "Drop a clip or an image"), h("p", { class: "about" }, "A clip is made longer; an image becomes a clip. Both stay on this server."), button("Choose a file", () => file.click(), { kind: "primary" })),
    file,
    rows,
  );
  let depth = 0; // dragging enters and leaves every element on the way

  const drags = {
    dragenter: (event) => { if (holdsFiles(event)) over(1); },
    dragleave: (event) => { if (holdsFiles(event)) over(-1); },
    dragover: (event) => { if (holdsFiles(event)) event.preventDefault(); },
    drop: (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth = 0;
      over(0);
      take(event.dataTransfer.files);
    },
  };
  for (const [name, listener] of Object.entries(drags)) addEventListener(name, listener);

  function over(step) {
    depth += step;
    node.classList.toggle("over", depth > 0);
  }

  async function take(files) {
    const chosen = [...files];
    const sent = chosen.map((one) => row(one));
    for (const [n, one] of sent.entries()) {
      const place = await one.send();
      if (place && chosen.length === 1 && !sending.signal.aborted) ctx.go(place);
      else if (place && n === sent.length - 1) brought();
    }
  }

  /** One file on its way; `send` answers the place of what it has become. */
  function row(one) {
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${one.name}` });
    const told = h("span", { class: "muted" }, size(one.size));
    const line = h("li", {}, h("div", { class: "row apart" }, h("b", {}, one.name), told), bar);
    rows.append(line);

    async function send() {
      try {
        const made = await ctx.api.upload(one, (share) => {
          bar.value = share;
          replace(told, share < 1 ? `${Math.round(share * 100)} % of ${size(one.size)}` : "Looking at it…");
          if (share >= 1) bar.removeAttribute("value");
        }, sending.signal);
        const place = made.taskId ? `#/clip/${made.taskId}/0` : `#/image/${encodeURIComponent(made.fileUrl)}`;
        replace(line, h("div", { class: "row apart" }, h("b", {}, one.name), h("a", { href: place }, made.taskId ? "Open" : "Make a video of it")));
        ctx.announce(`${one.name} is here.`);
        return place;
      } catch (error) {
        if (error.name === "AbortError") return null;
        const away = button("Put away", () => line.remove(), { kind: "quiet", "aria-label": `Put ${one.name} away` });
        const again = button("Send again", async () => { line.remove(); take([one]); }, { kind: "quiet" });
        replace(line, h("div", { class: "row apart" }, h("b", {}, one.name), h("div", { class: "row" }, error.code !== 422 && error.code !== 400 && again, away)), h("p", { class: "refusal", role: "alert" }, error.message));
        return null;
      }
    }
    return { send };
  }

  return {
    node,
    leave: () => {
      sending.abort();
      for (const [name, listener] of Object.entries(drags)) removeEventListener(name, listener);
    },
  };
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}
