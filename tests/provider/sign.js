// Reads [{token, url, pairs, body}] on stdin and writes the signature of each, by npm's twilio.
const { getExpectedTwilioSignature, getExpectedBodyHash } = require("twilio");

const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const signed = cases.map(({ token, url, pairs, body }) => {
  if (body !== null) {
    const separator = url.includes("?") ? "&" : "?";
    const hashed = `${url}${separator}bodySHA256=${getExpectedBodyHash(body)}`;
    return { url: hashed, signature: getExpectedTwilioSignature(token, hashed, {}) };
  }
  const parameters = {};
  for (const [name, value] of pairs) {
    parameters[name] = name in parameters ? [].concat(parameters[name], value) : value;
  }
  return { url, signature: getExpectedTwilioSignature(token, url, parameters) };
});
process.stdout.write(JSON.stringify(signed));
