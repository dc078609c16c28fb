import { adapterKinds } from '../../adapters/index.ts';
import { manualPage } from '../../src/cli/manual.ts';
import { program } from '../../src/cli/program.ts';
import { processTerminal } from '../../src/cli/terminal.ts';
import { version } from '../../src/cli/version.ts';
import { exampleYaml, schemaJson } from '../../src/config/sample.ts';
import { openApi } from '../../src/ops/openapi.ts';
import { routes } from '../../src/ops/routes/table.ts';
import { torturePage } from '../sip/message/torture-page.ts';
import { cliPage } from './cli-page.ts';
import { comparedPage } from './compared/page.ts';
import { conformancePage } from './conformance/page.ts';
import { logsPage } from './logs/page.ts';
import { metricsPage } from './metrics/page.ts';
import { reloadPage } from './reload-page.ts';
import { vendorPages } from './vendors/pages.ts';

/** The files of config/ and docs/ that are made from the code. */
export function generated(): Readonly<Record<string, string>> {
  const kinds = Object.fromEntries(Object.entries(adapterKinds).map(([type, { options }]) => [type, options]));
  const { asterisk, freeswitch } = kinds;
  if (asterisk === undefined || freeswitch === undefined) throw new Error('an adapter is missing');
  return {
    'config/lamplighter.example.yaml': exampleYaml(asterisk, freeswitch),
    'config/lamplighter.schema.json': schemaJson(kinds),
    'config/openapi.json': `${JSON.stringify(openApi(routes, version), null, 2)}\n`,
    'config/man/lamplighter.1': manualPage(program(processTerminal()), version),
    'docs/cli.md': cliPage(),
    'docs/compared.md': comparedPage(),
    'docs/conformance.md': conformancePage(),
    'docs/logs.md': logsPage(),
    'docs/metrics.md': metricsPage(),
    'docs/reload.md': reloadPage(),
    'docs/torture-tests.md': torturePage(),
    ...vendorPages(),
  };
}
