// A program written for Twilio, by npm's twilio, with one address changed.
// node stranger.js NODE_MODULES '{"base", "account", "user", "password", "hook"}'; writes what it saw.
const { createRequire } = require("module");
const twilio = createRequire(process.argv[2] + "/x.js")("twilio");
const { base, account, user, password, hook } = JSON.parse(process.argv[3]);
const client = twilio(user, password, { accountSid: account });
client.api.baseUrl = base;

const [to, from] = ["+14155552671", "+15005550006"];
const codeOf = async (promise) => {
  try {
    await promise;
    return null;
  } catch (error) {
    return [error.status, error.code];
  }
};
const until = async (sid, resource, wanted) => {
  for (;;) {
    const found = await client[resource](sid).fetch();
    if (wanted.includes(found.status)) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
};

(async () => {
  const seen = {};
  const sent = await client.messages.create({ to, from, body: "from Node", statusCallback: hook });
  seen.created = [sent.sid, sent.status, sent.body, sent.dateCreated instanceof Date];
  seen.delivered = (await until(sent.sid, "messages", ["delivered"])).sid === sent.sid;
  const texts = [];
  for (let n = 0; n < 4; n += 1) {
    texts.push((await client.messages.create({ to: "+14165550199", from, body: `${n}` })).sid);
  }
  const listed = await client.messages.list({ to: "+14165550199", pageSize: 3 });
  seen.listed = JSON.stringify(listed.map((each) => each.sid)) === JSON.stringify(texts.reverse());
  const page = await client.messages.page({ to: "+14165550199", pageSize: 3 });
  seen.second = (await page.nextPage()).instances.map((each) => each.body);
  const later = { to, from, body: "later", scheduleType: "fixed" };
  const scheduled = await client.messages.create({
    ...later, sendAt: new Date(Date.now() + 3600e3),
  });
  seen.scheduled = scheduled.status;
  seen.canceled = (await client.messages(scheduled.sid).update({ status: "canceled" })).status;
  seen.redacted = (await client.messages(sent.sid).update({ body: "" })).body;
  seen.removed = await client.messages(sent.sid).remove();
  seen.gone = await codeOf(client.messages(sent.sid).fetch());
  seen.invalid = await codeOf(client.messages.create({ to: "12", from, body: "x" }));
  const call = await client.calls.create({
    to, from, twiml: "<Response><Say>Hello from Node</Say></Response>", statusCallback: hook,
    statusCallbackEvent: ["initiated", "completed"],
  });
  seen.call = [call.sid, (await until(call.sid, "calls", ["completed"])).sid === call.sid];
  const other = twilio(user, "wrong", { accountSid: account });
  other.api.baseUrl = base;
  seen.wrong = await codeOf(other.messages.list());
  process.stdout.write(JSON.stringify(seen));
})();
