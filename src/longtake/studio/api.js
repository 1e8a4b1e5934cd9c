/** The public API, as any client with a key may use it. */

const BASE = new URL("../", import.meta.url);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/** What the API refused, in its own words. */
export class ApiError extends Error {
  /**
   * @param {number} code of the envelope: 401, 402, 422, 429, 455, ...
   * @param {string} message
   * @param {number} retryAfter seconds; 0: not said
   */
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** Nobody answered, or the answer broke off. */
export class Lost extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

/** Calls under one key. */
export class Api {
  #key;
  #heard;

  /**
   * @param {string} [key] the one thing that needs none is how one is got
   * @param {(news: "refused" | "lost" | "back") => void} [heard] told when the key is no
   * longer accepted, and when the server stops or begins again to answer
   */
  constructor(key = "", heard = () => {}) {
    this.#key = key;
    this.#heard = heard;
  }

  /**
   * @param {string} path from the top, without a slash before it: `api/v1/records`
   * @param {Record<string, any>} [query] null and blank are left out
   * @returns {Promise<any>} the `data` of the envelope
   */
  get(path, query = {}) {
    const url = new URL(path, BASE);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
    }
    return this.#call(url, { method: "GET" });
  }

  /**
   * @param {string} path
   * @param {any} [body] sent as JSON
   * @param {{repeat?: string}} [how] `repeat`: an Idempotency-Key
   */
  post(path, body = {}, { repeat } = {}) {
    return this.#sent("POST", path, body, repeat && { "Idempotency-Key": repeat });
  }

  /**
   * Set what lies at a path, whole.
   * @param {string} path
   * @param {any} body
   */
  put(path, body) {
    return this.#sent("PUT", path, body);
  }

  /**
   * Change a part of what lies at a path.
   * @param {string} path
   * @param {any} body
   */
  patch(path, body) {
    return this.#sent("PATCH", path, body);
  }

  /** @param {string} path */
  remove(path) {
    return this.#call(new URL(path, BASE), { method: "DELETE" });
  }

  /**
   * Send a file: a clip becomes a record, an image an upload.
   * @param {File} file
   * @param {(share: number) => void} [onProgress] 0 to 1
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>} the record, or what the upload answers
   */
  upload(file, onProgress = () => {}, signal = undefined) {
    const image = file.type.startsWith("image/");
    const form = new FormData();
    if (image) form.set("uploadPath", "studio");
    form.set("file", file);
    const request = new XMLHttpRequest(); // fetch tells nothing of how far a body has gone
    request.open("POST", new URL(image ? "api/file-stream-upload" : "api/v1/clips", BASE));
    request.setRequestHeader("Authorization", `Bearer ${this.#key}`);
    return new Promise((done, fail) => {
      request.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 0);
      request.onload = () => {
        try {
          const headers = { get: (name) => request.getResponseHeader(name) };
          done(this.#opened(JSON.parse(request.responseText), headers));
        } catch (error) {
          fail(error instanceof ApiError ? error : this.#lost());
        }
      };
      request.onerror = () => fail(this.#lost());
      request.onabort = () => fail(new DOMException("Stopped.", "AbortError"));
      signal?.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  /**
   * Follow a task until it is over; a stream that breaks off is opened again.
   * @param {string} taskId
   * @param {(name: "progress" | "end" | "lost" | "back", data?: any) => void} onEvent
   * @param {AbortSignal} signal stops it
   * @returns {Promise<void>} resolves once it is over or stopped; rejects with an ApiError
   */
  async events(taskId, onEvent, signal) {
    let last = "";
    let lost = false;
    let wait = FIRST_WAIT_MS;
    while (!signal.aborted) {
      try {
        const answer = await this.#fetched(new URL(`api/v1/records/${encodeURIComponent(taskId)}/events`, BASE), {
          headers: last ? { "Last-Event-ID": last } : {},
          signal,
        });
        if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
          this.#opened(await answer.json(), answer.headers);
        }
        if (lost) onEvent("back");
        lost = false;
        for await (const { name, id, data } of told(answer.body)) {
          wait = FIRST_WAIT_MS;
          last = id;
          onEvent(name, data);
          if (name === "end") return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && ![429, 455, 500].includes(error.code)) throw error;
      }
      if (signal.aborted) return;
      if (!lost) onEvent("lost");
      lost = true;
      await passed(wait, signal);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  #sent(method, path, body, more = {}) {
    const headers = { "Content-Type": "application/json", ...more };
    return this.#call(new URL(path, BASE), { method, body: JSON.stringify(body), headers });
  }

  async #call(url, init) {
    const answer = await this.#fetched(url, init);
    let envelope;
    try {
      envelope = await answer.json();
    } catch {
      throw this.#lost();
    }
    return this.#opened(envelope, answer.headers);
  }

  async #fetched(url, init) {
    const headers = { ...init.headers, ...(this.#key && { Authorization: `Bearer ${this.#key}` }) };
    try {
      const answer = await fetch(url, { ...init, headers, cache: "no-store" });
      this.#heard("back");
      return answer;
    } catch (error) {
      throw init.signal?.aborted ? error : this.#lost();
    }
  }

  #opened(envelope, headers) {
    if (envelope.code === 200) return envelope.data;
    if (envelope.code === 401) {
      this.#heard("refused");
      throw new ApiError(401, "This key is not accepted: unknown, revoked, or its time is over.");
    }
    throw new ApiError(envelope.code, envelope.msg, Number(headers.get("Retry-After") ?? 0));
  }

  #lost() {
    this.#heard("lost");
    return new Lost();
  }
}

/**
 * Whether the server answers at all.
 * @returns {Promise<boolean>}
 */
export async function answers() {
  try {
    return (await fetch(new URL("healthz", BASE), { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** The events of a stream, as the standard splits them. */
async function* told(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).replaceAll("\r\n", "\n").split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const event = { name: "message", id: "", data: "" };
      for (const line of part.split("\n")) {
        const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (field === "event") event.name = value;
        if (field === "id") event.id = value;
        if (field === "data") event.data += value;
      }
      if (event.data) yield { ...event, data: JSON.parse(event.data) };
    }
  }
}

function passed(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
  });
}
