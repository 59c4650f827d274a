// Drops messages on a queue with npm's @azure/storage-queue, as a program in Node would.
// node drop.mjs NODE_MODULES CONNECTION_STRING QUEUE TEXT…
import { createRequire } from "node:module";

const [modules, connection, name, ...texts] = process.argv.slice(2);
const { QueueServiceClient } = createRequire(`${modules}/`)("@azure/storage-queue");
const queue = QueueServiceClient.fromConnectionString(connection).getQueueClient(name);
for (const text of texts) await queue.sendMessage(text);
