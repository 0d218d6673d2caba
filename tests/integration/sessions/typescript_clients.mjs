// Many sessions of the official TypeScript client in one process; the same commands and the same
// words back as python_clients.py. The SDK is found in the folder that MOORAGE_NPM names.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(join(process.env.MOORAGE_NPM, 'package.json'));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require(
  '@modelcontextprotocol/sdk/client/streamableHttp.js',
);
const { LoggingMessageNotificationSchema } = require('@modelcontextprotocol/sdk/types.js');

const CALL_MILLISECONDS = 45_000;
const OPEN_CONCURRENCY = 16;
const FILLER = 'moorage-'.repeat(200);

function tell(event, members = {}) {
  process.stdout.write(JSON.stringify({ event, ...members }) + '\n');
}

// Unique, and of changing length, so that a mixed-up or merged answer shows.
function makeNonce(owner, number) {
  return `${owner}:${number}:${FILLER.slice(0, (number * 37) % 1500)}`;
}

class SessionClient {
  constructor(url, owner) {
    this.owner = owner;
    this.calls = 0;
    this.transport = new StreamableHTTPClientTransport(new URL(url));
    this.client = new Client({ name: 'moorage-session-test', version: '1.0.0' });
    this.client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) =>
      tell('heard', { channel: 'stream', owner, told: params.data.owner }),
    );
  }

  async open() {
    await this.client.connect(this.transport);
  }

  async call() {
    this.calls += 1;
    const nonce = makeNonce(this.owner, this.calls);
    const started = Date.now();
    let answer = null;
    let error = null;
    try {
      answer = await this.advance(nonce);
    } catch (failure) {
      error = `${failure.name}: ${failure.message}`.slice(0, 300);
    }
    return [this.owner, nonce, started, Date.now(), answer, error];
  }

  async advance(nonce) {
    const onprogress = ({ message }) =>
      tell('heard', { channel: 'progress', owner: this.owner, told: message });
    const result = await this.client.callTool(
      { name: 'advance', arguments: { owner: this.owner, nonce } },
      undefined,
      { timeout: CALL_MILLISECONDS, onprogress },
    );
    if (result.isError) throw new Error(result.content[0].text);
    return JSON.parse(result.content[0].text);
  }

  async close() {
    await this.transport.terminateSession();
    await this.client.close();
  }
}

// Runs `work` for every item, at most `concurrency` at the same time.
async function each(items, concurrency, work) {
  const waiting = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

// One call of every session, then the next one of every session: sessions interleave.
function* rounds(clients, calls) {
  const free = new Map(clients.map((client) => [client, Promise.resolve()]));
  for (let round = 0; round < calls; round += 1) {
    for (const client of clients) yield [client, free];
  }
}

async function callInTurn([client, free]) {
  const before = free.get(client);
  const mine = before.then(async () => tell('calls', { records: [await client.call()] }));
  free.set(client, mine);
  await mine;
}

async function main() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      sessions: { type: 'string' },
      prefix: { type: 'string' },
      concurrency: { type: 'string', default: '32' },
    },
  });
  const concurrency = Number(values.concurrency);
  const owners = Array.from({ length: Number(values.sessions) }, (_, n) => values.prefix + n);
  const clients = owners.map((owner) => new SessionClient(values.url, owner));
  await each(clients, OPEN_CONCURRENCY, (client) => client.open());
  tell('opened', { sessions: clients.length });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.do === 'close') break;
    await each(rounds(clients, command.calls), concurrency, callInTurn);
    tell('done');
  }
  await each(clients, OPEN_CONCURRENCY, (client) => client.close());
  tell('closed');
  process.exit(0);
}

await main();
