import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { XMLValidator } from 'fast-xml-parser';
import { readConfig } from '../../src/cli/read-config.ts';

const folder = 'docs/deploy';
const index = readFileSync(join(folder, 'README.md'), 'utf8');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');

/** What an admin looks for on the page of a deployment, in this order. */
const headings = ['How it goes', 'What to paste', 'Does it work?', 'If Lamplighter stops', 'Taking it out'];

/** The text below a heading of the second level. */
function section(page: string, heading: string): string {
  const parts = page.split(/^## /m).slice(1);
  return parts.find((part) => part.startsWith(`${heading}\n`))?.slice(heading.length) ?? '';
}

function pieces(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, piece = '']) => piece);
}

/** As `check-config` reads it, with every secret file at hand. What is wrong goes to standard error. */
function isConfiguration(yaml: string): boolean {
  const home = mkdtempSync(join(tmpdir(), 'lamplighter-deploy-'));
  try {
    const local = yaml.replaceAll('/etc/lamplighter', home);
    for (const [, name = ''] of local.matchAll(new RegExp(`File: ${home}/([\\w.-]+)`, 'g'))) {
      writeFileSync(join(home, name), 'sixteen-characters\n');
    }
    const file = join(home, 'lamplighter.yaml');
    writeFileSync(file, local);
    return typeof readConfig(file) !== 'number';
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

for (const name of pages) {
  const page = readFileSync(join(folder, name), 'utf8');

  describe(`docs/deploy/${name}`, () => {
    test('has a drawing, the lines to paste, how to see that it works, what happens without us, and the way back', () => {
      const own = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
      assert.deepEqual(
        own.filter((heading) => headings.includes(heading)),
        headings,
      );
      for (const heading of ['How it goes', 'What to paste']) {
        assert.match(section(page, heading), /^```(?!`)/m, `no block below "${heading}"`);
      }
      for (const heading of headings) assert.ok(section(page, heading).trim().length > 100, `${heading} says nothing`);
    });

    test('shows configurations that check-config takes as they stand', () => {
      const yaml = pieces(page, 'yaml');
      assert.ok(yaml.length > 0, 'no configuration at all');
      for (const piece of yaml) assert.ok(isConfiguration(piece), piece);
    });

    test('shows XML that is well-formed', () => {
      for (const piece of pieces(page, 'xml'))
        assert.equal(XMLValidator.validate(`<page>${piece}</page>`), true, piece);
    });

    test('is named by the overview', () => {
      assert.ok(index.includes(`](${name})`), name);
    });
  });
}

test('a configuration that check-config refuses is noticed here', () => {
  const write = process.stderr.write;
  try {
    process.stderr.write = () => true;
    assert.equal(isConfiguration('sip: { upstraem: sip:127.0.0.1 }\n'), false);
    assert.equal(isConfiguration('sip: { trusted: [10.0.0.0/99] }\n'), false);
  } finally {
    process.stderr.write = write;
  }
});
