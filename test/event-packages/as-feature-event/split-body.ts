import assert from 'node:assert/strict';
import type { Body } from '../../../src/event-packages/event-package.ts';
import type { XmlElement } from '../../../src/xml/element.ts';
import { wellFormed } from '../read-xml.ts';

/** The documents of a body, taken apart as a careful phone would: by the quoted boundary, and by each part's length. */
export function documentsOf(body: Body): readonly XmlElement[] {
  if (body.contentType === null) return [];
  if (body.contentType === 'application/x-as-feature-event+xml') return [wellFormed(body.content)];
  const boundary = /^multipart\/mixed;boundary="([A-Za-z0-9]{1,70})"$/.exec(body.contentType)?.[1];
  assert.ok(boundary, body.contentType);
  const documents: XmlElement[] = [];
  let rest = body.content;
  while (!rest.startsWith(`--${boundary}--\r\n`)) {
    const head: RegExpExecArray | null = new RegExp(
      `^--${boundary}\r\nContent-Type: application/x-as-feature-event\\+xml\r\nContent-Length: (\\d+)\r\n\r\n`,
    ).exec(rest);
    assert.ok(head, rest.slice(0, 200));
    const end: number = head[0].length + Number(head[1]);
    documents.push(wellFormed(rest.slice(head[0].length, end)));
    assert.equal(rest.slice(end, end + 2), '\r\n', 'a line break of its own before the delimiter');
    rest = rest.slice(end + 2);
  }
  assert.equal(rest, `--${boundary}--\r\n`);
  return documents;
}
