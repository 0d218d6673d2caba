// One session of the official TypeScript client: `node typescript_client.mjs sse|streamable URL`.
// It tells what it saw as one line of JSON. The SDK is found in the folder that MOORAGE_NPM names.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.MOORAGE_NPM, 'package.json'));
const sdk = (path) => require(`@modelcontextprotocol/sdk/${path}.js`);
const { Client } = sdk('client/index');
const { SSEClientTransport } = sdk('client/sse');
const { StreamableHTTPClientTransport } = sdk('client/streamableHttp');
const { ElicitRequestSchema, LoggingMessageNotificationSchema } = sdk('types');

const [transport, url] = process.argv.slice(2);
const Transport = transport === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
const client = new Client(
  { name: 'typescript', version: '1' },
  { capabilities: { elicitation: {} } },
);
const logs = [];

client.setRequestHandler(ElicitRequestSchema, async () => ({
  action: 'accept',
  content: { colour: 'blue' },
}));
client.setNotificationHandler(LoggingMessageNotificationSchema, async ({ params }) => {
  logs.push(params.data);
});

async function call(name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  return result.structuredContent.result;
}

await client.connect(new Transport(new URL(url)));
await call('remember', { word: 'one' });
await call('remember', { word: 'two' });
const counted = await call('count_up', { steps: 3 });
const colour = await call('ask_colour');
const large = (await call('say', { size: 300_000 })).length;
const recalled = await call('recall');
await client.close();
process.stdout.write(JSON.stringify({ counted, colour, large, recalled, logs }) + '\n');
process.exit(0);
