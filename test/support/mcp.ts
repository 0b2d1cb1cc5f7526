import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installLibraries, placeApplication } from './libraries.ts';

type Form = 'esm' | 'cjs';

/** An SDK of MCP, installed beside an application in each module system. */
export interface MCPSDK {
  readonly label: string;
  /** Maps the modules that the application loads to what it takes from them. */
  readonly modules: Readonly<Record<string, readonly string[]>>;
  readonly packages: readonly string[];
}

const createFirst = (version: string, hasElicitation = true): MCPSDK => ({
  label: `@modelcontextprotocol/sdk ${version}`,
  packages: [`@modelcontextprotocol/sdk@${version}`],
  modules: {
    '@modelcontextprotocol/sdk/client/index.js': ['Client'],
    '@modelcontextprotocol/sdk/client/stdio.js': ['StdioClientTransport'],
    '@modelcontextprotocol/sdk/client/streamableHttp.js': ['StreamableHTTPClientTransport'],
    '@modelcontextprotocol/sdk/client/sse.js': ['SSEClientTransport'],
    '@modelcontextprotocol/sdk/server/index.js': ['Server'],
    '@modelcontextprotocol/sdk/server/stdio.js': ['StdioServerTransport'],
    '@modelcontextprotocol/sdk/server/streamableHttp.js': ['StreamableHTTPServerTransport'],
    '@modelcontextprotocol/sdk/server/sse.js': ['SSEServerTransport'],
    '@modelcontextprotocol/sdk/inMemory.js': ['InMemoryTransport'],
    '@modelcontextprotocol/sdk/shared/protocol.js': ['Protocol'],
    '@modelcontextprotocol/sdk/types.js': [
      'CallToolRequestSchema',
      'CallToolResultSchema',
      'ReadResourceRequestSchema',
      'GetPromptRequestSchema',
      'CreateMessageRequestSchema',
      ...(hasElicitation ? ['ElicitRequestSchema'] : []),
    ],
  },
});

export const NEWEST = createFirst('1.32.2');
/** The first version that has Streamable HTTP, and has no elicitation yet. */
export const OLDER = createFirst('1.10.2', false);
export const SUCCESSOR: MCPSDK = {
  label: '@modelcontextprotocol/client and server 2.4.0',
  packages: ['client@2.4.0', 'server@2.4.0', 'node@2.1.2'].map((one) => `@modelcontextprotocol/${one}`),
  modules: {
    '@modelcontextprotocol/client': [
      'Client',
      'StreamableHTTPClientTransport',
      'InMemoryTransport',
      'Protocol',
    ],
    '@modelcontextprotocol/client/stdio': ['StdioClientTransport'],
    '@modelcontextprotocol/server': ['Server'],
    '@modelcontextprotocol/server/stdio': ['StdioServerTransport'],
    '@modelcontextprotocol/node': ['NodeStreamableHTTPServerTransport as StreamableHTTPServerTransport'],
  },
};

export interface MCPApp {
  readonly directory: string;
  readonly client: string;
  readonly server: string;
}

/** Returns the folder of an SDK; `undefined` if it is not installed. */
export function installSDK({ packages }: MCPSDK): string | undefined {
  return installLibraries(`mcp-${packages.join(' ').replaceAll(/\D+/g, '-')}`, packages);
}

/** Writes an application that uses the SDK. Returns `undefined` if it is not installed. */
export function createMCPApp(sdk: MCPSDK, form: Form): MCPApp | undefined {
  const directory = installSDK(sdk);
  if (directory === undefined) return undefined;
  const app = dirname(placeApplication(directory, form, 'mcp/scenario.mjs'));
  const extension = form === 'esm' ? 'mjs' : 'cjs';
  const write = (name: string, wanted: RegExp, main: string) => {
    const chosen = Object.entries(sdk.modules).filter(([path]) => wanted.test(path));
    writeFileSync(join(app, `${name}.${extension}`), `${loadOf(chosen, form)}\n${main}\n`);
    return join(app, `${name}.${extension}`);
  };
  return {
    directory: app,
    client: write('client', /./, clientMain(form)),
    server: write('server', /server|types/, serverMain(form)),
  };
}

function loadOf(modules: readonly (readonly [string, readonly string[]])[], form: Form): string {
  const lines = modules.map(([path, names]) =>
    form === 'esm'
      ? `import { ${names.join(', ')} } from '${path}';`
      : `const { ${names.join(', ').replaceAll(' as ', ': ')} } = require('${path}');`,
  );
  const names = modules.flatMap(([, taken]) => taken.map((name) => name.split(' as ').at(-1)));
  return [...lines, `const sdk = { ${names.join(', ')} };`].join('\n');
}

const scenarioOf = (form: Form, use: string) =>
  form === 'esm'
    ? `import * as scenario from './scenario.mjs';\n${use}`
    : `import('./scenario.mjs').then(async (scenario) => { ${use} });`;

function clientMain(form: Form): string {
  return scenarioOf(
    form,
    `const [kind, command, ...args] = process.argv.slice(2);
    scenario.runClient({ sdk, kind, server: { command, args, env: JSON.parse(process.env.SERVER_ENV ?? '{}') } });`,
  );
}

function serverMain(form: Form): string {
  return scenarioOf(form, 'scenario.createMCPServer({ sdk }).connect(new StdioServerTransport());');
}
