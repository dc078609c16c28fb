import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, problemsOf } from './loading.ts';

test('what is usually wrong with YAML is told once a line, in words of the file', () => {
  for (const [yaml, line, words] of [
    ['version: 1\ndomain:pbx.example.com\nsip:\n  auth: pbx\n', 2, /a space behind the colon/],
    ['version: 1\ndomain pbx.example.com\nsip:\n  auth: pbx\n', 2, /a setting is `name: value`/],
    ['version: 1\n domain: pbx.example.com\n', 1, /the next line is indented too far/],
    ['sip:\n  digest: md5: sha\n', 2, /wants quotes/],
    ['sip:\n  auth: pbx\n listen: []\n', 3, /begin in the same column/],
    ['pbx:\n  - name: main\n    type: asterisk\n   ami: {}\n    features: astdb\n', 4, /begin in the same column/],
    ['sip:\n\tauth: pbx\n', 2, /a tab.*: write spaces/],
    ['domain: a.test\ndomain: b.test\n', 2, /keep one of the two/],
    ['features:\n  policy: { allow: ["^1\\d{3}$"] }\n', 2, /single quotes/],
  ] as const) {
    const problems = problemsOf(load(yaml));
    assert.equal(problems.length, new Set(problems.map((one) => one.line)).size, yaml);
    assert.equal(problems[0]?.line, line, yaml);
    assert.match(problems[0]?.message ?? '', words);
  }
});

test('a file or a secret that is not UTF-8 is told so with its line, and not read as other signs', () => {
  const latin = Buffer.from('domain: a.test\n# M\xfcller\n', 'latin1');
  const [problem] = problemsOf(load('', {}, { 'lamplighter.yaml': latin }));
  assert.deepEqual([problem?.line, problem?.message], [2, 'is not UTF-8: save the file as UTF-8']);
  const yaml = 'http: { tokenFile: HERE/token }\n';
  const [secret] = problemsOf(load(yaml, {}, { token: Buffer.from('geheim-f\xfcr-alle', 'latin1') }));
  assert.match(secret?.message ?? '', /token: is not UTF-8/);
});

test('files as editors of Windows write them are read: a mark at the beginning, lines that end in CR LF', () => {
  const yaml = '\ufeffdomain: a.test\r\nhttp: { tokenFile: HERE/token }\r\n';
  const result = load(yaml, {}, { token: '\ufeffa-token-of-some-length\r\n' });
  assert.ok(result.ok);
  assert.equal(result.config.domain, 'a.test');
  assert.equal(result.config.http.token, 'a-token-of-some-length');
});
