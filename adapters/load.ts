// Apart from index.ts, where the settings of every kind stand: the thread of a PBX needs none of those.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Fault } from '../src/model/errors.ts';
import type { AdapterFactory } from './adapter.ts';

/** Loads the code of a kind, and with it the libraries it stands on. */
export type AdapterLoader = () => Promise<AdapterFactory>;

export const adapterLoaders = {
  asterisk: async () => (await import('./asterisk/asterisk.ts')).asterisk,
  freeswitch: async () => (await import('./freeswitch/freeswitch.ts')).freeswitch,
  simulated: async () => (await import('./simulated/simulated.ts')).simulated,
} satisfies Readonly<Record<string, AdapterLoader>>;

/**
 * Of a kind by name, or of a module by path: `./x.js` (from the working directory) or absolute. Such a module exports
 * `adapter`, an AdapterFactory, and judges its options itself. Throws Fault `adapter-unknown`.
 */
export function adapterLoader(type: string): AdapterLoader {
  if (Object.hasOwn(adapterLoaders, type)) return adapterLoaders[type as keyof typeof adapterLoaders];
  if (/^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(type)) {
    if (!existsSync(resolve(type))) throw new Fault('adapter-unknown', `there is no adapter module ${resolve(type)}`);
    return () => loadModule(type);
  }
  const known = Object.keys(adapterLoaders).join(', ');
  throw new Fault(
    'adapter-unknown',
    `no adapter is called '${type}'; there are: ${known}, or the path of a module (./x.js)`,
  );
}

async function loadModule(path: string): Promise<AdapterFactory> {
  let module: { readonly adapter?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as typeof module;
  } catch (error) {
    throw new Fault('adapter-unknown', `the adapter ${path} cannot be loaded: ${String(error)}`, error);
  }
  if (typeof module.adapter !== 'function') throw new Fault('adapter-unknown', `${path} exports no function 'adapter'`);
  return module.adapter as AdapterFactory;
}
