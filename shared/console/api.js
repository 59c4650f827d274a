// The app's API. The key lives in this tab's session storage, and nowhere else.

const BASE = new URL("../", import.meta.url);
const KEY = "switchboard-function-key";
const LONGEST = 40_000;

export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

export class ApiError extends Error {
  constructor(status, message, errors = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }

  // The problem in words, each field's own problem included.
  get words() {
    return [this.message, ...this.errors.map((each) => `${each.path} ${each.message}`)].join(" · ");
  }
}

// One call: the answer's JSON, or an ApiError that says why there is none (status 0: no answer).
export async function call(method, path, { query = {}, body, once } = {}) {
  const url = new URL(path.replace(/^\/api\//, ""), BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const headers = { "x-functions-key": key.get() ?? "", Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (once) headers["Idempotency-Key"] = once;
  let answer;
  try {
    answer = await fetch(url, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(LONGEST), cache: "no-store", credentials: "same-origin",
    });
  } catch {
    throw new ApiError(0, "The app does not answer.");
  }
  if (answer.status === 401) {
    dispatchEvent(new Event("locked"));
    throw new ApiError(401, "The app does not accept this key.");
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw new ApiError(answer.status, told.detail ?? told.title ?? `The app answered ${answer.status}.`, told.errors);
}

// A key under which a request can be repeated without doing its work twice.
export const newOnce = () => `console-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;

export const pathOf = (kind, id) => `${{ call: "calls", batch: "batches" }[kind] ?? "messages"}/${id}`;
