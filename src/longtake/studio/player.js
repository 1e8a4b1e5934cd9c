/** The player: which frame is shown is known, the join is marked and can be looped. */

import { h, replace, timecode } from "./dom.js";
import { grid } from "./frames.js";
import { draw, icon, press } from "./icons.js";

const SPEEDS = [1, 0.5, 0.25, 0.1];
const FAR = 10; // frames, with shift
const EVEN = 0.002; // seconds by which containers round their times

/**
 * @typedef {object} Player
 * @property {HTMLElement} node the picture and what steers it
 * @property {import("./frames.js").Grid} grid
 * @property {(frame: number) => void} seek shows one frame, and stands still there
 * @property {() => number} frame the one on show
 * @property {() => string} until the seconds that keep the frames up to the one on show
 * @property {(listener: (frame: number) => void) => void} watch told of each frame shown
 * @property {() => void} leave
 */

/**
 * @param {any} video as the API tells it
 * @param {import("./frames.js").Part[]} parts
 * @param {number[]} joins first frames of new parts
 * @returns {Player}
 */
export function player(video, parts, joins) {
  const times = grid(video.facts, parts);
  const element = h("video", { src: video.url, playsinline: true, preload: "auto", disablepictureinpicture: true, tabindex: -1 });
  const listeners = [];
  let start = null; // media time of frame 0, learned from the first picture
  let shown = 0;
  let moment = 0; // when that begins, seconds after frame 0
  let wanted = null; // the frame that was last asked for, until it plays on from there
  let join = joins.at(-1) ?? null;
  let loop = null; // [first, last] of the frames that go round

  // ── what is shown ──

  let handle = 0;
  function look(_, meta) {
    const isFirst = start === null;
    start ??= meta.mediaTime;
    moment = meta.mediaTime - start;
    shown = times.at(moment);
    if (!element.paused && !element.seeking) wanted = null;
    if (loop && !element.paused && shown >= loop[1]) jump(loop[0]);
    tell();
    handle = element.requestVideoFrameCallback(look);
    if (isFirst && wanted !== null) jump(wanted);
  }
  handle = element.requestVideoFrameCallback(look);

  function jump(frame) {
    wanted = times.clamped(frame);
    // Until the first picture nobody knows at which time the frames begin.
    if (start !== null && !element.seeking) element.currentTime = start + times.middle(wanted);
  }
  element.addEventListener("seeked", () => {
    if (start === null || wanted === null) return;
    // Whoever drags asks for more than can be shown: the latest wish counts.
    const target = Math.min(start + times.middle(wanted), element.duration);
    if (Math.abs(target - element.currentTime) > 0.25 / times.fps) element.currentTime = target;
  });
  element.addEventListener("ended", () => {
    if (loop) { jump(loop[0]); element.play(); }
  });

  function seek(frame) {
    element.pause();
    jump(frame);
  }

  function step(by) {
    seek((wanted ?? shown) + by);
  }

  function toggle() {
    if (!element.paused) return element.pause();
    if (shown >= times.n - 1 && !loop) jump(0);
    if (loop && (shown < loop[0] || shown >= loop[1])) jump(loop[0]);
    return element.play().catch(() => {}); // it was paused again before it began
  }

  function until() {
    const even = Math.abs(moment - shown / times.fps) < EVEN;
    return even ? times.until(shown) : (moment + EVEN).toFixed(4);
  }

  function setLoop(on) {
    loop = on && join !== null ? around() : null;
    press(looping, Boolean(loop));
    if (loop && element.paused) toggle();
  }

  function around() {
    const half = Math.max(1, Math.round(times.fps / 2));
    return [Math.max(0, join - half), Math.min(times.n - 1, join + half - 1)];
  }

  function toJoin(which) {
    join = which;
    zoom.set(around(), join);
    if (loop) loop = around();
    seek(join);
  }

  // ── what steers it ──

  const side = h("span", { class: "side" });
  const clock = h("output", { class: "clock", "aria-live": "off" });
  const playing = icon("play", "Play (space)", toggle);
  const looping = icon("loop", "Loop the second around the join (l)", () => setLoop(!loop));
  press(looping, false);
  const sound = icon("sound", "Sound off (m)", () => { element.muted = !element.muted; });
  const speed = h(
    "select",
    { "aria-label": "Speed", class: "speed", on: { change: () => { element.playbackRate = Number(speed.value); } } },
    SPEEDS.map((rate) => h("option", { value: rate }, rate === 1 ? "1×" : `${rate}×`)),
  );
  const zoom = ruler((frame) => seek(frame));
  const well = h("div", { class: "well screen", tabindex: 0, role: "group", "aria-label": "The picture; space plays, arrows step by frames", on: { click: () => { well.focus(); toggle(); } } }, element, side);
  const bar = h(
    "div",
    { class: "transport", role: "group", "aria-label": "Playing" },
    h(
      "div",
      { class: "row" },
      icon("first", "First frame (home)", () => seek(0)),
      icon("back", "One frame back (left)", () => step(-1)),
      playing,
      icon("on", "One frame on (right)", () => step(1)),
      joins.length > 0 && icon("join", "To the join (j)", () => toJoin(next())),
      joins.length > 0 && looping,
      speed,
      video.facts.sound && sound,
    ),
    clock,
  );
  const node = h("div", { class: "player", on: { keydown: key } }, well, bar, join !== null && zoom.node);
  if (join !== null) zoom.set(around(), join);

  for (const event of ["play", "pause"]) element.addEventListener(event, () => draw(playing, element.paused ? "play" : "pause", element.paused ? "Play (space)" : "Pause (space)"));
  element.addEventListener("volumechange", () => draw(sound, element.muted ? "mute" : "sound", element.muted ? "Sound on (m)" : "Sound off (m)"));
  element.addEventListener("error", () => replace(well, h("p", { class: "none" }, "This browser cannot play the file. It can be downloaded.")));

  function next() {
    const here = wanted ?? shown;
    return here === join && joins.length > 1 ? (joins.find((one) => one > here) ?? joins[0]) : join;
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typed = event.target;
    if (typed instanceof HTMLInputElement || typed instanceof HTMLSelectElement) return;
    const far = event.shiftKey ? FAR : 1;
    const acts = {
      " ": typed instanceof HTMLButtonElement ? null : toggle,
      k: toggle,
      ArrowLeft: () => step(-far),
      ArrowRight: () => step(far),
      ",": () => step(-1),
      ".": () => step(1),
      Home: () => seek(0),
      End: () => seek(times.n - 1),
      j: joins.length ? () => toJoin(next()) : null,
      l: joins.length ? () => setLoop(!loop) : null,
      m: () => { element.muted = !element.muted; },
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function tell() {
    node.dataset.frame = String(shown);
    const part = parts.findLast((one) => one.first <= shown) ?? parts[0];
    replace(side, part.synthetic ? `new · ${part.engine}` : "source");
    side.classList.toggle("new", part.synthetic);
    side.classList.toggle("at", joins.includes(shown));
    replace(clock, h("b", {}, timecode(shown / times.fps, 2)), h("span", {}, `frame ${shown} of ${times.n}`));
    zoom.show(shown);
    for (const listener of listeners) listener(shown);
  }

  return {
    node,
    grid: times,
    seek,
    frame: () => shown,
    until,
    watch: (listener) => { listeners.push(listener); },
    leave: () => {
      element.cancelVideoFrameCallback(handle);
      element.pause();
      element.removeAttribute("src");
      element.load();
    },
  };
}

/** The second around the join, a cell for each frame: drag it, or step by arrows. */
function ruler(seek) {
  const cells = h("div", { class: "cells", "aria-hidden": "true" });
  const range = h("input", { type: "range", step: 1, "aria-label": "Frames around the join", on: { input: () => seek(Number(range.value)) } });
  const ends = [h("span", {}), h("span", { class: "mark" }, "join"), h("span", {})];
  const node = h("div", { class: "ruler" }, h("div", { class: "track" }, cells, range), h("div", { class: "ends", "aria-hidden": "true" }, ends));
  let span = [0, 0];
  return {
    node,
    set: (to, join) => {
      span = to;
      range.min = String(span[0]);
      range.max = String(span[1]);
      const all = Array.from({ length: span[1] - span[0] + 1 }, (_, k) => h("i", { class: [span[0] + k >= join && "new", span[0] + k === join && "join"] }));
      replace(cells, all);
      replace(ends[0], `frame ${span[0]}`);
      replace(ends[2], `frame ${span[1]}`);
      ends[1].style.left = `${((join - span[0]) / all.length) * 100}%`;
    },
    show: (frame) => {
      cells.querySelector(".here")?.classList.remove("here");
      cells.children[frame - span[0]]?.classList.add("here");
      range.value = String(frame);
      range.setAttribute("aria-valuetext", `frame ${frame}`);
    },
  };
}
