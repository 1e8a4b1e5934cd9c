/** Records as the studio names them. */

import { h, number, timecode } from "./dom.js";

/**
 * What a person calls a record: the file's name, or what was asked for.
 * @param {any} record
 * @returns {string}
 */
export function titled(record) {
  const asked = JSON.parse(record.paramJson || "{}");
  if (record.origin === "made") return record.prompt || (asked.taskType?.startsWith("mj_video_extend") ? "Continued" : "From an image");
  return asked.fileName || record.prompt || asked.url?.split("/").pop() || record.taskId;
}

/**
 * What a record is, in a word.
 * @param {any} record
 */
export function kind(record) {
  if (record.origin === "made") return record.parent ? "Extension" : "From an image";
  return record.origin === "adopted" ? "Adopted" : "Clip";
}

/**
 * What a video is, in a line: `832×464 · 24 fps · H.264`.
 * @param {any} facts
 */
export function inShort(facts) {
  return `${facts.width}×${facts.height} · ${number(facts.fps)} fps · ${codec(facts.codec)}`;
}

/** @param {string} name */
export function codec(name) {
  return { h264: "H.264", hevc: "HEVC", vp8: "VP8", vp9: "VP9", av1: "AV1" }[name] ?? name;
}

/**
 * The address of the room where a record is looked at.
 * @param {any} record
 */
export function place(record) {
  const id = encodeURIComponent(record.taskId);
  return record.state === "success" ? `#/clip/${id}/0` : `#/task/${id}`;
}

/**
 * A record's picture, with its length.
 * @param {any} record
 */
export function picture(record) {
  const video = record.videos[0];
  if (!video) {
    const waiting = { waiting: "Waiting", queuing: "Waiting", generating: "Being made" }[record.state] ?? "Failed";
    const share = record.progress?.total ? record.progress.done / record.progress.total : null;
    return h(
      "div",
      { class: "well" },
      h("span", { class: "none" }, record.state === "fail" ? record.errorMessage : waiting),
      record.state !== "fail" && h("progress", share === null ? {} : { value: share }),
    );
  }
  return h(
    "div",
    { class: "well" },
    video.posterUrl ? h("img", { src: video.posterUrl, alt: "", loading: "lazy" }) : h("span", { class: "none" }, "The files have expired."),
    h("span", { class: "over" }, timecode(video.facts.seconds)),
  );
}
