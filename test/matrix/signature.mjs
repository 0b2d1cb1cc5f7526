// AWS Signature Version 4, as the receiving side checks it: docs.aws.amazon.com, "Authenticating Requests".
import { createHash, createHmac } from 'node:crypto';

const SECRET = 'secret';
const hash = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

/** @returns what is wrong with a signed request; `undefined` for a good one, or one without a signature */
export function verifySignature({ method, url, headers }, body) {
  const { authorization } = headers;
  if (!authorization?.startsWith('AWS4-HMAC-SHA256')) return undefined;
  const [, scope] = /Credential=[^/]+\/([^,\s]+)/.exec(authorization);
  const [, names] = /SignedHeaders=([^,\s]+)/.exec(authorization);
  const [, signature] = /Signature=([0-9a-f]+)/.exec(authorization);
  if (/baggage|langsmith/.test(names)) return `a header of the agent is signed: ${names}`;

  const { pathname, searchParams } = new URL(url, 'http://endpoint');
  const encode = (text) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = [...searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const signed = names
    .split(';')
    .map((name) => `${name}:${String(headers[name]).trim().replace(/\s+/g, ' ')}\n`);
  const payload = headers['x-amz-content-sha256'];
  if (/^[0-9a-f]{64}$/.test(payload) && payload !== hash(body)) return 'the body is not what was signed';
  const request = [method, pathname, query, signed.join(''), names, payload].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(request)].join('\n');
  const key = scope.split('/').reduce((previous, part) => hmac(previous, part), `AWS4${SECRET}`);
  return hmac(key, text).toString('hex') === signature
    ? undefined
    : `the signature does not match: ${request}`;
}
