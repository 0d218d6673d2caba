// The talk of conversation.py, by the official TypeScript client. Tells one JSON object.
// node conversation.mjs http-sse|streamable URL OWNER CALLS, with MOORAGE_NPM set.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.MOORAGE_NPM, 'package.json'));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { SSEClientTransport } = require('@modelcontextprotocol/sdk/client/sse.js');
const { StreamableHTTPClientTransport } = require(
  '@modelcontextprotocol/sdk/client/streamableHttp.js',
);
const { CreateMessageRequestSchema } = require('@modelcontextprotocol/sdk/types.js');

const [transport, url, owner, calls] = process.argv.slice(2);
const Transport = transport === 'http-sse' ? SSEClientTransport : StreamableHTTPClientTransport;

const client = new Client(
  { name: 'moorage-conversation', version: '1.0.0' },
  { capabilities: { sampling: {} } },
);
client.setRequestHandler(CreateMessageRequestSchema, () => ({
  role: 'assistant',
  model: 'none',
  content: { type: 'text', text: `${owner} says hello` },
}));

async function call(name, args = {}, options = {}) {
  return await client.callTool({ name, arguments: args }, undefined, options);
}

await client.connect(new Transport(new URL(url)));
const progress = [];
const simple = await call('test_simple_text');
await call('test_tool_with_progress', {}, { onprogress: (at) => progress.push(at.progress) });
const sampled = await call('test_sampling', { prompt: 'Hello?' });
const failed = await call('test_error_handling');
const tallies = [];
for (let number = 0; number < Number(calls); number += 1) {
  const result = await call('advance', { owner, nonce: String(number) });
  tallies.push(JSON.parse(result.content[0].text));
}
await client.ping();
const told = {
  server: client.getServerVersion().name,
  simple: simple.content[0].text,
  progress,
  sampled: sampled.content[0].text,
  failed: failed.isError === true,
  owners: tallies.map((tally) => tally.owner),
  counts: tallies.map((tally) => tally.count),
};
await client.close();
process.stdout.write(JSON.stringify(told) + '\n', () => process.exit(0));
