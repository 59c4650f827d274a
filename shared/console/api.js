// The app's API. The key lives in this tab's session storage, and nowhere else.

const BASE = new URL("../", import.meta.url);
// Azure knows nothing of read-only keys: they have routes of their own.
const READ_ONLY_BASE = new URL("data/", import.meta.url);
const KEY = "switchboard-function-key";
const READ_ONLY = "switchboard-read-only";
const TIMEOUT_MS = 40_000;
const MAX_PROBLEMS = 20;

export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => [KEY, READ_ONLY].forEach((name) => sessionStorage.removeItem(name)),
  isReadOnly: () => sessionStorage.getItem(READ_ONLY) !== null,
};

function becomeReadOnly() {
  sessionStorage.setItem(READ_ONLY, "yes");
  dispatchEvent(new Event("readonly"));
}

export class ApiError extends Error {
  constructor(status, message, errors = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }

  // The problem with that of each field.
  get fullMessage() {
    const all = this.errors.map(({ line, path, message }) => `${line ? `line ${line}: ` : ""}${path} ${message}`);
    const more = all.length - MAX_PROBLEMS;
    return [this.message, ...all.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])].join(" · ");
  }
}

// What any error says.
export const messageOf = (error) => error.fullMessage ?? String(error);

// One request: the JSON of the answer, or an ApiError (status 0: no answer).
export async function call(method, path, { query = {}, body, csv, idempotencyKey } = {}) {
  const headers = { "x-functions-key": key.get() ?? "", Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (csv !== undefined) headers["Content-Type"] = "text/csv; charset=utf-8";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const send = async (base) => {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
    }
    try {
      return await fetch(url, {
        method, headers, body: csv ?? (body === undefined ? undefined : JSON.stringify(body)),
        signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store", credentials: "same-origin",
      });
    } catch {
      throw new ApiError(0, "The app does not answer.");
    }
  };
  let response = await send(key.isReadOnly() ? READ_ONLY_BASE : BASE);
  if (response.status === 401 && !key.isReadOnly()) {
    response = await send(READ_ONLY_BASE);
    if (response.ok) becomeReadOnly();
  }
  if (response.status === 401) {
    dispatchEvent(new Event("locked"));
    throw new ApiError(401, "The app does not accept this key.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 403 && /read-only/i.test(answer.title)) {
    becomeReadOnly();
  }
  throw new ApiError(response.status, answer.detail ?? answer.title ?? `The app answered ${response.status}.`, answer.errors);
}

const newKey = () => `console-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;

// Idempotency keys of requests of which it is not known whether the app accepted them.
const unanswered = new Map();

// A POST that is never done twice: without an answer, the same request keeps its idempotency key.
export async function post(path, options = {}) {
  const request = JSON.stringify([path, options]);
  const idempotencyKey = unanswered.get(request) ?? newKey();
  unanswered.set(request, idempotencyKey);
  try {
    const answer = await call("POST", path, { ...options, idempotencyKey });
    unanswered.delete(request);
    return answer;
  } catch (error) {
    if (error.status > 0 && error.status < 500) unanswered.delete(request);
    else error.message += " It is safe to do the same again: it is never done twice.";
    throw error;
  }
}

const COLLECTIONS = new Map([["call", "calls"], ["batch", "batches"], ["alert", "alerts"], ["event", "inbound"]]);

export const collectionOf = (kind) => COLLECTIONS.get(kind) ?? "messages";

export const pathOf = (kind, id) => `${collectionOf(kind)}/${encodeURIComponent(id)}`;
