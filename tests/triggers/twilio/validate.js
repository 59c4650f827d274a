// Reads [{token, url, form, signature}] on stdin, and writes whether npm's twilio takes each.
const { createRequire } = require("module");
const { validateRequest } = createRequire(process.argv[2] + "/x.js")("twilio");

const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const taken = cases.map(({ token, url, form, signature }) =>
  validateRequest(token, signature, url, form),
);
process.stdout.write(JSON.stringify(taken));
