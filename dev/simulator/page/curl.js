// A request as a command to paste. Secrets are not on this page: the shell fills in the token.

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** What the app asked Twilio. */
export function ofRequest(event, account) {
  const parts = ["curl -sS", event.method === "GET" ? "" : `-X ${event.method}`, quoted(location.origin + event.path),
    `-u "${account}:\${TWILIO_AUTH_TOKEN:-local-token}"`, event.form ? `-d ${quoted(event.form)}` : ""];
  return parts.filter(Boolean).join(" ");
}

/** What Twilio asked the app: its signature holds for exactly these parameters. */
export function ofWebhook(event) {
  const form = event.method === "POST"
    ? Object.entries(event.parameters).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`)
    : [];
  return ["curl -sS", quoted(event.url), `-H ${quoted(`X-Twilio-Signature: ${event.signature}`)}`, ...form].join(" \\\n  ");
}

/** What a program asks the app, as the first thing to try. */
export const ofApp = (model, path, fields) =>
  `curl -sS ${model.app}/api/${path} \\\n  -H 'x-functions-key: ${model.key}' \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(fields))}`;
