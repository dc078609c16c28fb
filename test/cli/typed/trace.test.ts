import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { eventsIn } from '../../../src/cli/event-reader.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { TraceDesk, TracedMessage, TraceFilter, TraceReader } from '../../../src/model/trace.ts';
import { domain, running, until } from '../../ops/fake-deps.ts';
import { answering, cells, foreign, typed } from './typed.ts';

const folder = mkdtempSync(join(tmpdir(), 'lamplighter-trace-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const message: TracedMessage = {
  id: '1-1',
  at: Date.UTC(2026, 10, 22, 3, 10, 30, 123),
  direction: 'out',
  transport: 'udp',
  local: '192.0.2.10:5070',
  remote: '192.0.2.21:5060',
  callId: 'c1',
  cseq: 2,
  method: 'NOTIFY',
  status: null,
  summary: 'NOTIFY dialog, active',
  retransmission: false,
  missed: 0,
  ext: '1001',
  unserved: null,
  watcher: aorOf('1002', domain),
  subscription: 7,
  text: 'NOTIFY sip:1002@192.0.2.21 SIP/2.0\r\nTo: "A\u001b[2J  \u202eb"\r\n\tfolded\r\n\r\n<dialog-info/>\r\n',
};

/** Remembers these, and what it was asked for. */
class Desk implements TraceDesk {
  readonly asked: unknown[] = [];
  readonly readers = new Set<TraceReader>();
  readonly messages: readonly TracedMessage[];

  constructor(messages: readonly TracedMessage[]) {
    this.messages = messages;
  }

  async list(filter: TraceFilter, limit: number): Promise<readonly TracedMessage[]> {
    this.asked.push({ ...filter, limit });
    return filter.callId === 'none' ? [] : this.messages;
  }

  follow(_filter: TraceFilter, _after: string | null, reader: TraceReader): () => void {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  }

  async *pcap(filter: TraceFilter): AsyncGenerator<Uint8Array> {
    this.asked.push(filter);
    yield Buffer.from([0xd4, 0xc3, 0xb2, 0xa1]);
    yield Buffer.from([0xff, 0x00]);
  }
}

describe('lamplighter trace', () => {
  test('has a line for each message, times to the millisecond', () => {
    const trace = new Desk([
      message,
      { ...message, direction: 'in', retransmission: true, missed: 3, summary: '200 OK' },
      {
        ...message,
        direction: 'in',
        ext: null,
        unserved: '192.0.2.10',
        subscription: null,
        summary: 'SUBSCRIBE to 1001',
      },
    ]);
    return running(
      async ({ url }) => {
        const { code, out, err } = await typed(['trace', '1001', '--limit', '5', '--url', url]);
        assert.deepEqual([code, err], [0, '3 messages passed too fast to be recorded\n']);
        assert.deepEqual(cells(out), [
          ['AT', 'DIR', 'TRANSPORT', 'REMOTE', 'EXT', 'SUB', 'MESSAGE'],
          ['2026-11-22T03:10:30.123Z', 'out', 'udp', '192.0.2.21:5060', '1001', '7', 'NOTIFY dialog, active'],
          ['2026-11-22T03:10:30.123Z', 'in', 'udp', '192.0.2.21:5060', '1001', '7', '200 OK (again)'],
          [
            '2026-11-22T03:10:30.123Z',
            'in',
            'udp',
            '192.0.2.21:5060',
            '-',
            '-',
            'SUBSCRIBE to 1001 (192.0.2.10 is not served)',
          ],
        ]);
        assert.deepEqual(trace.asked.at(-1), { aor: aorOf('1001', domain), limit: 5 });
      },
      { trace },
    );
  });

  test('--text has the whole messages, and nothing that a terminal obeys', () => {
    const trace = new Desk([message]);
    return running(
      async ({ url }) => {
        const { out } = await typed(['trace', '1001', '--text', '--url', url]);
        assert.deepEqual(out.split('\n'), [
          '# 2026-11-22T03:10:30.123Z out udp 192.0.2.21:5060 NOTIFY dialog, active',
          'NOTIFY sip:1002@192.0.2.21 SIP/2.0',
          'To: "A?[2J  ?b"',
          '\tfolded',
          '',
          '<dialog-info/>',
          '',
          '',
        ]);
        const json = await typed(['trace', '1001', '--json', '--url', url]);
        assert.equal((JSON.parse(json.out) as TracedMessage[])[0]?.text, message.text);
      },
      { trace },
    );
  });

  test('asks for one subscription or Call-ID, and says where nothing is remembered', () => {
    const trace = new Desk([message]);
    return running(
      async ({ url }) => {
        const { code, out, err } = await typed(['trace', '--call-id', 'none', '--url', url]);
        assert.deepEqual([code, out], [0, '']);
        assert.match(err, /^no message is remembered/);
        await typed(['trace', '--subscription', '7', '--url', url]);
        assert.deepEqual(trace.asked.at(-1), { subscription: 7, limit: 100 });
        for (const limit of ['0', '99999', 'x']) {
          assert.equal((await typed(['trace', '--limit', limit, '--url', url])).code, 1, limit);
        }
      },
      { trace },
    );
  });

  test('an extension that nobody knows, and a daemon that keeps no messages, are said with 1', async () => {
    const nothing: TraceDesk = Object.assign(new Desk([]), {});
    await running(
      async ({ url }) => {
        for (const words of [
          ['trace', '1999'],
          ['trace', '1999', '--follow'],
          ['trace', '1999', '--pcap', join(folder, 'x')],
        ]) {
          const { code, err } = await typed([...words, '--url', url]);
          assert.equal(code, 1, words.join(' '));
          assert.match(err, /1999/);
        }
        assert.equal(existsSync(join(folder, 'x')), false);
      },
      { trace: nothing },
    );
    await running(async ({ url }) => {
      const { code, err } = await typed(['trace', '1001', '--url', url]);
      assert.equal(code, 1);
      assert.match(err, /trace\.keep/);
    });
  });

  test('--pcap writes the file for its user alone, and says why not', () => {
    const trace = new Desk([]);
    return running(
      async ({ url }) => {
        const file = join(folder, 'calls.pcap');
        const { code, out, err } = await typed(['trace', '1001', '--pcap', file, '--url', url]);
        assert.deepEqual([code, out, err], [0, '', `${file} written\n`]);
        assert.deepEqual([...readFileSync(file)], [0xd4, 0xc3, 0xb2, 0xa1, 0xff, 0x00]);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        const nowhere = await typed(['trace', '1001', '--pcap', join(folder, 'no', 'where.pcap'), '--url', url]);
        assert.equal(nowhere.code, 1);
        assert.match(nowhere.err, /where\.pcap: there is no such folder/);
      },
      { trace },
    );
  });

  test('a capture of everything is for admins: another leaves the file of before as it was', () => {
    const file = join(folder, 'before.pcap');
    chmodSync(folder, 0o700);
    const serve: RequestListener = (request, response) => {
      const refused = { error: { code: 'role-too-small', message: 'this wants the role admin' } };
      answering({ '/api/v1/trace.pcap': refused }, 403)(request, response);
    };
    return foreign(serve, async (url) => {
      const { code, err } = await typed(['trace', '--pcap', file, '--url', url]);
      assert.equal(code, 77);
      assert.match(err, /role admin/);
      assert.equal(existsSync(file), false);
    });
  });
});

describe('lamplighter trace --follow', () => {
  const event = (id: string, summary: string) =>
    `id: ${id}\ndata: ${JSON.stringify({ ...message, at: '2026-11-22T03:10:30.123Z', id, summary })}\n\n`;

  /** Answers each request for the stream with the next of these; then as if its token were wrong. */
  const streams = (texts: readonly string[], seen: (string | undefined)[]): RequestListener => {
    let count = 0;
    return (request, response) => {
      const text = texts[count++];
      seen.push(request.headers['last-event-id']?.toString());
      if (text === undefined) response.writeHead(401).end();
      else response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end(text);
    };
  };

  test('shows them as they pass; goes on behind the last one where the daemon was away', async () => {
    const seen: (string | undefined)[] = [];
    const missed = 'event: missed\ndata: {"count":4}\n\n';
    const texts = [`: hello\n\n${event('1-1', 'first')}`, `${missed}${event('1-2', 'second\u001b[2J')}`];
    await foreign(streams(texts, seen), async (url) => {
      const { code, out, err } = await typed(['trace', '1001', '--follow', '--url', url]);
      assert.equal(code, 77);
      assert.deepEqual(
        cells(out).map((row) => row.at(-1)),
        ['MESSAGE', 'first', 'second?[2J'],
      );
      const starts = out
        .trimEnd()
        .split('\n')
        .map((line) => line.search(/MESSAGE|first|second/));
      assert.equal(new Set(starts).size, 1, 'below each other');
      assert.match(err, /has ended the stream; waiting for it\n4 messages passed too fast/);
    });
    assert.deepEqual(seen, [undefined, '1-1', '1-2']);
  });

  test('with --json has an object a line, with --text the whole messages', async () => {
    for (const [option, right] of [
      ['--json', /^\{"id":"1-1",.*\}\n\{"id":"1-2",.*\}\n(\{\n {2}"error": .*)?$/s],
      ['--text', /^# 2026-11-22T03:10:30\.123Z out udp 192\.0\.2\.21:5060 a\nNOTIFY sip:.*\n# .* b\nNOTIFY/s],
    ] as const) {
      await foreign(streams([event('1-1', 'a') + event('1-2', 'b')], []), async (url) => {
        const { out } = await typed(['trace', '--follow', option, '--url', url]);
        assert.match(out, right);
      });
    }
  });

  test('hears a real daemon, and looks for it where it was when that goes away', async () => {
    const trace = new Desk([]);
    const other = createServer((_request, response) => void response.writeHead(401).end());
    try {
      await running(
        async ({ url, port, server }) => {
          const done = typed(['trace', '1001', '--follow', '--url', url]);
          await until('somebody follows', () => trace.readers.size > 0);
          for (const reader of trace.readers) reader.message(message);
          await server.stop();
          other.listen(port, '127.0.0.1');
          await once(other, 'listening');
          const { code, out, err } = await done;
          assert.equal(code, 77);
          assert.equal(cells(out)[1]?.at(-1), 'NOTIFY dialog, active');
          assert.match(err, /has ended the stream; waiting for it\n.*token/);
        },
        { trace },
      );
    } finally {
      other.closeAllConnections();
      other.close();
    }
  });

  test('a daemon that is not there is told at once; what is no stream is none', async () => {
    assert.equal((await typed(['trace', '--follow', '--url', 'http://127.0.0.1:9'])).code, 69);
    await foreign(answering({ '/api/v1/trace/stream': [] }), async (url) => {
      const { code, err } = await typed(['trace', '--follow', '--url', url]);
      assert.equal(code, 69);
      assert.match(err, /is no stream of events/);
    });
  });
});

test('server-sent events are read however they are cut, with names, ids and several lines', async () => {
  const text =
    'retry: 2000\n: hi\n\nid: 7\nevent: link\ndata: {"a":\ndata: 1}\n\r\ndata:x\r\n\r\nevent: empty\n\ndata: cut off';
  for (const size of [1, 3, 1000]) {
    const pieces = async function* () {
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
    };
    const events = [];
    for await (const event of eventsIn(pieces())) events.push(event);
    assert.deepEqual(events, [
      { event: 'link', data: '{"a":\n1}', id: '7' },
      { event: 'message', data: 'x', id: '7' },
    ]);
  }
});
