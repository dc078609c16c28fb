import { z } from 'zod';
import { asteriskOptions } from './asterisk/options.ts';
import { freeswitchSettings } from './freeswitch/options.ts';
import { type AdapterLoader, adapterLoader, adapterLoaders } from './load.ts';
import { simulatedOptions } from './simulated/options.ts';

export interface AdapterKind {
  readonly load: AdapterLoader;
  /** What the configuration may say beside name and type. */
  readonly options: z.ZodType;
  /** In a worker thread of its own, because its libraries may die of what a PBX says. */
  readonly threaded: boolean;
}

/** The kinds of PBX that come with Lamplighter. */
export const adapterKinds: Readonly<Record<string, AdapterKind>> = {
  asterisk: { load: adapterLoaders.asterisk, options: asteriskOptions, threaded: true },
  freeswitch: { load: adapterLoaders.freeswitch, options: freeswitchSettings, threaded: true },
  simulated: { load: adapterLoaders.simulated, options: simulatedOptions, threaded: false },
};

/** A kind by name, or a module by path (`adapterLoader`). Throws Fault `adapter-unknown`. */
export function adapterKind(type: string): AdapterKind {
  const kind = Object.hasOwn(adapterKinds, type) ? adapterKinds[type] : undefined;
  return kind ?? { load: adapterLoader(type), options: z.looseObject({}), threaded: true };
}

/** The options schema of a kind, for the check of the configuration; null for a kind nobody knows. */
export function adapterOptions(type: string): z.ZodType | null {
  try {
    return adapterKind(type).options;
  } catch {
    return null;
  }
}
