import { adapterKinds } from '../../adapters/index.ts';
import { exampleYaml, schemaJson } from '../../src/config/sample.ts';

/** The files of config/ that are made from the code. */
export function generated(): Readonly<Record<string, string>> {
  const kinds = Object.fromEntries(Object.entries(adapterKinds).map(([type, { options }]) => [type, options]));
  const { asterisk } = kinds;
  if (asterisk === undefined) throw new Error('no adapter for Asterisk');
  return {
    'config/lamplighter.example.yaml': exampleYaml(asterisk),
    'config/lamplighter.schema.json': schemaJson(kinds),
  };
}
