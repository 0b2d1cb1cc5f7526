// One cell of the matrix: a row on a version of Node, in each of its forms.
import { startCollector } from '../../dist/collector.js';
import { buildApp } from './build-app.mjs';
import { checkClient } from './client-checks.mjs';
import { grouped } from './findings.mjs';
import { compareVersions, libraryOf, whyNotOn } from './library.mjs';
import { serverOf } from './servers.mjs';
import { checkService } from './service-checks.mjs';

/**
 * @param node `{major, version, binary}`
 * @param options `stress`: how many contexts at once, `undefined` for the ordinary checks; `isControl`: without the
 *   agent; `isUnpatched`: with TRACE_AGENT_LIBRARIES=none
 * @returns `{version, status, forms}`: `status` is `ok`, `failed` or `absent`; `forms` the same of each form, with
 *   what `failed` and what was `notPossible`, in words
 */
export async function runCell(row, node, options) {
  let library;
  try {
    library = await libraryOf(row);
  } catch (error) {
    return {
      status: 'failed',
      why: `cannot be installed: ${firstLine(error.stderr || error.message)}`,
      forms: {},
    };
  }
  const why = whyNotOn(node, row, library);
  if (why !== undefined) return { version: library.version, status: 'absent', why, forms: {} };
  const server = row.needs === undefined ? {} : await serverOf(row.needs);
  if (server.why !== undefined)
    return { version: library.version, status: 'absent', why: server.why, forms: {} };
  const forms = {};
  const wanted = {
    ...row,
    env: { ...row.env, ...(server.port && { MATRIX_SERVER_PORT: String(server.port) }) },
  };
  for (const form of row.forms) forms[form] = await runForm(wanted, form, library.directory, node, options);
  const statuses = Object.values(forms).map(({ status }) => status);
  return { version: library.version, status: statuses.includes('failed') ? 'failed' : 'ok', forms };
}

async function runForm(row, form, directory, node, { stress, isControl, isUnpatched }) {
  if (form === 'cjs' && row.cjsFrom !== undefined && compareVersions(node.version, row.cjsFrom) < 0) {
    return {
      status: 'absent',
      why: `the package is ESM only, and require loads ESM from Node ${row.cjsFrom}`,
    };
  }
  if (form === 'esm' && row.esmFrom !== undefined && compareVersions(node.version, row.esmFrom) < 0) {
    return { status: 'absent', why: `the agent finds ES modules of this library from Node ${row.esmFrom}` };
  }
  const collector = await startCollector();
  try {
    const findings = await checksOf(row)({
      row,
      ...(await filesOf(row, form, directory)),
      start: {
        node,
        preload: isControl ? 'none' : form === 'cjs' ? 'require' : 'import',
        cwd: form === 'next' ? directory : undefined,
      },
      environment: {
        ...langsmithEnv(collector.url),
        ...(isUnpatched && { TRACE_AGENT_LIBRARIES: 'none' }),
      },
      collector,
      interleaved: stress ?? 30,
      isStress: stress !== undefined,
    });
    const { checks, notPossible } = findings;
    const limit = row.limits?.[form];
    const failed = limit === undefined ? findings.failed : beyond(limit, findings.failed);
    return {
      status: failed.length > 0 ? 'failed' : 'ok',
      limit,
      checks,
      failed: grouped(failed, 'what'),
      notPossible: grouped(notPossible, 'why'),
    };
  } catch (error) {
    return {
      status: 'failed',
      checks: 1,
      failed: [`it does not start: ${firstLine(error.message)}`],
      notPossible: [],
    };
  } finally {
    await collector.close();
  }
}

/** What fails beyond a limit: all but that no trace is sent, and that the agent says so; and a limit that is gone. */
function beyond(limit, failed) {
  const others = failed.filter(
    ({ what }) => /WRONG/.test(what) || !/(^|: )no trace|^\[trace-agent\]/.test(what),
  );
  return others.length < failed.length
    ? others
    : [...others, { check: 'a limit', what: `it is gone: ${limit}` }];
}

function checksOf({ kind }) {
  return kind === 'client' ? checkClient : checkService;
}

async function filesOf(row, form, directory) {
  const { app, companion } = row;
  const file = await buildApp(row, app, form, directory);
  const companionFile = companion && (await buildApp(row, companion, form, directory));
  return { file, companionFile };
}

/** The names of today, and those that the oldest SDKs know. */
function langsmithEnv(url) {
  return {
    LANGSMITH_TRACING: 'true',
    LANGSMITH_ENDPOINT: url,
    LANGSMITH_API_KEY: 'any',
    LANGSMITH_PROJECT: 'matrix',
    LANGCHAIN_TRACING_V2: 'true',
    LANGCHAIN_ENDPOINT: url,
    LANGCHAIN_API_KEY: 'any',
    LANGCHAIN_PROJECT: 'matrix',
  };
}

function firstLine(text) {
  return String(text).trim().split('\n').slice(0, 3).join(' ').slice(0, 400);
}
