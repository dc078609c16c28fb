import { adapterKinds } from '../../adapters/index.ts';
import { exampleYaml, schemaJson } from '../../src/config/sample.ts';
import { torturePage } from '../sip/message/torture-page.ts';
import { comparedPage } from './compared/page.ts';
import { conformancePage } from './conformance/page.ts';

/** The files of config/ and docs/ that are made from the code. */
export function generated(): Readonly<Record<string, string>> {
  const kinds = Object.fromEntries(Object.entries(adapterKinds).map(([type, { options }]) => [type, options]));
  const { asterisk, freeswitch } = kinds;
  if (asterisk === undefined || freeswitch === undefined) throw new Error('an adapter is missing');
  return {
    'config/lamplighter.example.yaml': exampleYaml(asterisk, freeswitch),
    'config/lamplighter.schema.json': schemaJson(kinds),
    'docs/compared.md': comparedPage(),
    'docs/conformance.md': conformancePage(),
    'docs/torture-tests.md': torturePage(),
  };
}
