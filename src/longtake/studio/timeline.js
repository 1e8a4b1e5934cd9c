/** Source, joins and continuations on one line, pictures beneath; a click goes there. */

import { h, replace, timecode } from "./dom.js";

const CELL = 92; // pixels of a picture, about
const MOST = 16;
const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300]; // seconds between marks
const MARKS = 9;

/**
 * @param {any} video as the API tells it
 * @param {import("./frames.js").Part[]} parts
 * @param {import("./player.js").Player} player
 * @returns {{node: HTMLElement, leave: () => void}}
 */
export function timeline(video, parts, player) {
  const { n, fps } = player.grid;
  const share = (frame) => `${(frame / n) * 100}%`;
  const lane = h("div", { class: "lane" }, parts.map((part) => segment(part, n)));
  const film = h("div", { class: "film", "aria-hidden": "true" });
  const marks = parts.filter((part) => part.synthetic && part.first).map((part) => h("i", { class: "seam", style: { left: share(part.first) } }));
  const head = h("i", { class: "head-line" });
  const slider = h(
    "div",
    {
      class: "strip", role: "slider", tabindex: 0, "aria-label": "Where in the clip",
      "aria-valuemin": 0, "aria-valuemax": n - 1, "aria-valuenow": 0, on: { pointerdown: press, pointermove: drag, keydown: key },
    },
    lane, film, marks, head,
  );
  const node = h("div", { class: "timeline" }, slider, h("div", { class: "scale", "aria-hidden": "true" }, scale(n / fps)));

  player.watch((frame) => {
    head.style.left = share(frame + 0.5);
    const part = parts.findLast((one) => one.first <= frame) ?? parts[0];
    slider.setAttribute("aria-valuenow", String(frame));
    slider.setAttribute("aria-valuetext", `frame ${frame}, ${timecode(frame / fps)}, ${part.synthetic ? "new" : "source"}`);
  });

  function press(event) {
    if (event.button) return;
    slider.setPointerCapture(event.pointerId);
    go(event);
  }

  function drag(event) {
    if (slider.hasPointerCapture(event.pointerId)) go(event);
  }

  function go(event) {
    const box = slider.getBoundingClientRect();
    player.seek(Math.floor(((event.clientX - box.left) / box.width) * n));
  }

  function key(event) {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -Math.round(fps), PageUp: Math.round(fps) }[event.key];
    const to = by ? player.frame() + by * (event.shiftKey ? 10 : 1) : { Home: 0, End: n - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    player.seek(to);
  }

  const drawing = draw(film, video, player.grid);
  return { node, leave: drawing.stop };
}

function segment(part, n) {
  const name = part.synthetic ? part.engine : "source";
  return h(
    "div",
    { class: ["part", part.synthetic && "new"], style: { width: `${(part.n / n) * 100}%` }, title: part.prompt || name },
    h("b", {}, name),
    part.prompt && h("span", {}, part.prompt),
  );
}

function scale(seconds) {
  const step = STEPS.find((one) => seconds / one <= MARKS) ?? 600;
  const count = Math.floor(seconds / step);
  return Array.from({ length: count + 1 }, (_, k) => h("span", { style: { left: `${((k * step) / seconds) * 100}%` } }, timecode(k * step, step < 1 ? 1 : 0)));
}

/** Pictures of the clip, drawn one after another by a player that nobody sees. */
function draw(film, video, grid) {
  const shape = video.facts.width / video.facts.height;
  const hidden = h("video", { src: video.url, muted: true, preload: "auto", crossorigin: "anonymous" });
  let stopped = false;
  const width = () => film.clientWidth || 640;
  const cells = [];

  requestAnimationFrame(async () => {
    const count = Math.max(3, Math.min(MOST, Math.round(width() / Math.max(CELL, 54 * shape)), grid.n));
    const size = { width: Math.round(2 * 54 * shape), height: 108 };
    for (let k = 0; k < count; k += 1) cells.push(h("canvas", size));
    replace(film, cells);
    try {
      await once(hidden, "loadeddata");
      for (const [k, cell] of cells.entries()) {
        if (stopped) return;
        hidden.currentTime = grid.middle(Math.floor(((k + 0.5) / count) * grid.n));
        await once(hidden, "seeked");
        cell.getContext("2d").drawImage(hidden, 0, 0, cell.width, cell.height);
      }
    } catch {
      replace(film); // without pictures the line says as much
    } finally {
      stop();
    }
  });

  function stop() {
    stopped = true;
    hidden.removeAttribute("src");
    hidden.load();
  }
  return { stop };
}

function once(element, event) {
  return new Promise((done, fail) => {
    element.addEventListener(event, done, { once: true });
    element.addEventListener("error", fail, { once: true });
    element.addEventListener("emptied", fail, { once: true });
  });
}
