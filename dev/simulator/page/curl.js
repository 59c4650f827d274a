// Requests as commands to paste. The account's token is not on this page: the shell fills it in.

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A request of the app to Twilio. */
export function ofRequest(event, account) {
  const parts = ["curl -sS", event.method === "GET" ? "" : `-X ${event.method}`, quoted(location.origin + event.path),
    `-u "${account}:\${TWILIO_AUTH_TOKEN:-local-token}"`, event.form ? `-d ${quoted(event.form)}` : ""];
  return parts.filter(Boolean).join(" ");
}

/** A webhook of Twilio to the app; its signature is for exactly these parameters. */
export function ofWebhook(event) {
  const form = event.method === "POST"
    ? Object.entries(event.parameters).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`)
    : [];
  return ["curl -sS", quoted(event.url), `-H ${quoted(`X-Twilio-Signature: ${event.signature}`)}`, ...form].join(" \\\n  ");
}

/** A request of a program to the app, as the first thing to try. */
export const ofApp = (model, path, fields) =>
  `curl -sS ${model.app}/api/${path} \\\n  -H 'x-functions-key: ${model.key}' \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(fields))}`;
