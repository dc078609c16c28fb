/** What the page reads of /openapi.json. */
interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly description?: string; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
  readonly 'x-role': string;
  readonly 'x-rpc'?: string;
}

interface Response {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Content;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Schema {
  readonly $ref?: string;
  readonly examples?: readonly unknown[];
  readonly [other: string]: unknown;
}

/** The API for people: one page of HTML made of its OpenAPI document. Needs no script and no network. */
export function apiPage(given: object): string {
  const { info, tags, paths, components } = given as Document;
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map(({ name }) => {
    const own = all.filter(({ operation }) => operation.tags.includes(name));
    return `<section><h2 id="${html(name)}">${html(name)}</h2>${own.map((one) => operationHtml(one, components.responses)).join('')}</section>`;
  });
  const links = tags.map(({ name }) => `<a href="#${html(name)}">${html(name)}</a>`);
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${html(name)}"><summary><code>${html(name)}</code></summary>${json(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(info.title)} API</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/api.css">
</head>
<body>
<header>
<h1>${html(info.title)} API <small>${html(info.version)}</small></h1>
<p>${prose(info.description)}</p>
<p><a href="/openapi.json">openapi.json</a> for programs, <a href="/">the panel</a>.</p>
<nav>${[...links, '<a href="#schemas">Schemas</a>'].join(' ')}</nav>
</header>
<main>
${sections.join('\n')}
<section><h2 id="schemas">Schemas</h2>${schemas.join('')}</section>
</main>
</body>
</html>
`;
}

interface Place {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function operationHtml({ path, method, operation }: Place, shared: Readonly<Record<string, Response>>): string {
  const { operationId, summary, parameters = [], requestBody, responses } = operation;
  const rpc = operation['x-rpc'];
  const parts = [
    `<p>${prose(summary)} Role: <b>${html(operation['x-role'])}</b>${rpc === undefined ? '' : `; JSON-RPC: <code>${html(rpc)}</code>`}.</p>`,
    ...(parameters.length > 0 ? [table(['parameter', 'in', 'meaning'], parameters.map(parameterRow))] : []),
    ...(requestBody === undefined ? [] : [`<h4>Body</h4>${contentHtml(requestBody.content)}`]),
    '<h4>Example</h4>',
    `<pre>${html(curl(path, method, operation))}</pre>`,
    '<h4>Answers</h4>',
    table(
      ['status', 'meaning', 'body'],
      Object.entries(responses).map(([status, { $ref = '', ...own }]) => {
        const { description = '', content } = shared[nameIn($ref)] ?? own;
        return [html(status), prose(description), content === undefined ? '–' : contentHtml(content)];
      }),
    ),
  ];
  return `<details id="${html(operationId)}"><summary><code><b>${html(method)}</b> ${html(path)}</code> ${prose(summary)} <small>${html(operation['x-role'])}</small></summary>${parts.join('')}</details>`;
}

function parameterRow({ name, in: place, required, description = '', schema }: Parameter): readonly string[] {
  const { type, enum: values } = schema;
  const kind = Array.isArray(values) ? `One of ${values.join(', ')}.` : type === 'integer' ? 'A whole number.' : '';
  return [`<code>${html(name)}</code>${required ? '' : '?'}`, html(place), prose(`${description} ${kind}`)];
}

function contentHtml(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema }]) => `<code>${html(type)}</code>${schema === undefined ? '' : schemaHtml(schema)}`)
    .join(' ');
}

function schemaHtml(schema: Schema): string {
  const name = nameIn(schema.$ref ?? '');
  if (name !== '') return ` <a href="#schema-${html(name)}">${html(name)}</a>`;
  return `<details><summary>schema</summary>${json(schema)}</details>`;
}

/** `Extension` of `#/components/schemas/Extension`. */
function nameIn(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

function curl(path: string, method: string, { parameters = [], requestBody }: Operation): string {
  const target = parameters
    .filter(({ in: place }) => place === 'path')
    .reduce((text, { name, example }) => text.replace(`{${name}}`, encodeURIComponent(String(example))), path);
  const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const example = media?.schema?.examples?.[0];
  const body = example === undefined ? '@FILE' : JSON.stringify(example);
  const verb = method === 'GET' ? '' : ` -X ${method}`;
  return `curl -s${verb} -H "Authorization: Bearer $TOKEN" \\\n  http://127.0.0.1:8090${target}${
    type === undefined ? '' : ` \\\n  -H 'Content-Type: ${type}' --data-binary '${body}'`
  }`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], name: string) => row.map((cell) => `<${name}>${cell}</${name}>`).join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('');
  return `<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${body}</tbody></table>`;
}

function json(schema: object): string {
  return `<pre>${html(JSON.stringify(schema, null, 2))}</pre>`;
}

/** Text with `code` in it. */
function prose(text: string): string {
  return html(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
