/** Frames and their moments, exact: a rate is a fraction, as the API tells it. */

/**
 * @typedef {object} Grid
 * @property {number} n frames in all
 * @property {number} fps
 * @property {(frame: number) => number} middle of a frame, seconds from the first one's start
 * @property {(seconds: number) => number} at the frame that begins so long after the first
 * @property {(frame: number) => string} until the exact seconds that keep the frames up to this one
 * @property {(frame: number) => number} clamped to what there is
 */

/**
 * Frames come at the clip's rate within each part; where the source's come unevenly, the
 * new parts begin when they really do.
 * @param {{rate: string, nFrames: number}} facts
 * @param {Part[]} [parts]
 * @returns {Grid}
 */
export function grid({ rate, nFrames }, parts = []) {
  const [above, below = 1] = rate.split("/").map(Number);
  const clamped = (frame) => Math.max(0, Math.min(nFrames - 1, frame));
  const runs = parts.filter((part) => part.start !== undefined);
  const begins = runs.map((part) => ({ first: part.first, end: part.first + part.n, at: value(part.start) - value(runs[0].start) }));
  const run = (holds) => begins.findLast(holds) ?? { first: 0, end: nFrames, at: 0 };
  return {
    n: nFrames,
    fps: above / below,
    clamped,
    middle: (frame) => {
      const { first, at } = run((one) => one.first <= frame);
      return at + ((frame - first + 0.5) * below) / above;
    },
    at: (seconds) => {
      const { first, end, at } = run((one) => one.at <= seconds + below / above / 2);
      return clamped(Math.min(end - 1, first + Math.round(((seconds - at) * above) / below)));
    },
    until: (frame) => fraction((frame + 1) * below, above),
  };
}

/** A fraction in its least terms, as a text. */
function fraction(above, below) {
  let [a, b] = [above, below];
  while (b) [a, b] = [b, a % b];
  return below === a ? `${above / a}` : `${above / a}/${below / a}`;
}

/**
 * A number from the fraction or the number that a text holds.
 * @param {string | number} text
 */
export function value(text) {
  const [above, below = 1] = String(text).split("/").map(Number);
  return above / below;
}

/**
 * One run of frames with one maker.
 * @typedef {{first: number, n: number, synthetic: boolean, start?: string, engine?: string, prompt?: string}} Part
 */

/**
 * The parts of a video: what its report says, or all of it where nothing does.
 * @param {any} video
 * @param {any} [report]
 * @returns {Part[]}
 */
export function parts(video, report) {
  const n = video.facts.nFrames;
  const told = report?.parts?.length ? report.parts : null;
  if (told) return told.map((part) => ({ ...part, n: part.n_frames }));
  if (!report) return [{ first: 0, n, synthetic: false }];
  const made = report.steps.reduce((sum, step) => sum + step.n_new, 0);
  const [{ engine }] = report.steps;
  return [
    { first: 0, n: n - made, synthetic: false },
    { first: n - made, n: made, synthetic: true, engine, prompt: report.asked.prompt },
  ];
}

/**
 * The first frames of the new parts that follow something.
 * @param {Part[]} all
 */
export function joins(all) {
  return all.filter((part) => part.synthetic && part.first > 0).map((part) => part.first);
}
