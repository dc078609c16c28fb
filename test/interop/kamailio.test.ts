import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Home } from '../support/daemon.ts';
import { testFile } from './lab/paths.ts';
import { behindAProxy } from './proxies/behind-a-proxy.ts';
import { proxyMissing } from './proxies/front-proxy.ts';
import { orRequired } from './required.ts';

const skip = orRequired(proxyMissing('kamailio')) ?? false;

behindAProxy('kamailio', skip);

const delivered = '/etc/kamailio/kamailio.cfg';

test('the lines of docs/deploy/kamailio.md go into the kamailio.cfg that Debian delivers', {
  skip: skip || (existsSync(delivered) ? false : `there is no ${delivered}`),
}, () => {
  const page = readFileSync(testFile('..', 'docs', 'deploy', 'kamailio.md'), 'utf8');
  const home = new Home();
  const check = (config: string) => {
    const { status, stderr } = spawnSync('kamailio', ['-c', '-f', home.write('kamailio.cfg', config)], {
      encoding: 'utf8',
    });
    return { status, said: stderr };
  };
  try {
    copyFileSync(testFile('..', 'config', 'kamailio', 'lamplighter.cfg'), home.path('lamplighter.cfg'));
    // passwords in text files and no media relay: what of its modules needs no other package
    const own = readFileSync(delivered, 'utf8')
      .replace(
        '#!KAMAILIO',
        `#!KAMAILIO\n#!define WITH_AUTH\n#!define WITH_NAT\n#!define DBURL "text://${home.folder}"`,
      )
      .replace('"db_mysql.so"', '"db_text.so"');
    const [include, call] = ['include_file "lamplighter.cfg"', 'route(LAMPLIGHTER);'];
    for (const line of [include, call]) assert.ok(page.includes(line), line);
    const pasted = own
      .replace('####### Routing Logic ########', `${include}\n\n####### Routing Logic ########`)
      .replace(/^(\s*route\(REQINIT\);)$/m, `$1\n\t${call}`);
    assert.equal(pasted.length, own.length + include.length + call.length + 4, 'both places are there');
    const { status, said } = check(pasted);
    assert.equal(status, 0, said);
    const wrong = check(pasted.replace(call, `${call} no_such_function();`));
    assert.notEqual(wrong.status, 0, 'it would be noticed');
  } finally {
    home.remove();
  }
});
