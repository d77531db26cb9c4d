// An official TypeScript client at work.
//
//   node typescript.mjs PACKAGE [--era ERA] COMMAND [ARGUMENT]...     starts a server, as clients do, and talks over stdio
//   node typescript.mjs PACKAGE [--era ERA] http://ADDRESS/mcp        talks to one that listens there
//
// PACKAGE is @modelcontextprotocol/sdk, which is 1.x and knows the handshake alone, or
// @modelcontextprotocol/client, which is 2.x. ERA is 2025-11-25, the handshake; 2026-07-28, without one;
// or auto, whichever the client finds, which is the default here. Prints the version that was agreed on;
// what is wrong goes to standard error, and the exit code is 1.
const [name, ...given] = process.argv.slice(2);
const era = given[0] === '--era' ? given.splice(0, 2)[1] : 'auto';
const [command, ...args] = given;
const [{ Client }, { StdioClientTransport }, { StreamableHTTPClientTransport }] = await Promise.all(
  name === '@modelcontextprotocol/sdk'
    ? ['client/index.js', 'client/stdio.js', 'client/streamableHttp.js'].map((file) => import(`${name}/${file}`))
    : [import(name), import(`${name}/stdio`), import(name)],
);

const MODES = { '2025-11-25': 'legacy', '2026-07-28': { pin: '2026-07-28' }, auto: 'auto' };
const TOOLS = {
  add_numbers: 'Add two numbers together',
  multiply_numbers: 'Multiply two numbers together',
  greet_user: 'Greet a user by name',
};
const CALLS = [
  ['add_numbers', { a: 5, b: 3 }, 8],
  ['multiply_numbers', { a: 4, b: 7 }, 28],
  ['greet_user', { name: 'Alice' }, 'Hello, Alice! Nice to meet you.'],
];
// 2 to the 70th, which a number of JavaScript's is too coarse for, but not the text of one.
const BIG = 2n ** 70n;
const AT_ONCE = 20;
// Clients end a server by force after 2 seconds.
const MOST_MS_TO_END = 1500;

const faults = [];
const expect = (holds, what) => { if (!holds) faults.push(what); };
const shown = (value) => JSON.stringify(value);

// Answers with the version that was agreed on.
async function use() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([variable]) => variable.startsWith('AWS_')));
  const transport = command.startsWith('http:')
    ? new StreamableHTTPClientTransport(new URL(command))
    : new StdioClientTransport({ command, args, env });
  // 1.x tells its transport which version was agreed on, and nobody else.
  let version;
  const set = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (agreed) => { version = agreed; set?.(agreed); };

  // To 1.x the option means nothing.
  const client = new Client({ name: 'interop', version: '1' }, { versionNegotiation: { mode: MODES[era] } });
  await client.connect(transport);
  await check(client);

  const left = performance.now();
  await client.close();
  const took = performance.now() - left;
  // Over HTTP there is nothing of ours to end.
  expect(took < MOST_MS_TO_END || command.startsWith('http:'), `took ${took} ms to end when its client left`);
  return version;
}

async function check(client) {
  const { tools } = await client.listTools();
  for (const [tool, description] of Object.entries(TOOLS)) {
    expect(tools.some((listed) => listed.name === tool && listed.description === description), `${tool} among ${shown(tools)}`);
  }

  const call = (tool, given) => client.callTool({ name: tool, arguments: given });
  for (const [tool, given, result] of CALLS) {
    const answer = await call(tool, given);
    expect(answer.content[0].text === String(result) && answer.structuredContent.result === result && !answer.isError,
      `${tool} ${shown(given)}: ${shown(answer)}`);
  }
  const product = await call('multiply_numbers', { a: String(BIG), b: String(BIG) });
  expect(product.content[0].text === String(BIG * BIG), `${BIG} times itself: ${shown(product)}`);

  const bad = await call('add_numbers', { a: 'five', b: 3 });
  expect(bad.isError && bad.content[0].text.includes('a: expected an integer, got "five"'), `a bad argument: ${shown(bad)}`);

  const unknown = await call('subtract_numbers', {}).catch((error) => error);
  expect(unknown.code === -32602, `an unknown tool: ${unknown.code} ${shown(unknown)}`);

  const sums = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => call('add_numbers', { a: i, b: i })));
  expect(sums.every((answer, i) => answer.structuredContent.result === i + i), `${AT_ONCE} at once: ${shown(sums)}`);
}

const version = await use().catch((error) => faults.push(`${error.code} ${error}`));
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log(version);
