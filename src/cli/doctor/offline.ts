import type { AdapterSettings } from '../../../adapters/adapter.ts';
import { examineOnce } from '../../../adapters/examine-once.ts';
import { domainsOf } from '../../config/readings.ts';
import type { Config, PbxConfig } from '../../config/schema.ts';
import { database } from '../../examination/database.ts';
import { examineMs, examinePbx } from '../../examination/examiner.ts';
import { writerHere } from '../../examination/writer.ts';
import { type Finding, runChecks } from '../../model/check.ts';
import { systemClock } from '../../model/clock.ts';
import { inspect } from '../../store/integrity.ts';

const databaseMs = 30_000;

/** What can be looked at without a daemon: its PBXs, with connections of our own, and its database, for reading. */
export async function examineAlone(config: Config): Promise<readonly Finding[]> {
  const { path } = config.store;
  const file = { path, failure: null, writer: writerHere(), inspect: () => inspect(path) };
  const times = { eachMs: databaseMs, deadlineMs: databaseMs };
  const own = runChecks([database], { database: file }, systemClock, times);
  const theirs = config.pbx.map((pbx) => {
    const checks = (deadlineMs: number) => examineOnce(pbx.type, settingsOf(pbx, config), systemClock, deadlineMs);
    return examinePbx(pbx.name, { checks }, examineMs);
  });
  return (await Promise.all([...theirs, own])).flat();
}

function settingsOf(pbx: PbxConfig, config: Config): AdapterSettings {
  const { name, type: _, domain: own, ...options } = pbx;
  const domains = domainsOf(config).filter((one) => own === undefined || one.name === own);
  return { name, domain: own ?? config.domain, domains, options, remembered: [] };
}
