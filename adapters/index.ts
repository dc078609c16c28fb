import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { Fault } from '../src/model/errors.ts';
import type { AdapterFactory } from './adapter.ts';
import { asteriskOptions } from './asterisk/options.ts';
import { freeswitchSettings } from './freeswitch/options.ts';
import { simulatedOptions } from './simulated/options.ts';

export interface AdapterKind {
  /** Loads the code, and with it the libraries it stands on. */
  readonly load: () => Promise<AdapterFactory>;
  /** What the configuration may say beside name and type. */
  readonly options: z.ZodType;
  /** In a worker thread of its own, because its libraries may die of what a PBX says. */
  readonly threaded: boolean;
}

/** The kinds of PBX that come with Lamplighter. */
export const adapterKinds: Readonly<Record<string, AdapterKind>> = {
  asterisk: {
    load: async () => (await import('./asterisk/asterisk.ts')).asterisk,
    options: asteriskOptions,
    threaded: true,
  },
  freeswitch: {
    load: async () => (await import('./freeswitch/freeswitch.ts')).freeswitch,
    options: freeswitchSettings,
    threaded: true,
  },
  simulated: {
    load: async () => (await import('./simulated/simulated.ts')).simulated,
    options: simulatedOptions,
    threaded: false,
  },
};

/**
 * A kind by name, or a module by path: `./x.js` (from the working directory) or absolute. Such a module exports
 * `adapter`, an AdapterFactory, and judges its options itself. Throws Fault `adapter-unknown`.
 */
export function adapterKind(type: string): AdapterKind {
  if (Object.hasOwn(adapterKinds, type)) {
    const kind = adapterKinds[type];
    if (kind !== undefined) return kind;
  }
  if (/^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(type)) {
    if (!existsSync(resolve(type))) throw new Fault('adapter-unknown', `there is no adapter module ${resolve(type)}`);
    return { load: () => loadModule(type), options: z.looseObject({}), threaded: true };
  }
  const known = Object.keys(adapterKinds).join(', ');
  throw new Fault(
    'adapter-unknown',
    `no adapter is called '${type}'; there are: ${known}, or the path of a module (./x.js)`,
  );
}

/** The options schema of a kind, for the check of the configuration; null for a kind nobody knows. */
export function adapterOptions(type: string): z.ZodType | null {
  try {
    return adapterKind(type).options;
  } catch {
    return null;
  }
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
