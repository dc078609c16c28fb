import { reloadable } from '../../src/config/reloadable.ts';

const head = `# Changing the configuration while it runs

\`\`\`sh
lamplighter check-config /etc/lamplighter/lamplighter.yaml   # what is wrong, with lines; changes nothing
lamplighter reload                                           # or: systemctl reload lamplighter, kill -HUP PID
\`\`\`

A reload reads everything again: the file, the files of \`conf.d\` beside it, the environment of the process, and the files of secrets
(\`passwordFile\`, \`tokenFile\`, \`secretFile\`), changed or not. What differs is put in place while all goes on: no subscription, no
connection and no call is lost, and a phone hears of it only where it is told something else than before.

* **All or nothing.** Everything new is made before any of it is used. A wrong configuration changes nothing: it is answered 422 with each
  problem (\`path\`, \`file\`, \`line\`, \`message\`, \`nearest\`), and is one line in the log.
* **What needs a restart is named**, in the answer (\`requiresRestart\`), in a warning of the log, and as \`pendingRestart\` in
  \`GET /api/v1/status\` and \`GET /api/v1/config\` until the daemon is restarted or the file says again what is at work. The rest is applied all
  the same, but where it is right only together with what waits (a group of a new domain): then all of it waits.
* **One after the other.** Of the reloads that are asked for while one is under way a single one is done after it.
* \`POST /api/v1/reload\` (role admin) answers \`{"applied": [...], "requiresRestart": [...], "unchanged": false}\`.
* \`GET /api/v1/config\` (role read) has the configuration at work with every default, secrets as \`[hidden]\`, and where each value came from:
  \`/etc/lamplighter/conf.d/20-site.yaml:3\`, the environment variable, or \`default\`.
* The environment of a process does not change while it runs: variables of a unit file need a restart.

## Which setting does what
`;

const tail = `
## conf.d

Files \`conf.d/*.yaml\` (or \`.yml\`) in the folder of the configuration are read after it, in the order of their names; packages and
scripts can add their part without touching yours. Settings are laid over settings, and the later file counts. **Lists are appended**:
\`pbx\`, \`groups\`, \`phones.profiles\`, \`features.policy.allow\` and all others. With the tag \`!replace\` a list stands in place of what came before:

\`\`\`yaml
# /etc/lamplighter/conf.d/20-site.yaml
sip: { listen: !replace ['udp:0.0.0.0:5060', 'tcp:0.0.0.0:5060'] }
groups:
  - { name: night, extensions: '2\\d\\d' }
\`\`\`

Of \`phones.profiles\` the first that fits a phone counts, so one in the configuration itself comes before those of \`conf.d\`. The environment is
laid over all files. What is wrong is named in its own file, with its own line.

## Versions

The first line, \`version: 1\`, says in which form the file is written; without it the file is of version 1. A newer Lamplighter reads older
files: what has been renamed or moved since is put right in memory, with a line in the log for each step. \`lamplighter migrate-config FILE\`
writes it down, in the file and those of its \`conf.d\`, comments kept, the old ones as \`FILE.bak\`; \`--dry-run\` only says it. A file that is newer than
the program is refused. Variables of the environment have no version: they are those of the program.
`;

/** docs/reload.md */
export function reloadPage(): string {
  const rows = Object.entries(reloadable).map(([path, { change, text, within }]) => {
    const only =
      within === undefined || change === 'restart' ? '' : `; where \`${within}\` comes or goes, after a restart`;
    return `| \`${path}\` | ${change} | ${text}${only} |`;
  });
  return `${[head, '| setting | | |', '| --- | --- | --- |', ...rows].join('\n')}\n${tail}`;
}
